"""What the bot knows about its own writing at Anthropic: which keys it switched off, and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from bot.clients.enforcement.orders import Held
from bot.clients.usage.http_json import Answer

RateId = tuple[str, str]  # workspace, rate limit
Scope = tuple[str, str]  # `workspace` or `user`, and its id
CLOSED = ""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """
    `off` means that the bot itself switched it off, and so may switch it on again.

    `changed` means that it was on when the bot last knew, and that somebody switched it off since.
    """

    name: str
    status: str
    off: bool = False
    changed: bool = False
    doubt: bool = False  # a write is under way, or its answer was lost


@dataclass(frozen=True, slots=True)
class KnownRate:
    """A workspace's own requests per minute; None where it inherits the organization's."""

    value: int | None
    lowered: bool = False  # by the bot, and `before` is what comes back
    before: int | None = None
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    keys: Mapping[str, KnownKey] = field(default_factory=dict)
    rates: Mapping[RateId, KnownRate] = field(default_factory=dict)
    # Amounts in cents that the bot wrote, the newest first; CLOSED when it could not write any.
    spend: Mapping[Scope, tuple[str, ...]] = field(default_factory=dict)
    version: int = 0  # of the order that was confirmed with it

    def gap(self, version: int) -> bool:
        """
        Whether there were other orders in between that were not confirmed.

        One of them may have switched a key on, or put a limit back, before it came to an end.
        """
        return version > self.version + 1

    def ours(self) -> tuple[str, ...]:
        """Keys that are off because of the bot, as far as it is known."""
        return tuple(id_ for id_, key in self.keys.items() if key.off or key.doubt)

    def lowered(self) -> tuple[RateId, ...]:
        return tuple(id_ for id_, rate in self.rates.items() if rate.lowered or rate.doubt)

    def with_key(self, id_: str, key: KnownKey) -> "Record":
        return replace(self, keys={**self.keys, id_: key})

    def with_rate(self, id_: RateId, rate: KnownRate) -> "Record":
        return replace(self, rates={**self.rates, id_: rate})

    def with_amount(self, scope: Scope, amount: str) -> "Record":
        amounts = (amount, *self.spend.get(scope, ()))
        return replace(self, spend={**self.spend, scope: amounts})

    def settled(self, found: "Record") -> "Record":
        """What was in doubt, as it was found; what is known for certain stays."""
        return replace(
            self,
            keys={
                id_: found.keys.get(id_, key) if key.doubt else key
                for id_, key in self.keys.items()
            },
            rates={
                id_: found.rates.get(id_, rate) if rate.doubt else rate
                for id_, rate in self.rates.items()
            },
        )

    def held(self) -> Held:
        """As plain JSON, to be remembered and handed back as `order.written`."""
        rates: dict[str, dict[str, object]] = {}
        for (workspace, id_), rate in self.rates.items():
            rates.setdefault(workspace, {})[id_] = {
                "requests_per_minute": rate.value,
                "lowered": rate.lowered,
                "before": rate.before,
                **({"doubt": True} if rate.doubt else {}),
            }
        return {
            "version": self.version,
            "keys": {
                id_: {
                    "name": key.name,
                    "status": key.status,
                    "switched_off": key.off,
                    "changed": key.changed,
                    **({"doubt": True} if key.doubt else {}),
                }
                for id_, key in self.keys.items()
            },
            "rate_limits": rates,
            "spend_limits": {
                f"{kind}:{id_}": next(iter(amounts), CLOSED) or None
                for (kind, id_), amounts in self.spend.items()
            },
        }


def read_record(written: Sequence[Held]) -> Record:
    """
    From what was written, the newest first.

    What the newest says of keys and rate limits counts, because each says all of it anew; of
    amounts each one ever written is ours. What cannot be read is as if it were not known.
    """
    states = [state for held in written if (state := _read(held)) is not None]
    if not states:
        return Record()
    newest = states[0]
    spend: dict[Scope, tuple[str, ...]] = {
        _scope(name): (CLOSED,) for name, amount in newest.spend_limits.items() if amount is None
    }
    for state in states:
        for name, amount in state.spend_limits.items():
            if amount is not None:
                spend[_scope(name)] = (*spend.get(_scope(name), ()), amount)
    return Record(
        {
            id_: KnownKey(key.name, key.status, key.switched_off, key.changed, key.doubt)
            for id_, key in newest.keys.items()
        },
        {
            (workspace, id_): KnownRate(
                rate.requests_per_minute, rate.lowered, rate.before, rate.doubt
            )
            for workspace, rates in newest.rate_limits.items()
            for id_, rate in rates.items()
        },
        spend,
        newest.version,
    )


class _Key(Answer):
    name: str
    status: str
    switched_off: bool
    changed: bool
    doubt: bool = False


class _Rate(Answer):
    requests_per_minute: int | None
    lowered: bool
    before: int | None
    doubt: bool = False


class _State(Answer):
    version: int
    keys: dict[str, _Key]
    rate_limits: dict[str, dict[str, _Rate]]
    spend_limits: dict[str, str | None]


def _read(held: Held) -> _State | None:
    try:
        return _State.model_validate(held)
    except ValidationError:
        return None


def _scope(name: str) -> Scope:
    kind, _, id_ = name.partition(":")
    return kind, id_
