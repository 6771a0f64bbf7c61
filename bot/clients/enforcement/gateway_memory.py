"""What the bot wrote at a gateway, as it is kept and handed back with the next order."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from bot.clients.enforcement.gateway_limits import Found, Known, Place, Words
from bot.clients.enforcement.orders import Held, Order
from bot.domain.money import Micros, micros

TRIED, SEEN, SWITCHING = "tried", "seen", "switching"
BLOCKER = "blocked_by_bot"  # what somebody else blocked stays blocked


def remember(found: Iterable[tuple[Found, Known]], words: Words) -> Held:
    """As plain JSON, to be kept and handed back as `order.written`."""
    held: dict[str, dict[str, object]] = {}
    for each, known in found:
        kind, name = each.place
        shown: dict[str, object] = {
            words.amount: None if each.amount is None else exact(each.amount)
        }
        if each.blocked is not None:
            shown |= {"blocked": each.blocked, BLOCKER: known.is_blocker(each)}
        held.setdefault(kind, {})[name] = {**shown, **each.more}
    return held


def known_at(place: Place, order: Order, words: Words) -> Known:
    """From what was confirmed, the newest first; what cannot be read is as if it were not known."""
    kind, name = place
    states: list[tuple[Mapping[str, object], Micros]] = []
    for held in order.written:
        there = held.get(kind)
        state = there.get(name) if isinstance(there, Mapping) else None
        if isinstance(state, Mapping) and (amount := _read(state.get(words.amount))) is not None:
            states.append((state, amount))
    return Known(
        [(amount, _switch(state)) for state, amount in states],
        newest=states[0][0] if states else {},
    )


def note(tried: Mapping[Place, Known]) -> Held:
    """What is about to be written, as plain JSON, to be kept and handed back as `order.tried`."""
    held: dict[str, dict[str, object]] = {}
    for (kind, name), known in tried.items():
        held.setdefault(kind, {})[name] = {
            TRIED: [exact(amount) for amount in known.tried],
            SEEN: None if known.seen is None else exact(known.seen),
            SWITCHING: known.switching,
        }
    return held


def noted(place: Place, order: Order) -> Known:
    """What was tried there and not confirmed since, by this bot or another replica."""
    kind, name = place
    there = (order.tried or {}).get(kind)
    state = there.get(name) if isinstance(there, Mapping) else None
    if not isinstance(state, Mapping):
        return Known()
    tried = state.get(TRIED)
    amounts = (_read(amount) for amount in (tried if isinstance(tried, list) else []))
    return Known(
        tried=[amount for amount in amounts if amount is not None],
        seen=_read(state.get(SEEN)),
        switching=state.get(SWITCHING) is True,
    )


def exact(amount: Micros) -> str:
    """Dollars with at least two decimals and every micro-dollar: `15000.00`, `0.123456`."""
    text = f"{Decimal(amount) / 1_000_000:.6f}"
    return text[:-4] + text[-4:].rstrip("0")


def _read(value: object) -> Micros | None:
    try:
        return micros(value) if isinstance(value, str) else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _switch(state: Mapping[str, object]) -> bool | None:
    blocked = state.get(BLOCKER)
    return blocked if isinstance(blocked, bool) else None
