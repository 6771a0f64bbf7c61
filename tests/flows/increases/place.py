"""A Claude Enterprise organization whose members ask for higher limits, and those who decide."""

from datetime import timedelta

from bot.domain.increases import Increase
from bot.domain.money import micros
from bot.flows import increases, records
from bot.sandbox.slack.accounts import Kind
from bot.sandbox.slack.messages import Message
from store import increases as stored
from store.outbox import Lane, OutboxEntry
from tests.audit_page import misfits
from tests.faults.bench import Bench

# Those who must not decide stand on the list: what keeps them out is who they are.
KEPT_OUT = ("U0GUS", "U0ULTRA", "U0SAM", "U0NEIGH", "U0ROBOT", "U0GONE")
POLICY = f"""\
organization:
  name: Acme
  timezone: America/New_York
  channels: {{digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}}
  digest: {{day: mon, at: "09:00"}}
  increase_requests: {{approvers: [finance, leads]}}
approvers:
  finance: {{people: [fin@example.com, kim@example.com, {", ".join(KEPT_OUT)}]}}
  leads: {{usergroup: S0LEADS}}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    routes: [{{up_to: 50%, approvers: [finance]}}]
unattributed: {{owner: ops@example.com}}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    limit: 100
    match: [{{workspace: team-search}}]
  - id: growth
    name: Growth
    owner: lee@example.com
    limit: 300
    match: [{{actor: tom@example.com}}]
"""


class Place(Bench):
    """Tom and Kim are members; the queue is read and decided only when a test does it."""

    def begin(self) -> None:
        limits = self.usage.administration.spend_limits
        limits.kind = "enterprise"
        self.queue = self.usage.administration.increase_requests
        self.members = {
            name: self.usage.add_user(f"{name}@example.com") for name in ("tom", "kim", "gus")
        }
        kinds: dict[str, Kind] = {
            "gus": "guest",
            "ultra": "ultra_guest",
            "sam": "stranger",
            "neigh": "neighbour",
            "robot": "bot",
            "gone": "deactivated",
        }
        for name, kind in kinds.items():
            self.slack.add_person(
                f"{name}@example.com", name=name.title(), id=f"U0{name.upper()}", kind=kind
            )
        self.turn()

    def asks(self, who: str = "tom", spent: str = "431.205", period: str = "monthly") -> str:
        """A member presses the button in claude.ai; Anthropic's id of it."""
        limits = self.usage.administration.spend_limits
        limits.spent[self.members[who]] = str(float(spent) * 100)
        return self.queue.ask(self.members[who], self.clock(), period)

    def polls(self) -> int:
        """The queue is read, and what follows is delivered."""
        found = increases.poll(self.bot, self.clock())
        self.deliver()
        return found

    def found(self, who: str = "tom") -> Increase:
        """A request that is asked for and shown."""
        self.asks(who)
        assert 1 == self.polls()
        return self.now()

    def approves(self, who: str = "fin", limit: str = "700", number: int = 1) -> str | None:
        """None: it was decided by that."""
        now = self.clock()
        return increases.approve(
            self.bot, number, f"U0{who.upper()}", micros(limit), "carry on", now
        )

    def denies(self, who: str = "fin", number: int = 1) -> str | None:
        return increases.deny(self.bot, number, f"U0{who.upper()}", "use Haiku", self.clock())

    def delivers(self, **later: float) -> None:
        """What is due, some time later."""
        if later:
            self.clock.ahead(timedelta(**later))
        self.deliver()

    # What is remembered and said.

    def unsent(self) -> list[OutboxEntry]:
        """What Anthropic has not taken."""
        return [entry for entry in self.open() if entry.lane is Lane.INCREASES]

    def now(self, number: int = 1) -> Increase:
        with self.bot.db.transaction() as tx:
            increase = stored.load(tx, number)
        assert increase is not None
        return increase

    def cards(self, number: int = 1) -> list[Message]:
        """Every copy of the card."""
        return [m for m in self.messages() if f"Increase request #{number}" in m.text and m.blocks]

    def card(self, number: int = 1) -> str:
        """What every copy says; they say the same."""
        copies = [m for m in self.cards(number) if m.blocks[0]["type"] == "header"]
        (text,) = {m.text for m in copies}
        return text

    def operators(self) -> list[str]:
        return [m.text for m in self.slack.channel("#ai-budget-ops").messages()]

    def dms(self, who: str) -> list[str]:
        return [m.text for m in self.slack.person(f"U0{who.upper()}").dms()]

    def recorded(self) -> list[str]:
        """The kinds of the record that are about increase requests."""
        rows = list(records.audit_rows(self.bot, None, None))
        assert [] == misfits(rows)
        return [row["kind"] for row in rows if row["kind"].startswith("increase.")]

    def limit_of(self, who: str = "tom", period: str = "monthly") -> str | None:
        """The member's own limit at Anthropic, in cents."""
        limits = self.usage.administration.spend_limits.limits
        limit = limits.get((("user", self.members[who]), period))
        return None if limit is None else limit.amount

    def calls(self, verb: str) -> int:
        """How often Anthropic was asked to do it."""
        return sum(seen.path.endswith(f"/{verb}") for seen in self.usage.requests)
