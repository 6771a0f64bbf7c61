"""How good alerts were: in time, late, missing, or false; and the lead that each gave."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.backtest.replay import Fired, Walk
from bot.domain.budgets import Stage
from bot.domain.spans import Span, WorkCalendar

WARNINGS = (Stage.RESPOND, Stage.INTERVENE)  # look asks for nothing, and exhausted is too late


class Verdict(StrEnum):
    """What the alerts of a period were worth."""

    IN_TIME = "in_time"  # an overrun, warned of at least one lead time before the limit was reached
    LATE = "late"  # warned of before the limit was reached, but less than a lead time
    MISSED = "missed"  # an overrun without a warning
    FALSE = "false"  # a warning without an overrun
    QUIET = "quiet"  # neither


@dataclass(frozen=True, slots=True)
class Score:
    """Periods by verdict."""

    in_time: int = 0
    late: int = 0
    missed: int = 0
    false: int = 0

    @property
    def overruns(self) -> int:
        return self.in_time + self.late + self.missed

    @property
    def alarms(self) -> int:
        """Periods with a warning before the limit was reached."""
        return self.in_time + self.late + self.false

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.in_time + other.in_time,
            self.late + other.late,
            self.missed + other.missed,
            self.false + other.false,
        )


def verdict(walked: Walk, alerts: Iterable[Fired], lead: Span, calendar: WorkCalendar) -> Verdict:
    """A warning is a respond or an intervene alert; one at or after the limit warns of nothing."""
    warnings = [alert.at for alert in alerts if alert.stage in WARNINGS]
    reached_at = walked.reached_at
    if reached_at is None:
        return Verdict.FALSE if warnings else Verdict.QUIET
    before = [at for at in warnings if at < reached_at]
    if any(calendar.after(at, lead) <= reached_at for at in before):
        return Verdict.IN_TIME
    return Verdict.LATE if before else Verdict.MISSED


def score(verdicts: Sequence[Verdict]) -> Score:
    counts = Counter(verdicts)
    return Score(
        counts[Verdict.IN_TIME],
        counts[Verdict.LATE],
        counts[Verdict.MISSED],
        counts[Verdict.FALSE],
    )


def lead_of(alert: Fired, reached_at: datetime | None) -> timedelta | None:
    """From the alert to the limit; nothing when it came after, None when there was no overrun."""
    return None if reached_at is None else max(timedelta(), reached_at - alert.at)
