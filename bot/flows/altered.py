"""Whether the tables still say of decisions what the record says."""

from collections.abc import Iterator
from typing import Any

from bot.domain.overages import OverageRequest, RequestState
from bot.effects.recording import iso
from bot.intake.imported import EVER, NEVER
from bot.parts import Bot
from store import audit_reading, overages
from store.audit import Entry

OUTCOMES = {f"request.{s.value}" for s in RequestState if s is not RequestState.PENDING}


def altered(bot: Bot) -> list[str]:
    """
    What somebody has changed behind the bot's back, a line each; the chain itself is not checked.

    The record cannot be altered unseen, the tables beside it can; where the two differ, the record
    is right.
    """
    recorded: dict[int, Entry] = {}
    for entry in audit_reading.entries(bot.db):
        if entry.kind in OUTCOMES:
            recorded[entry.data["request"]] = entry
    try:
        with bot.db.transaction() as tx:
            decided = {r.id: r for r in overages.decided_between(tx, EVER, NEVER)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"the table of overage requests cannot be read ({type(error).__name__}: {error})"]
    return [*_differing(recorded, decided), *_missing(recorded, decided)]


def _missing(recorded: dict[int, Entry], decided: dict[int, OverageRequest]) -> Iterator[str]:
    for number in sorted(recorded.keys() - decided.keys()):
        row = recorded[number].seq
        yield f"request {number} has no outcome in the table, and row {row} of the record has one"
    for number in sorted(decided.keys() - recorded.keys()):
        yield f"request {number} has an outcome in the table, and none in the record"


def _differing(recorded: dict[int, Entry], decided: dict[int, OverageRequest]) -> Iterator[str]:
    for number in sorted(recorded.keys() & decided.keys()):
        entry, there = recorded[number], _fields(decided[number])
        said = {**entry.data, "kind": entry.kind, "budget": entry.subject}
        for field, value in there.items():
            if field in said and said[field] != value:
                yield (
                    f"request {number}: {field} is {value!r} in the table and {said[field]!r} in "
                    f"row {entry.seq} of the record"
                )


def _fields(request: OverageRequest) -> dict[str, Any]:
    """As an outcome's row has them."""
    seen = request.decision_figures or request.figures
    return {
        "kind": f"request.{request.state.value}",
        "budget": request.budget,
        "requested_by": request.requester,
        "amount": request.amount,
        "granted": request.granted,
        "until": iso(request.until),
        "decided_by": list(request.decided_by),
        "asked_reason": request.reason,
        "reason": request.decision_reason,
        "spent": seen.spent,
        "limit": seen.limit,
    }
