"""Acme with every kind of person in its Slack, and requests on every kind of route."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.budgets import BudgetId, Funding
from bot.domain.limits import TemporaryRaise
from bot.domain.money import micros
from bot.domain.overages import Draft, FundedBy, OverageRequest, RequestState, figures_of
from bot.effects import requests as request_effects
from bot.flows import overages, records
from bot.flows.overages import AS_IT_IS, Click, Outcome
from bot.sandbox.slack.accounts import Kind
from store import overages as stored
from store import people, raises, standings
from tests.audit_page import misfits
from tests.faults.bench import SEARCH, Bench

GROWTH, SPARE = BudgetId("growth"), BudgetId("spare")
# Those who must not decide stand on every list: what keeps them out is who they are.
KEPT_OUT = ("U0GUS", "U0ULTRA", "U0SAM", "U0NEIGH", "U0ROBOT", "U0GONE", "U0TOM", "U0TOM2")
POLICY = f"""\
organization:
  name: Acme
  timezone: America/New_York
  channels: {{digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}}
  digest: {{day: mon, at: "09:00"}}
approvers:
  named: {{people: [mia@example.com, U0IVAN, bo@example.com, {", ".join(KEPT_OUT)}]}}
  grouped: {{usergroup: S0TEAM}}
  second: {{people: [sue@example.com, bo@example.com, {", ".join(KEPT_OUT)}]}}
  empty: {{usergroup: S0EMPTY}}
  unknown: {{people: [nobody@example.com, U0GONE]}}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    routes: [{{up_to: 50%, approvers: [named]}}]
unattributed: {{owner: ops@example.com}}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    backup: lee@example.com
    limit: 100
    at_limit: block
    match: [{{workspace: team-search}}]
  - id: growth
    name: Growth
    owner: gil@example.com
    limit: 300
    at_limit: block
    match: [{{workspace: team-growth}}]
  - id: spare
    name: Spare
    owner: mia@example.com
    limit: 200
    match: [{{workspace: team-spare}}]
"""


@dataclass(frozen=True, slots=True)
class Way:
    """Who decides: the lists, whether two people, and the budget that a transfer takes from."""

    lists: tuple[str, ...]
    both: bool = False
    donor: BudgetId | None = None


NAMED = Way(("named",))


class Place:
    """What happens here, and what is remembered."""

    def __init__(self, acme: Bench) -> None:
        self.acme = acme
        self.bot = acme.bot
        self._asked = 0
        for name in ("mia", "ivan", "bo", "sue", "gil", "grace", "none"):
            self.add(name)
        self.add("tom2", email="tom@example.com")
        kinds: dict[str, Kind] = {
            "gus": "guest",
            "ultra": "ultra_guest",
            "sam": "stranger",
            "neigh": "neighbour",
            "robot": "bot",
            "gone": "deactivated",
        }
        for name, kind in kinds.items():
            self.add(name, kind=kind)
        acme.slack.add_usergroup("S0TEAM", "team", ["U0GRACE", *KEPT_OUT])
        acme.slack.add_usergroup("S0EMPTY", "empty", [])
        acme.usage.add_workspace("team-growth")
        acme.usage.add_workspace("team-spare")
        acme.turn()

    def add(self, name: str, email: str | None = None, kind: Kind = "member") -> None:
        address = email or f"{name}@example.com"
        self.acme.slack.add_person(address, name=name.title(), id=user(name), kind=kind)

    def asks(
        self, way: Way = NAMED, who: str = "tom", amount: str = "20", days: int = 7
    ) -> OverageRequest:
        """A request that stands on a route; whoever asks has no other one open."""
        self._asked += 1
        now = self.acme.clock()
        person = self.bot.slack.person(user(who))
        with self.bot.db.transaction() as tx:
            standing = standings.of_budget(tx, self.bot.policy, SEARCH, now)
            assert standing is not None
            people.remember(tx, person.id, person, now)
            draft = Draft(
                budget=SEARCH,
                requester=person.id,
                amount=micros(amount),
                reason="launch week",
                ends_at=now + timedelta(days=days),
                expires_at=now + timedelta(days=1),
                lists=way.lists,
                both=way.both,
                figures=figures_of(standing, self.bot.policy.version),
                funding=FundedBy(Funding.TRANSFER, way.donor) if way.donor else None,
            )
            trigger, remind_at = f"view:{self._asked}", now + timedelta(minutes=15)
            request = stored.add(tx, draft, trigger, remind_at, now)
            assert request is not None
            request_effects.announce(tx, self.bot, request, standing, now)
        return request

    def amends(self, request: OverageRequest, amount: str) -> OverageRequest:
        """The requester changes it: another revision."""
        now = self.acme.clock()
        with self.bot.db.transaction() as tx:
            draft = Draft(
                budget=request.budget,
                requester=request.requester,
                amount=micros(amount),
                reason=request.reason,
                ends_at=request.ends_at,
                expires_at=request.expires_at,
                lists=request.lists,
                both=request.both,
                figures=request.figures,
                funding=request.funding,
            )
            assert stored.amend(tx, request, draft, now + timedelta(minutes=15))
        return self.now(request)

    def decides(
        self,
        who: str,
        request: OverageRequest,
        outcome: RequestState = RequestState.APPROVED,
        click: Click = AS_IT_IS,
    ) -> Outcome:
        reason = "no" if outcome is RequestState.DENIED else None
        return overages.decide(
            self.bot, request.id, user(who), outcome, reason, self.acme.clock(), click
        )

    def forgets(self, request: OverageRequest) -> None:
        """Out of the way: withdrawn if it is open, and its raise over if there is one."""
        self.acme.later(seconds=1)
        now = self.acme.clock()
        overages.withdraw(self.bot, request.id, request.requester, now)
        with self.bot.db.transaction() as tx:
            raises.end_early(tx, request.id, "test", now)

    # What is remembered.

    def now(self, request: OverageRequest) -> OverageRequest:
        with self.bot.db.transaction() as tx:
            found = stored.load(tx, request.id)
        assert found is not None
        return found

    def raised(self, request: OverageRequest) -> TemporaryRaise | None:
        with self.bot.db.transaction() as tx:
            record = raises.load(tx, request.id)
        return record.raised if record else None

    def recorded(self, kind: str) -> list[dict[str, object]]:
        """What the record says of a kind, the oldest first."""
        rows = list(records.audit_rows(self.bot, None, None))
        assert [] == misfits(rows)
        return [{**row["data"], "actor": row["actor"]} for row in rows if row["kind"] == kind]

    def said_to(self, who: str) -> list[str]:
        account = self.acme.slack.person(user(who))
        return [message.text for message in account.dms()]


def user(name: str) -> str:
    """Their id in Slack."""
    return f"U0{name.upper()}"
