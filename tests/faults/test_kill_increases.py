"""Killed with -9 while an increase request is found, decided or carried out: the next start finishes."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.increases import Increase, IncreaseState
from bot.domain.money import micros
from bot.flows import increases, records
from bot.parts import Bot
from store import increases as stored
from store.outbox import Lane
from tests.faults.bench import POLICY, Bench, bench, deliver_all
from tests.faults.crashes import killed

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

NAME = "  name: Acme\n"
WITH_QUEUE = POLICY.replace(NAME, f"{NAME}  increase_requests: {{approvers: [finance]}}\n")
AGAIN = timedelta(seconds=50)  # past the lease


class Walk:
    """Request after request, each from the button in claude.ai to the confirmed limit."""

    def __init__(self, acme: Bench, folder: Path) -> None:
        self.acme = acme
        self._said = folder / "child.txt"
        acme.usage.administration.spend_limits.kind = "enterprise"
        self.queue = acme.usage.administration.increase_requests
        fresh = acme.replica()  # never used here, so a child finds no connection open
        fresh.db.close()
        self.victim = replace(fresh, db=acme.bot.db)

    def asks(self) -> str:
        member = self.acme.usage.add_user(f"member{len(self.queue.requests)}@example.com")
        self.queue.ask(member, self.acme.clock())
        return member

    def finds(self, bot: Bot) -> None:
        increases.poll(bot, self.acme.clock())

    def decides(self, bot: Bot) -> None:
        """Fin presses; after a crash once more, and is told if the first click counted."""
        now, number = self.acme.clock(), len(self.queue.requests)
        told = increases.approve(bot, number, "U0FIN", micros(700), None, now)
        assert told is None or "is over: Approved by <@U0FIN>" in told

    def carries_out(self, bot: Bot) -> None:
        deliver_all(bot, Lane.INCREASES, at=self.acme.clock())

    def dies(self, act: Callable[[Bot], None], point: int) -> bool:
        self.acme.bot.db.close()
        return killed(self.victim, act, point, self._said)

    def finishes(self, act: Callable[[Bot], None]) -> None:
        """A bot that was just started does it again, once the lease of the dead one is over."""
        self.acme.clock.ahead(AGAIN)
        act(self.acme.bot)

    def now(self) -> Increase:
        with self.acme.bot.db.transaction() as tx:
            found = stored.load(tx, len(self.queue.requests))
        assert found is not None
        return found


@pytest.fixture
def walk(tmp_path: Path, sqlite_template: Path) -> Iterator[Walk]:
    """A bot among doubles that stay up while it dies."""
    path = tmp_path / "budgets.db"
    shutil.copy(sqlite_template, path)
    with bench(tmp_path, f"sqlite:///{path}", WITH_QUEUE) as acme:
        acme.turn()
        walking = Walk(acme, tmp_path)
        yield walking
        acme.close(walking.victim)


@pytest.mark.parametrize("dying", ["finds", "decides", "carries_out"])
def test_a_step_that_is_killed_anywhere_is_finished_once(walk: Walk, dying: str) -> None:
    """Whatever the point of death: one card, one decision, one limit, one mail of Anthropic's."""
    steps = {"finds": walk.finds, "decides": walk.decides, "carries_out": walk.carries_out}
    point, died = 1, True
    while died:
        member = walk.asks()
        for name, act in steps.items():
            if name == dying:
                died = walk.dies(act, point)
                walk.finishes(act)
            else:
                act(walk.acme.bot)
        done = walk.now()
        assert (IncreaseState.APPROVED, True) == (done.state, done.confirmed_at is not None)
        limits = walk.acme.usage.administration.spend_limits.limits
        assert "70000" == limits[("user", member), "monthly"].amount
        point += 1
    assert point > 10, "the fuse lies beside the code"

    walk.acme.deliver()
    asked = len(walk.queue.requests)
    kinds = Counter(row["kind"] for row in records.audit_rows(walk.acme.bot, None, None))
    assert [asked] * 3 == [kinds[f"increase.{kind}"] for kind in ("asked", "approved", "confirmed")]
    assert asked == len(walk.queue.mails)
    cards = [m for m in walk.acme.slack.channel("#ai-approvals").messages() if "asks for" in m.text]
    assert asked == len(cards)
    assert all("✓" in card.text for card in cards)
    assert records.verify(walk.acme.bot).why is None
