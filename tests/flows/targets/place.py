"""A bench whose budgets are held at several targets, each a double of its own over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.app import build
from bot.clients.enforcement import Answer, EnforcementTarget, Order
from bot.clients.enforcement.webhook import WebhookTarget
from bot.config.load import load_policy
from bot.domain.budgets import BudgetId, BudgetTree
from bot.domain.policy import Policy
from bot.domain.targets import LITELLM, WEBHOOK, Enforce
from bot.effects import orders
from bot.flows import drift, enforcement, outages, records
from bot.parts import Bot
from bot.sandbox.gateway import Gateway
from store import limits, outbox, target_states
from store.limits import HeldState
from store.target_states import TargetState
from tests.faults.bench import MONDAY, POLICY, SEARCH, Bench, hurry
from tests.story.town import Town
from tests.story.town import at as on_the_clock

LIMIT = "    limit: 100\n"
ENFORCE = "    enforce: {litellm: {team: team-search}}\n"
TWO = POLICY.replace(LIMIT, LIMIT + ENFORCE)
GROWTH = BudgetId("growth")
FOUR = TWO + (
    "  - {id: growth, owner: lee@example.com, limit: 300, match: [{workspace: team-growth}],"
    " enforce: {litellm: {team: team-growth}}}\n"
)


class Watching(Bench):
    """A bench with the jobs by the clock, and with eyes for what targets have done."""

    def approve_more(self, amount: str = "50", last_day: str | None = None) -> int:
        """Dana asks, and finance approves; the number of the request."""
        day = datetime.fromisoformat(last_day).date() if last_day else None
        request = self.ask(amount, f"view:{self.clock()}", day).id
        self.approve(request)
        return request

    def minutes(self, count: int) -> None:
        """Time goes by, what is due is tried, and the jobs by the clock run."""
        for _ in range(count):
            self.later(minutes=1)
            self.deliver()
            self.jobs()
            self.deliver()

    def jobs(self) -> None:
        now = self.clock()
        enforcement.sweep(self.bot, now)
        enforcement.adopt(self.bot, now)
        drift.look(self.bot, now)
        outages.watch(self.bot, now)

    def held(self, budget: BudgetId = SEARCH) -> HeldState:
        with self.bot.db.transaction() as tx:
            found = limits.load(tx, budget)
        assert found is not None
        return found

    def state(self, target: str, budget: BudgetId = SEARCH) -> TargetState:
        with self.bot.db.transaction() as tx:
            return target_states.load(tx, budget, target)

    def card(self, request: int = 1) -> str:
        """What finance sees of a request."""
        return self.posted(f"request:{request}:dm:fin@example.com")[0].text

    def operators(self, about: str = "") -> list[str]:
        """What the operators were told, by a word in it."""
        return [text for text in self.town.said_in("#ai-budget-ops") if about in text]

    def audited(self, kind: str) -> list[dict[str, object]]:
        rows = list(records.audit_rows(self.bot, None, None))
        return [row["data"] for row in rows if row["kind"] == kind]

    def open_keys(self) -> dict[str, str]:
        return {entry.key: entry.state for entry in self.open()}

    def sent_keys(self) -> list[str]:
        """Keys of the orders that were sent, in the order in which they were written."""
        with self.bot.db.transaction() as tx:
            entries = outbox.written_since(tx, 0)
        return [e.key for e in entries if orders.is_order(e) and e.state == "done"]


class TwoTargets(Watching):
    """The webhook's gateway, and a second one in the place of LiteLLM: both take their time."""

    def __init__(self, town: Town, second: Gateway) -> None:
        self.second = second
        super().__init__(town)

    def replica(self) -> Bot:
        settings = self.town.settings()
        policy = load_policy(settings.budget_bot_config).policy
        bot = build(settings, without_native(policy), self.clock)
        hurry(bot.db.engine)
        target = WebhookTarget(self.second.url, [self.second.secret])
        return replace(bot, policy=policy, targets={**bot.targets, LITELLM: target})


@dataclass
class Meeting:
    """A target whose answers are taken in only when those of another are there as well."""

    target: EnforcementTarget
    meet: Callable[[], object]
    kind: str = WEBHOOK

    def apply(self, order: Order) -> Answer:
        answer = self.target.apply(order)
        self.meet()
        return answer

    def look(self, order: Order) -> Answer | None:
        return self.target.look(order)

    def check(self) -> str:
        return self.target.check()

    def close(self) -> None:
        self.target.close()


def without_native(policy: Policy) -> Policy:
    """The same, for a bot that is given its targets afterwards."""
    budgets = {id_: replace(b, enforce=Enforce()) for id_, b in policy.tree.budgets.items()}
    return replace(policy, tree=BudgetTree(budgets))


@contextmanager
def two_targets(folder: Path, database_url: str, policy: str = TWO) -> Iterator[TwoTargets]:
    """Acme on a Monday at ten, before the first tick."""
    town = Town(folder, database_url, "http", on_the_clock(MONDAY), policy)
    second = Gateway(clock=town.clock)
    with town.slack, town.usage, town.gateway, second:
        place = TwoTargets(town, second)
        try:
            yield place
        finally:
            place.close()
