"""Standings: spend, limit, runway and data age of a budget at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.budgets import Budget, Stage
from bot.domain.forecast import Forecast
from bot.domain.limits import Allocation, TemporaryRaise, active, effective_limit
from bot.domain.money import ZERO, Micros, percent
from bot.domain.outlook import Outlook
from bot.domain.periods import Period
from bot.domain.stages import Reached, by_share, of_share, worst

SECONDS_A_DAY = 24 * 60 * 60
RATE_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Freshness:
    """As of when the figures are, and since when we are blind."""

    as_of: datetime | None
    stale: bool
    blind_since: datetime | None = None
    reason: str | None = None
    billed_to: datetime | None = None  # where the bill ends and the estimate begins


def together(parts: Sequence[Freshness]) -> Freshness:
    """
    Of figures that are summed: as old as the oldest, and blind if one of them is.

    A sum of which a part was never read is no figure at all.
    """
    never = next((part for part in parts if part.as_of is None), None)
    if never is not None:
        return never
    as_of = min(part.as_of for part in parts if part.as_of) if parts else None
    billed_to = min((part.billed_to for part in parts if part.billed_to), default=None)
    stale = [part for part in parts if part.stale]
    if not stale:
        return Freshness(as_of, stale=False, billed_to=billed_to)
    worst = min(stale, key=_stale_since)
    return Freshness(as_of, True, worst.blind_since, worst.reason, billed_to)


def _stale_since(part: Freshness) -> datetime:
    since = part.blind_since or part.as_of
    if since is None:
        raise ValueError("figures that were never read are stale since no moment")
    return since


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a budget stands at a moment. `limit` is the effective limit; None: it has none."""

    budget: Budget
    period: Period
    allocation: Allocation | None
    limit: Micros | None
    raises: tuple[TemporaryRaise, ...]  # the live ones
    spent: Micros
    daily_rate: Micros
    freshness: Freshness
    at: datetime
    estimated: Micros = ZERO  # the part of `spent` that is not billed yet
    outlook: Outlook | None = None  # None: nobody asked for it, or there are no figures
    timed: Reached | None = None  # the stage that counts by the time that is left

    @property
    def percent(self) -> int:
        return 0 if self.limit is None else percent(self.spent, self.limit)

    @property
    def headroom(self) -> Micros | None:
        return None if self.limit is None else Micros(self.limit - self.spent)

    @property
    def runs_out_at(self) -> datetime | None:
        """When the limit is reached at the current rate; None: not within this period."""
        if self.limit is None:
            return None
        if self.spent >= self.limit:
            return self.at
        if self.outlook is not None:
            return self.outlook.runway.p50
        if self.daily_rate <= 0:
            return None
        # Seconds, not timedeltas: $1,000 a day in micros times 31 days is more than one holds.
        seconds = (self.limit - self.spent) * SECONDS_A_DAY // self.daily_rate
        left = self.period.left(self.at) // timedelta(seconds=1)
        return self.at + timedelta(seconds=seconds) if seconds < left else None

    @property
    def reached(self) -> Reached | None:
        """The worst stage reached, by share of the limit or by time."""
        return worst(by_share(self.budget, self.spent, self.limit, self._foreseen), self.timed)

    @property
    def is_overruled(self) -> bool:
        """Whether a share of the limit is reached, and no stage is, because of the forecast."""
        shared = of_share(self.budget, self.spent, self.limit)
        return shared is not None and self.reached is None

    @property
    def _foreseen(self) -> Forecast | None:
        """What may overrule a share; on stale figures nothing does."""
        return None if self.outlook is None or self.freshness.stale else self.outlook.forecast

    @property
    def stage(self) -> Stage | None:
        return self.reached.stage if self.reached else None


def evaluate(
    budget: Budget,
    period: Period,
    allocation: Allocation | None,
    raises: Sequence[TemporaryRaise],
    spent: Micros,
    recent: Micros,
    recent_span: timedelta,
    freshness: Freshness,
    now: datetime,
    estimated: Micros = ZERO,
) -> Standing:
    """
    `recent` is what was spent in the `recent_span` before the figures end.

    A history of hours counts as a whole day: an hour's burst is no rate to plan with.
    """
    seconds = max(recent_span // timedelta(seconds=1), SECONDS_A_DAY)
    return Standing(
        budget=budget,
        period=period,
        allocation=allocation,
        limit=effective_limit(allocation, raises, now) if allocation else None,
        raises=tuple(active(raises, now)),
        spent=spent,
        daily_rate=Micros(recent * SECONDS_A_DAY // seconds),
        freshness=freshness,
        at=now,
        estimated=estimated,
    )


def binding(path: Sequence[Standing]) -> Standing | None:
    """Of a budget and its parents, the one with the lowest headroom: that one binds."""
    limited = [s for s in path if s.headroom is not None]
    return min(limited, key=lambda s: s.headroom or ZERO, default=None)
