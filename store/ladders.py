"""Ladders as they are kept with an alert: who is told, and how long each has."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.domain.budgets import PersonRef
from bot.domain.escalation import Ladder
from bot.domain.spans import parse_span

_SPANS = ("answer_within", "decided_within")


def ladder_row(ladder: Ladder | None) -> dict[str, Any] | None:
    if ladder is None:
        return None
    return asdict(ladder) | {name: str(getattr(ladder, name)) for name in _SPANS}


def ladder_of(values: Mapping[str, Any] | None) -> Ladder | None:
    """None for alerts from before ladders were kept: those are never escalated."""
    if not values:
        return None
    return Ladder(
        owner=PersonRef(values["owner"]),
        backup=PersonRef(values["backup"]) if values["backup"] else None,
        approvers=tuple(PersonRef(ref) for ref in values["approvers"]),
        groups=tuple(values["groups"]),
        channel=values["channel"],
        answer_within=parse_span(values["answer_within"]),
        decided_within=parse_span(values["decided_within"]),
    )
