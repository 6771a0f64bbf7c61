"""Slack says “slow down” to a bot that has much to say: the worst first, and not before it may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.flows import records
from bot.flows.delivery import deliver_next
from store.outbox import Lane
from tests.faults.bench import POLICY, Bench, bench, key_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COUNT = 40
WAIT = 30  # seconds that Slack asks for
NAMES = [f"team{number:02}" for number in range(COUNT)]
MANY = (
    POLICY.split("budgets:\n")[0]
    + "budgets:\n"
    + "".join(
        f"  - {{id: {name}, owner: {name}@example.com, limit: 100, match: [{{workspace: {name}}}]}}\n"
        for name in NAMES
    )
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Forty budgets, each with an owner of its own; nothing was spent yet."""
    with bench(tmp_path, database_url, MANY) as place:
        for name in NAMES:
            place.slack.add_person(f"{name}@example.com", name=name, id=f"U0{name.upper()}")
            place.usage.add_workspace(name)
        place.turn()
        yield place


def spend(acme: Bench, usd: str, names: list[str]) -> None:
    """By each, and a tick that sees it."""
    for name in names:
        acme.usage.spend(acme.clock(), usd, workspace=name)
    acme.later(minutes=5)
    acme.tick()


def deliver(acme: Bench) -> int:
    """As the bot's deliverer does: one after the other, and not on while Slack wants it to wait."""
    count = 0
    while attempt := deliver_next(acme.bot, Lane.SLACK, acme.clock()):
        count += 1
        if attempt.hold:
            break
    return count


def posts(acme: Bench) -> int:
    """How often Slack was asked to post, by the log of its calls."""
    return len(acme.slack.calls("chat.postMessage"))


def test_a_storm_is_weathered_in_order_of_urgency(acme: Bench) -> None:
    """One call finds out that it is to wait; then the exhausted come first, and each message once."""
    spend(acme, "60", NAMES)
    acme.slack.faults.add("chat.postMessage", "ratelimited", times=None, retry_after=WAIT)
    deliver(acme)
    (tried, *_), untried = NAMES, NAMES[-3:]
    spend(acme, "45", [tried, *untried])  # five minutes later
    deliver(acme)
    assert 2 == posts(acme)  # once each, and no other was tried while it was to wait

    acme.slack.faults.clear()
    acme.later(seconds=WAIT)
    while deliver(acme):
        acme.later(seconds=1)

    told = [m for name in NAMES for m in acme.town.person(name).dms()]
    told.sort(key=lambda message: float(message.ts))
    assert 4 == sum(m.text.startswith("exhausted") for m in told[:5])
    for name in untried:
        assert [True] == [text.startswith("exhausted") for text in acme.town.said_to(name)]
    assert ["look", "exha"] == [text[:4] for text in acme.town.said_to(tried)]
    keys = [key_of(message) for message in told]
    assert len(keys) == len(set(keys))
    for name in NAMES:
        assert acme.town.said_to(name)
    assert [] == [entry.key for entry in records.undelivered(acme.bot)]
