"""What should happen to the rate limits of a budget's workspaces."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.clients.anthropic_admin.answers import RateAnswer
from bot.clients.enforcement.anthropic_record import KnownRate, RateId, Record
from bot.clients.enforcement.anthropic_steps import SetRate, Verdict

THROTTLED_PERCENT = 10
"""To throttle leaves this much of the requests per minute, rounded up, and one at least."""

SLOW = "Anthropic: takes up to an hour"


@dataclass(frozen=True, slots=True)
class FoundRate:
    name: str  # of the group of models
    own: int | None  # the workspace's override
    organization: int | None

    def said(self) -> str:
        return "no limit of its own" if self.own is None else f"{self.own} requests per minute"


def read_rate(answer: RateAnswer) -> FoundRate | None:
    """None for a group that is not limited by requests."""
    limit = answer.requests()
    if limit is None:
        return None
    own = limit.value if limit.source.type == "workspace" else None
    organization = limit.value if own is None else limit.org_limit
    return FoundRate(answer.group.display_name, own, organization)


def throttled(own: int | None, organization: int | None) -> int | None:
    """
    A tenth of what applied before, which is the lower of the two; None where nothing does.

    Never more than what applied: one request is the least only where there was one.
    """
    applied = min((value for value in (own, organization) if value is not None), default=None)
    if applied is None:
        return None
    return min(applied, max(1, -(-applied * THROTTLED_PERCENT // 100)))


def judge_rates(
    verdict: Verdict,
    rates: Mapping[RateId, FoundRate],
    meant: frozenset[str],
    known: Record,
    *,
    throttle: bool,
    overrule: bool,
    force: bool,
) -> dict[RateId, KnownRate]:
    """
    Lowers every group of models in the workspaces `meant`, or puts back exactly what was there.

    What the bot has not lowered is the workspace's own affair, and may change at any time; what it
    has lowered and finds otherwise was changed by somebody, and that is told. `overrule`: one that
    is as it was before may have been put back by the bot itself.
    """
    found: dict[RateId, KnownRate] = {}
    for id_, rate in rates.items():
        before = _adopt(known.rates.get(id_), rate)
        low = throttle and id_[0] in meant
        if overrule:
            before = replace(before, doubt=before.lowered)
        found[id_] = _judge(verdict, id_, rate, before, low=low, force=force)
    return found


def _judge(
    verdict: Verdict, id_: RateId, rate: FoundRate, known: KnownRate, *, low: bool, force: bool
) -> KnownRate:
    if not known.lowered:
        wanted = throttled(rate.own, rate.organization)
        if low and wanted is not None and wanted != rate.own:
            verdict.steps.append(SetRate(id_, wanted, low=wanted, before=rate.own))
        return KnownRate(rate.own)
    wanted, other = (known.value, known.before) if low else (known.before, known.value)
    if rate.own == wanted:
        return replace(known, doubt=False) if low else KnownRate(rate.own)
    # what the bot lowered it puts back; that it was put back already is somebody else's doing
    own = rate.own == other and (known.doubt or not low)
    if own or force:
        verdict.steps.append(SetRate(id_, wanted, low=known.value, before=known.before))
    else:
        expected = "none of its own" if wanted is None else f"{wanted}"
        verdict.edits.append(
            f"{rate.name} has {rate.said()} instead of {expected}: somebody changed it"
        )
    return known


def _adopt(known: KnownRate | None, rate: FoundRate) -> KnownRate:
    """
    What is known of a rate limit, and on the first contact what is found.

    Exactly a tenth of what was there when it was last read is the bot's own: it lowered the limit
    and ended before that was remembered.
    """
    if known is None:
        return KnownRate(rate.own)
    lost = not known.lowered and rate.own not in (None, known.value)
    if lost and rate.own == throttled(known.value, rate.organization):
        return KnownRate(rate.own, lowered=True, before=known.value)
    return known
