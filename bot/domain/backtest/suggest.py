"""What a budget's past suggests: a lead time that can be kept, and a share that leaves it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.backtest.replay import Walk, fired
from bot.domain.backtest.rules import RuleSet
from bot.domain.backtest.scoring import Verdict, verdict
from bot.domain.budgets import Budget
from bot.domain.forecast import Confidence
from bot.domain.money import percent
from bot.domain.spans import Span, WorkCalendar

CANDIDATES = (1, 2, 3, 4, 5, 7, 10)  # working days
SURE = 4  # overruns, from which on they are more than an accident


@dataclass(frozen=True, slots=True)
class Suggestion:
    """
    None where nothing can be suggested; `why` has a sentence for each part.

    `lead_time` is the longest that the budget's own rules would have kept in three of four overruns.
    `respond_percent` is the share of the limit that was spent one lead time before the limit was
    reached, in three of four overruns at least: as a fixed threshold it would have left that time. A
    share that would have raised more false alarms than right ones is not suggested.
    """

    lead_time: Span | None
    respond_percent: int | None
    confidence: Confidence
    why: tuple[str, ...]


def suggest(walks: Sequence[Walk], budget: Budget, calendar: WorkCalendar) -> Suggestion:
    overran = [walked for walked in walks if walked.reached_at is not None]
    if not overran:
        why = f"None of {_periods(len(walks))} overran: there is nothing to learn from."
        return Suggestion(None, None, Confidence.NONE, (why,))
    lead, why_lead = _lead_time(walks, overran, budget, calendar)
    share, why_share = _share(walks, overran, budget, calendar)
    sure = Confidence.NORMAL if len(overran) >= SURE else Confidence.LOW
    whys = [why_lead, why_share]
    if sure is Confidence.LOW:
        whys.append(f"Unsure: {_overruns(len(overran))} may be an accident; {SURE} say more.")
    return Suggestion(lead, share, sure, tuple(whys))


def _lead_time(
    walks: Sequence[Walk], overran: Sequence[Walk], budget: Budget, calendar: WorkCalendar
) -> tuple[Span | None, str]:
    """Tried from the longest down: a shorter lead time has later alerts, too."""
    for days in reversed(CANDIDATES):
        lead = Span(working_days=days)
        found = list(_verdicts(walks, replace(budget, lead_time=lead), calendar))
        kept, false = found.count(Verdict.IN_TIME), found.count(Verdict.FALSE)
        if kept >= _most(len(overran)):
            return lead, (
                f"A lead time of up to {lead} could be kept: its rules would have warned of {kept} of "
                f"{_overruns(len(overran))} in time, with {_alarms(false)} without an overrun."
            )
    return None, "No lead time of a working day or more would have been kept in most overruns."


def _verdicts(walks: Sequence[Walk], budget: Budget, calendar: WorkCalendar) -> Iterator[Verdict]:
    rules = RuleSet("suggested", budget)
    for walked in walks:
        yield verdict(walked, fired(walked, rules, calendar), budget.lead_time, calendar)


def _share(
    walks: Sequence[Walk], overran: Sequence[Walk], budget: Budget, calendar: WorkCalendar
) -> tuple[int | None, str]:
    lead = budget.lead_time
    shares = sorted((_spent_before(w, lead, calendar) for w in overran), reverse=True)
    share = shares[_most(len(shares)) - 1]
    if share < 1:
        return None, f"No share would have left {lead} in most overruns: they were too sudden."
    kept = sum(1 for each in shares if each >= share)
    calm = [walked for walked in walks if walked.reached_at is None]
    false = sum(1 for walked in calm if percent(walked.peak, walked.limit) >= share)
    why = (
        f"{lead} before the limit was reached, {share} % of it was spent in {kept} of "
        f"{_overruns(len(overran))}; so was it in {false} of {_periods(len(calm))} without one"
    )
    if false > kept:
        return None, f"{why}: no share tells them apart, the time that is left does."
    return share, f"{why}."


def _spent_before(walked: Walk, lead: Span, calendar: WorkCalendar) -> int:
    """The share of the limit, in whole per cent, at the last moment that leaves the lead time."""
    share = 0
    for moment in walked.moments:
        if walked.reached_at is None or calendar.after(moment.at, lead) > walked.reached_at:
            break
        share = percent(moment.spent, walked.limit)
    return max(0, share)


def _most(count: int) -> int:
    """Three of four, rounded up."""
    return -(-3 * count // 4)


def _overruns(count: int) -> str:
    return f"{count} overrun{'s' * (count != 1)}"


def _periods(count: int) -> str:
    return f"{count} period{'s' * (count != 1)}"


def _alarms(count: int) -> str:
    return f"{count} alarm{'s' * (count != 1)}"
