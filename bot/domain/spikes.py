"""
The spike rule: hours that cost many times what these hours of this weekday usually cost.

A runaway loop shows here within an hour or two, long before a share of the limit or a runway says so.
Two windows have to agree, as in the burn rates of the SRE workbook: the hour, so that it is still
going on, and the six hours up to it, so that it adds up to something. Usage comes in buckets of an
hour and minutes late, so a shorter window would hold chance, and the hour before the present one is
looked at as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.budgets import Budget, Stage
from bot.domain.forecast import Confidence, Pattern
from bot.domain.forecast.hours import EVEN, HOUR
from bot.domain.money import ZERO, Micros, dollars, micros
from bot.domain.periods import Period
from bot.domain.spans import WorkCalendar
from bot.domain.spike_rule import DEFAULT, SpikeRule
from bot.domain.stages import Reached, Reason, lead_time
from bot.domain.usual_hours import full_hour, normal_hours


@dataclass(frozen=True, slots=True)
class Spike:
    """What was spent from `since` to `until`, and what is normal then, or planned."""

    spent: Micros
    normal: Micros
    since: datetime
    until: datetime
    planned: bool = False  # there is no normal yet; it is compared with an even spend of the limit

    @property
    def multiple(self) -> int | None:
        """How many times the normal, rounded down; None from a thousand on: next to nothing is normal."""
        return self.spent // self.normal if self.normal * 1000 > self.spent else None

    def day(self, zone: ZoneInfo) -> date:
        """The local day it is told for: that of its beginning, so midnight makes it no second one."""
        return self.since.astimezone(zone).date()

    def sentence(self, zone: ZoneInfo) -> str:
        """
        `$480 from Mon 2 Nov 09:00 to 11:00, 12 times the usual $40.`

        By the clock, because it is read again hours later: in a reminder, on Home.
        """
        usual = "planned" if self.planned else "usual"
        if self.multiple is None:
            than = f"where next to nothing is {usual}"
        else:
            than = f"{self.multiple} times the {usual} {_about(self.normal)}"
        since, until = self.since.astimezone(zone), self.until.astimezone(zone)
        end = f"{until:%H:%M}" if since.date() == until.date() else _moment(until)
        when = f"from {_moment(since)} to {end}" if since < until else f"at {end}"
        return f"{_about(self.spent)} {when}, {than}."


@dataclass(frozen=True, slots=True)
class Burn:
    """
    What a budget spends, and what is usual: where a spike is looked for.

    `hours` is the spend of full hours of UTC in a row, the last of them the hour that holds `as_of`,
    where the figures end: 24 to 48 of them, because they say since when. `swing` is learned with the
    pattern, by the function of that name.
    """

    hours: Sequence[Micros]
    as_of: datetime
    period: Period
    limit: Micros | None
    pattern: Pattern
    swing: Micros = ZERO


def spike(burn: Burn, rule: SpikeRule = DEFAULT) -> Spike | None:
    """
    The spike at the end of the figures: in the present hour, or in the one before it.

    The present hour is held against the normal of all of it, so a spike does not depend on the
    minute, and only spend brings it about.
    """
    held = _held(burn, rule, ahead=0)
    if held is None:
        return None
    last = len(held.spent) - 1
    end = next((at for at in (last, last - 1) if held.lacks(at) <= 0), None)
    if end is None:
        return None
    begin = end
    while begin and held.hour_lacks(begin - 1) <= 0:
        begin -= 1
    into = (burn.as_of - full_hour(burn.as_of)) / HOUR
    normal = sum(held.normal[begin:last]) + round(held.normal[last] * into)
    since = full_hour(burn.as_of) - (last - begin) * HOUR
    spent = Micros(sum(max(0, amount) for amount in held.spent[begin:]))  # a credit is no spend
    return Spike(spent, Micros(normal), since, burn.as_of, held.planned)


def spike_at(
    burn: Burn, spent: Micros, until: datetime | None = None, rule: SpikeRule = DEFAULT
) -> Micros | None:
    """
    The spend of the period below which there is no spike before `until`; None: there can be none.

    `spent` is what it is now. Until the next full hour, unless told otherwise, it is exact: there is a
    spike just when it is not above `spent`. Until the local midnight, when the pattern is learned
    anew, it is the lowest of all hours, and nobody has to look every hour. It supposes that spend is
    added, to whichever hour; what moves from hour to hour and leaves the sum has to be looked at.
    """
    end = full_hour(burn.as_of) + HOUR
    ahead = 0 if until is None else max(0, -((end - until) // HOUR))
    held = _held(burn, rule, ahead)
    if held is None:
        return None
    last = len(held.spent) - 1
    return Micros(spent + min(held.lacks(at) for at in range(last - ahead - 1, last + 1)))


def by_spike(
    budget: Budget,
    spike: Spike | None,
    spent: Micros,
    limit: Micros | None,
    calendar: WorkCalendar,
    now: datetime,
) -> Reached | None:
    """
    Respond at once; intervene where at this rate the limit is reached within the lead time, and
    exhausted where it is reached already, and spend goes on all the same.
    """
    if spike is None:
        return None
    if limit is not None and spent >= limit:
        return Reached(Stage.EXHAUSTED, Reason.SPIKE)
    times = budget.thresholds.lead_times(Stage.INTERVENE)
    if limit is not None and times:
        seconds = max(HOUR, spike.until - spike.since) // timedelta(seconds=1)
        left = (calendar.after(now, lead_time(budget, times)) - now) // timedelta(seconds=1)
        if (limit - spent) * seconds <= spike.spent * left:
            return Reached(Stage.INTERVENE, Reason.SPIKE)
    return Reached(Stage.RESPOND, Reason.SPIKE)


@dataclass(frozen=True, slots=True)
class _Held:
    """Hours held against what is normal, or planned, in them; all in micro-dollars."""

    spent: Sequence[int]
    normal: Sequence[int]
    planned: bool
    multiple: int
    long_multiple: int
    long: int
    floor: int

    def lacks(self, end: int) -> int:
        """What a spike that ends with that hour lacks; 0 or less: nothing."""
        window = slice(end - self.long + 1, end + 1)
        cost, normal = sum(self.spent[window]), sum(self.normal[window])
        least = max(self.long_multiple * normal, normal + self.floor)
        return max(self.hour_lacks(end), least - cost)

    def hour_lacks(self, at: int) -> int:
        """Where nothing is normal an hour bears its part of the floor, or no spend would do."""
        return max(self.multiple * self.normal[at], -(-self.floor // self.long)) - self.spent[at]


def _held(burn: Burn, rule: SpikeRule, ahead: int) -> _Held | None:
    """
    The hours up to the present one, and so many after it in which nothing is spent yet.

    Against the plan where there is no normal: with less than three days of history, for a budget that
    sleeps, and where only whole days are known. None where there is no plan either.
    """
    missing = max(0, rule.long + 1 - len(burn.hours))
    spent = [0] * missing + list(burn.hours) + [0] * ahead
    pattern = burn.pattern
    unknown = pattern.confidence is Confidence.NONE or pattern.hours == EVEN
    if not unknown and any(pattern.profile.averages):
        first = full_hour(burn.as_of) - (len(spent) - ahead - 1) * HOUR
        normal, floor = normal_hours(pattern, first, len(spent)), rule.floor(burn.limit, burn.swing)
        return _Held(spent, normal, False, rule.multiple, rule.long_multiple, rule.long, floor)
    if not burn.limit:
        return None
    whole = max(1, (burn.period.ends_at - burn.period.starts_at) // HOUR)
    planned = [-(-burn.limit // whole)] * len(spent)
    multiples = rule.planned_multiple, rule.planned_long_multiple
    return _Held(spent, planned, True, *multiples, rule.long, rule.floor(burn.limit))


def _moment(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _about(amount: Micros) -> str:
    """Whole dollars from $10 on."""
    return dollars(micros(round(amount / 1_000_000)) if amount >= micros(10) else amount)
