"""A series of spend by hours or by local days: sums over it, its full periods, its history."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from bot.domain.forecast import History
from bot.domain.forecast.history import MEMORY
from bot.domain.money import Micros
from bot.domain.periods import Cadence, Period, midnight, period_at

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Series:
    """
    What was spent when; one amount for each hour or local day that has one, in order of time.

    `width` is an hour or a day. From `begins_at` up to `ends_at` the series is complete: where it has
    no amount, nothing was spent.
    """

    def __init__(
        self,
        rows: Iterable[tuple[datetime, Micros]],
        width: timedelta,
        zone: ZoneInfo,
        begins_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> None:
        ordered = sorted(rows)
        if not ordered and (begins_at is None or ends_at is None):
            raise ValueError("a series without rows has to say from when to when it is complete")
        self.starts = [at for at, _ in ordered]
        self.amounts = [amount for _, amount in ordered]
        self.width, self.zone = width, zone
        self._sums = [0, *accumulate(self.amounts)]
        self.begins_at = begins_at or self._first_edge()
        self.ends_at = ends_at or self._last_edge()

    def spent(self, starts_at: datetime, ends_at: datetime) -> Micros:
        """What began from `starts_at` up to `ends_at`; both on the edge of an hour or day."""
        first, after = bisect_left(self.starts, starts_at), bisect_left(self.starts, ends_at)
        return Micros(self._sums[after] - self._sums[first])

    @property
    def hourly(self) -> bool:
        return self.width <= HOUR

    def hours_before(self, at: datetime, count: int) -> list[Micros]:
        """So many full hours of UTC up to the one that holds `at`, as far as the series goes back."""
        end = _hour(at)
        count = min(count, max(0, (end - self.begins_at) // HOUR))
        edges = [bisect_left(self.starts, end - n * HOUR) for n in range(count, -1, -1)]
        return [Micros(self._sums[b] - self._sums[a]) for a, b in pairwise(edges)]

    def begun(self, at: datetime) -> Micros:
        """What was spent before `at` in the hour that holds it."""
        return self.spent(_hour(at), at)

    def within(self, period: Period) -> Iterator[tuple[datetime, datetime, Micros]]:
        """Beginning, end and amount of each row of a period."""
        first = bisect_left(self.starts, period.starts_at)
        after = bisect_left(self.starts, period.ends_at)
        for at, amount in zip(self.starts[first:after], self.amounts[first:after], strict=True):
            yield at, self._end(at), amount

    def moments(self, period: Period) -> Iterator[datetime]:
        """When something new is known: each hour, or each midnight, from the period's first on."""
        at = period.starts_at
        while at < period.ends_at:
            yield at
            at = self._end(at)

    def full_periods(self, cadence: Cadence, since: date | None = None) -> Iterator[Period]:
        """Those that lie within the series from end to end, and do not begin before `since`."""
        period = period_at(self.begins_at, cadence, self.zone)
        while period.ends_at <= self.ends_at:
            if period.starts_at >= self.begins_at and (since is None or period.first_day >= since):
                yield period
            period = period_at(period.ends_at, cadence, self.zone)

    def history(self, today: date) -> History:
        """
        The complete days before `today`: all that a forecast made on it may know of them.

        As in life, of at most so many days as the ledger keeps hours.
        """
        first = max(self._first_day, today - timedelta(MEMORY))
        count = max(0, (today - first).days)
        days = [first + timedelta(number) for number in range(count)]
        return History(first, [self._days.get(day, Micros(0)) for day in days], self._hours(days))

    def _hours(self, days: Sequence[date]) -> list[Micros]:
        """By local hour of the day; none when only days are known."""
        if not self.hourly:
            return []
        found = (self._hours_by_day[day] for day in days if day in self._hours_by_day)
        return [Micros(sum(hour)) for hour in zip(*found, strict=True)]

    @cached_property
    def _days(self) -> dict[date, Micros]:
        days: dict[date, Micros] = {}
        for at, amount in zip(self.starts, self.amounts, strict=True):
            day = at.astimezone(self.zone).date()
            days[day] = Micros(days.get(day, 0) + amount)
        return days

    @cached_property
    def _hours_by_day(self) -> dict[date, list[int]]:
        days: dict[date, list[int]] = {}
        for at, amount in zip(self.starts, self.amounts, strict=True):
            local = at.astimezone(self.zone)
            days.setdefault(local.date(), [0] * 24)[local.hour] += amount
        return days

    @cached_property
    def _first_day(self) -> date:
        """The first whole one."""
        day = self.begins_at.astimezone(self.zone).date()
        return day if midnight(day, self.zone) >= self.begins_at else day + DAY

    def _end(self, at: datetime) -> datetime:
        if self.hourly:
            return at + self.width
        return midnight(at.astimezone(self.zone).date() + DAY, self.zone)

    def _first_edge(self) -> datetime:
        """A series that leaves quiet hours out cannot say so of its first morning: it counts as whole."""
        first = self.starts[0]
        return midnight(first.astimezone(self.zone).date(), self.zone) if self._gaps else first

    def _last_edge(self) -> datetime:
        last = self.starts[-1]
        if not self._gaps:
            return self._end(last)
        return midnight(last.astimezone(self.zone).date() + DAY, self.zone)

    @cached_property
    def _gaps(self) -> bool:
        hours = (self.starts[-1] - self.starts[0]) // HOUR + 1
        return not self.hourly or len(self.starts) < hours


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
