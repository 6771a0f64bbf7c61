"""What a budget does not say itself, it takes from `defaults`, and they from what is built in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from bot.config.budgets import OveragePart, RoutePart, RulesPart, SpikePart, ThresholdsPart
from bot.config.enforce import enforced
from bot.domain.budgets import (
    AT_ONCE,
    AnswerWithin,
    AtLimit,
    BreakGlass,
    Funding,
    OveragePolicy,
    Route,
    Thresholds,
    WhoAsks,
)
from bot.domain.periods import Cadence
from bot.domain.spans import Span
from bot.domain.spike_rule import SpikeRule
from bot.domain.targets import Enforce

_ANSWER_WITHIN = {
    "look": Span(working_days=2),
    "respond": Span(plain=timedelta(hours=8)),
    "intervene": Span(plain=timedelta(hours=1)),
}
_OVERAGE = {
    "max_percent": 50,
    "max_term": Span(plain=timedelta(days=14)),
    "expires_after": Span(plain=timedelta(hours=24)),
    "remind_after": timedelta(minutes=15),
    "ask": WhoAsks.ANYONE,
    "funding": tuple(Funding),
}
_BREAK_GLASS = {"max_percent": 10, "max_term": timedelta(hours=24)}


@dataclass(frozen=True, slots=True)
class Inherited:
    """The rules of one budget, nothing left open."""

    cadence: Cadence
    lead_time: Span
    thresholds: Thresholds
    answer_within: AnswerWithin
    at_limit: AtLimit
    grace: Span
    overage: OveragePolicy
    enforce: Enforce


def inherited(
    own: RulesPart, defaults: RulesPart, lists: Iterable[str], *, critical: bool = False
) -> Inherited:
    """
    The nearest that is written wins, field by field.

    Without routes, anybody on any approver list may decide.
    """
    return Inherited(
        cadence=own.period or defaults.period or Cadence.MONTH,
        lead_time=own.lead_time or defaults.lead_time or Span(working_days=3),
        thresholds=_thresholds(defaults.thresholds, own.thresholds),
        answer_within=AnswerWithin(
            **_merged(_ANSWER_WITHIN, defaults.answer_within, own.answer_within)
        ),
        at_limit=own.at_limit or defaults.at_limit or AtLimit.NOTIFY,
        grace=own.grace or defaults.grace or AT_ONCE,
        overage=_overage([defaults.overage, own.overage], lists, critical=critical),
        enforce=enforced(own.enforce, defaults.enforce),
    )


def _overage(
    parts: Sequence[OveragePart | None], lists: Iterable[str], *, critical: bool
) -> OveragePolicy:
    overage = _merged(_OVERAGE, *parts)
    glass = _merged(_BREAK_GLASS, *(part.break_glass for part in parts if part))
    everyone = (Route(up_to=None, approvers=tuple(lists)),)
    return OveragePolicy(
        max_percent=overage["max_percent"],
        max_term=overage["max_term"],
        expires_after=overage["expires_after"],
        routes=_routes(overage.get("routes")) or everyone,
        ask=overage["ask"],
        funding=tuple(dict.fromkeys(overage["funding"])),
        break_glass=BreakGlass(**glass) if critical else None,
        remind_after=overage["remind_after"],
    )


def _thresholds(*parts: ThresholdsPart | None) -> Thresholds:
    """Field by field within a stage, too: a share of one's own keeps the lead times."""
    written: dict[str, Any] = {}
    for stage in ("look", "respond", "intervene"):
        for name, value in _merged({}, *(getattr(part, stage, None) for part in parts)).items():
            field = stage if name == "share" else f"{stage}_{name}"
            written[field] = None if value == "off" else value
    trusts = [part.trust_forecast_after for part in parts if part and part.trust_forecast_after]
    if trusts:
        written["trust_forecast_after"] = None if trusts[-1] == "off" else trusts[-1]
    return Thresholds(**written, spike=_spike([part.spike for part in parts if part]))


def _spike(parts: Iterable[SpikePart | None]) -> SpikeRule | None:
    """Whoever writes a number wants spikes told, whatever the defaults say."""
    rule: SpikeRule | None = SpikeRule()
    for part in parts:
        if part is None:
            continue
        if part.off:
            rule = None
            continue
        rule = rule or SpikeRule()
        if part.multiple is not None:
            # six hours in a row have to be that unusual only in part: 5 and 3 unless said otherwise
            rule = replace(rule, multiple=part.multiple, long_multiple=part.multiple * 3 // 5)
        if part.minimum is not None:
            rule = replace(rule, minimum=part.minimum)
    return rule


def _routes(parts: Iterable[RoutePart] | None) -> tuple[Route, ...]:
    return tuple(
        Route(up_to=part.up_to, approvers=part.approvers, both=part.both) for part in parts or ()
    )


def _merged(built_in: Mapping[str, object], *parts: BaseModel | None) -> dict[str, Any]:
    """The last that is written wins."""
    merged: dict[str, Any] = dict(built_in)
    for part in parts:
        merged |= {name: value for name, value in part or () if value is not None}
    return merged
