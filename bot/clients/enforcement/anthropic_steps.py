"""The writes at Anthropic, each with what is known as soon as it was tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.clients.anthropic_admin.answers import REQUESTS
from bot.clients.enforcement.anthropic_record import KnownKey, KnownRate, RateId, Record, Scope


@dataclass(frozen=True, slots=True)
class SwitchKey:
    """`opens`, here and below: it undoes what the bot itself did, and so may always be done."""

    id: str
    key: KnownKey  # as it was found
    on: bool

    def name(self) -> str:
        return f"api_keys/{self.id}"

    def body(self) -> Mapping[str, object]:
        return {"status": "active" if self.on else "inactive"}

    def opens(self) -> bool:
        return self.on

    def tried(self, record: Record) -> Record:
        return record.with_key(self.id, replace(self.key, doubt=True))


@dataclass(frozen=True, slots=True)
class SetRate:
    """Lowers the requests per minute, or puts back what was there; None clears the override."""

    id: RateId
    value: int | None
    low: int | None
    before: int | None

    def name(self) -> str:
        return f"workspaces/{self.id[0]}/rate_limits/{self.id[1]}"

    def body(self) -> Mapping[str, object]:
        return {"limits": [{"type": REQUESTS, "value": self.value}]}

    def opens(self) -> bool:
        return self.value == self.before

    def tried(self, record: Record) -> Record:
        rate = KnownRate(self.low, lowered=True, before=self.before, doubt=True)
        return record.with_rate(self.id, rate)


@dataclass(frozen=True, slots=True)
class SetSpend:
    scope: Scope
    amount: str

    def name(self) -> str:
        return "spend_limits"

    def body(self) -> Mapping[str, object]:
        kind, id_ = self.scope
        scope = {"type": kind, f"{kind}_id": id_}
        return {"amount": self.amount, "scope": scope, "period": "monthly"}

    def opens(self) -> bool:
        return False

    def tried(self, record: Record) -> Record:
        return record.with_amount(self.scope, self.amount)


Step = SwitchKey | SetRate | SetSpend


@dataclass(slots=True)
class Verdict:
    """What is left to write, and what people have to know; `record` is what was found."""

    record: Record = field(default_factory=Record)
    steps: list[Step] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)  # somebody else's: nothing is written
    refused: list[str] = field(default_factory=list)  # what no write can mend
    notes: list[str] = field(default_factory=list)

    def said(self) -> str:
        return "; ".join(dict.fromkeys(self.notes))
