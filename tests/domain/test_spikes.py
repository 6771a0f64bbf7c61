"""Spikes: many times what these hours of this weekday usually cost, and enough to get up for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.budgets import Stage
from bot.domain.forecast import History, Pattern, learn
from bot.domain.forecast.level import Level
from bot.domain.money import ZERO, Micros, micros
from bot.domain.periods import Cadence, midnight, period_at
from bot.domain.spans import Span, WorkCalendar
from bot.domain.spike_rule import SpikeRule
from bot.domain.spikes import Burn, Spike, by_spike, spike, spike_at
from bot.domain.stages import Reached, Reason
from bot.domain.usual_hours import swing
from tests.domain.forecast.histories import (
    CALENDAR,
    HOURS_9_TO_17,
    NEW_YORK,
    amounts,
    at,
    month,
    weeks,
)
from tests.domain.values import BUDGET

HOUR = timedelta(hours=1)
OFFICE = learn(weeks(56, hours=HOURS_9_TO_17), CALENDAR)  # $100 a working day, $12.50 an hour
QUICK = settings(max_examples=100, deadline=None)
MULTIPLES = SpikeRule(minimum=Micros(1), percent=0, swing_percent=0)  # nothing else keeps it silent


def burn(
    *last: float,
    as_of: datetime,
    pattern: Pattern = OFFICE,
    limit: str | None = "2000",
    swing: str = "0",
) -> Burn:
    """These dollars in the last hours, the last of them so far; none in the hours before."""
    hours = [ZERO] * (24 - len(last)) + [Micros(round(d * 1_000_000)) for d in last]
    ceiling = None if limit is None else micros(limit)
    return Burn(hours, as_of, month(), ceiling, pattern, micros(swing))


# Found


def test_a_spike_at_three_in_the_morning() -> None:
    """A loop that runs while everybody sleeps is found where nothing is usual."""
    found = spike(burn(40, 20, as_of=at(3, 30)))

    assert found is not None
    assert (micros(60), at(2)) == (found.spent, found.since)
    assert (
        found.sentence(NEW_YORK)
        == "$60 from Mon 16 Nov 02:00 to 03:30, where next to nothing is usual."
    )


def test_a_spike_in_the_afternoon_is_a_multiple_of_the_usual() -> None:
    """At 15:00 five times the $12.50 of the hour, and three times the six hours up to it."""
    day = (12.5,) * 5
    below = spike(burn(*day, 62.4, 150, as_of=at(16, 30)))
    found = spike(burn(*day, 160, 140, as_of=at(16, 30)))

    assert below is not None  # by the hour from 16:00 on, alone
    assert at(16) == below.since
    assert found is not None
    assert (
        found.sentence(NEW_YORK) == "$300 from Mon 16 Nov 15:00 to 16:30, 16 times the usual $19."
    )


def test_a_busy_hour_is_no_spike() -> None:
    """Four times the usual, and the same money in the quiet of the night is one."""
    assert spike(burn(*(12.5,) * 5, 50, as_of=at(15, 59))) is None
    assert spike(burn(50, as_of=at(3, 59))) is not None


def test_usual_is_what_it_costs_lately() -> None:
    """The same hours of a team that now spends twice its profile are half as unusual."""
    grown = replace(OFFICE, level=Level(2.0, 1.0))
    day = (12.5,) * 5

    assert spike(burn(*day, 170, as_of=at(15, 59))) is not None
    assert spike(burn(*day, 170, as_of=at(15, 59), pattern=grown)) is None


def test_one_hour_has_to_add_up_over_six() -> None:
    """Seven times the usual for an hour of an office day: three times of six hours is more."""
    assert spike(burn(*(12.5,) * 5, 90, as_of=at(14, 59))) is None
    assert spike(burn(*(12.5,) * 5, 163, as_of=at(14, 59))) is not None


def test_a_loop_that_has_ended_is_no_spike_any_more() -> None:
    """Two hours later the six hours still hold it, and nothing is going on."""
    assert spike(burn(60, 0, as_of=at(4, 5))) is not None
    assert spike(burn(60, 0, 0, as_of=at(5, 5))) is None


def test_figures_that_come_after_the_hour_are_still_seen() -> None:
    """The last minutes of 03:00 are reported at 04:04."""
    found = spike(burn(60, 0, as_of=at(4, 4)))

    assert found is not None
    assert (at(3), at(4, 4)) == (found.since, found.until)


def test_the_minute_does_not_matter() -> None:
    """The present hour counts as a whole: the same spend is the same answer all hour long."""
    for spent, expected in ((62.4, False), (300.0, True)):
        found = [spike(burn(*(12.5,) * 5, spent, as_of=at(15, minute))) for minute in (1, 30, 59)]

        assert [expected] * 3 == [each is not None for each in found]


# Not worth it


@pytest.mark.parametrize(
    ("limit", "spent", "expected"),
    [
        ("5", 4.9, False),
        ("100", 19.99, False),
        ("100", 20, True),
        (None, 20, True),
        ("10000", 99.99, False),
        ("10000", 100, True),
        ("500000", 4999, False),
        ("500000", 5000, True),
    ],
)
def test_it_costs_twenty_dollars_and_a_hundredth_of_the_limit(
    limit: str | None, spent: float, expected: bool
) -> None:
    """Below either nobody would get up at night."""
    assert expected is (spike(burn(spent, as_of=at(3, 30), limit=limit)) is not None)


def test_the_usual_is_not_part_of_what_it_costs() -> None:
    """$75 of six office hours are usual; $400 more are a hundredth of $40,000."""
    day = (12.5,) * 5

    assert spike(burn(*day, 412.49, as_of=at(15, 30), limit="40000")) is None
    assert spike(burn(*day, 412.50, as_of=at(15, 30), limit="40000")) is not None


def test_a_credit_takes_nothing_off_a_spike() -> None:
    """It is booked in the hour after the loop."""
    found = spike(burn(30, -30, as_of=at(4, 5)))

    assert found is not None
    assert micros(30) == found.spent


def test_what_a_team_does_now_and_then_is_no_spike() -> None:
    """Its batch of $60 runs in another hour each time: half as much again is a spike."""
    assert spike(burn(60, as_of=at(3, 30), swing="60")) is None
    assert spike(burn(90, as_of=at(3, 30), swing="60")) is not None


def test_the_swing_is_that_of_the_second_worst_day() -> None:
    """A runaway of yesterday does not hide the one of today; two of a kind are a habit."""
    pattern = learn(weeks(56, week=(0,) * 6 + (1,), hours=HOURS_9_TO_17), CALENDAR)
    hours = [ZERO] * (28 * 24)
    assert swing(hours, pattern, at(0)) == ZERO
    hours[30] = micros(500)
    assert swing(hours, pattern, at(0)) == ZERO
    hours[100] = micros(70)

    assert swing(hours, pattern, at(0)) == micros(70)


def test_the_swing_is_what_exceeds_the_normal() -> None:
    """$12.50 of the $20 of each of six office hours are usual."""
    day = [micros(20) if 9 <= hour < 17 else ZERO for hour in range(24)]

    assert swing(day * 2, OFFICE, at(0, day=date(2026, 11, 20))) == micros(45)
    assert swing(day[:5], OFFICE, at(0)) == ZERO


# Where no normal is known


@pytest.mark.parametrize(
    "pattern",
    [
        learn(replace(amounts(1, 1), hours=HOURS_9_TO_17), CALENDAR),
        learn(replace(amounts(*[0] * 30), hours=HOURS_9_TO_17), CALENDAR),
        learn(weeks(56), CALENDAR),
    ],
    ids=["two days of history", "asleep", "only days are known"],
)
def test_without_a_normal_the_limit_is_the_measure(pattern: Pattern) -> None:
    """2 % of a month's limit in the hour and 5 % in six, whatever little was spent before."""
    one = spike(burn(200, as_of=at(3, 30), pattern=pattern, limit="7200"))
    even = spike(burn(*(61,) * 6, as_of=at(3, 30), pattern=pattern, limit="7200"))
    found = spike(burn(200, 161, as_of=at(3, 30), pattern=pattern, limit="7200"))

    assert (None, None) == (one, even)
    assert found is not None
    assert found.planned
    assert (
        found.sentence(NEW_YORK) == "$361 from Mon 16 Nov 02:00 to 03:30, 24 times the planned $15."
    )


def test_without_a_normal_and_a_limit_there_is_no_spike() -> None:
    """Nothing to hold it against."""
    unknown = burn(10_000, as_of=at(3), pattern=learn(amounts(), CALENDAR), limit=None)

    assert spike(unknown) is None
    assert spike_at(unknown, micros(10_000)) is None


# When to look


def test_the_next_look_at_night_is_at_the_minimum() -> None:
    """From 03:00 to midnight it takes $20 more than nothing, the least in any of those hours."""
    quiet = burn(0, as_of=at(3, 10))

    assert spike_at(quiet, micros(700)) == micros(720)
    assert spike_at(quiet, micros(700), until=at(23) + HOUR) == micros(720)


def test_the_next_look_by_day_is_at_the_multiple() -> None:
    """At 15:00 with $10 in the hour and the usual before it, until 16:00; the night comes later."""
    busy = burn(*(12.5,) * 5, 10, as_of=at(15, 10))

    assert spike_at(busy, micros(700)) == micros(700) + micros("152.50")
    assert spike_at(busy, micros(700), until=at(23) + HOUR) == micros(720)


# The stage


def stage(found: Spike | None, spent: str, limit: str | None = "2000") -> Reached | None:
    """Of a budget with a lead time of a day."""
    budget = replace(BUDGET, lead_time=Span(timedelta(days=1)))
    ceiling = None if limit is None else micros(limit)
    return by_spike(budget, found, micros(spent), ceiling, CALENDAR, at(4))


def test_a_spike_asks_for_a_response_at_once() -> None:
    """$20 an hour are $480 a day: intervene with $480 left or less."""
    found = Spike(micros(40), ZERO, at(2), at(4))

    assert stage(found, "1519.99") == Reached(Stage.RESPOND, Reason.SPIKE)
    assert stage(found, "1520") == Reached(Stage.INTERVENE, Reason.SPIKE)
    assert stage(found, "1520", limit=None) == Reached(Stage.RESPOND, Reason.SPIKE)
    assert stage(None, "1520") is None


def test_who_does_not_count_in_lead_times_is_asked_for_a_response() -> None:
    """`intervene` by a share of the limit alone."""
    budget = replace(BUDGET, thresholds=replace(BUDGET.thresholds, intervene_lead_times=None))
    found = Spike(micros(400), ZERO, at(3), at(4))

    assert Reached(Stage.RESPOND, Reason.SPIKE) == by_spike(
        budget, found, micros(99), micros(100), CALENDAR, at(4)
    )


def test_minutes_are_no_rate() -> None:
    """$20 in the first two minutes are taken for $20 an hour, not for $600."""
    assert stage(Spike(micros(20), ZERO, at(4), at(4, 2)), "1500") == Reached(
        Stage.RESPOND, Reason.SPIKE
    )


def test_a_loop_over_midnight_is_one_spike() -> None:
    """It is told for the local day on which it began."""
    found = spike(burn(40, 40, 40, as_of=at(1, 10)))

    assert found is not None
    assert date(2026, 11, 15) == found.day(NEW_YORK)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Spike(micros(480), micros(40), at(2), at(4)), "$480 from Mon 16 Nov 02:00 to 04:00, 12 times the usual $40."),
        (Spike(micros(25), micros(2), at(4), at(4, 20)), "$25 from Mon 16 Nov 04:00 to 04:20, 12 times the usual $2."),
        (Spike(micros(25), micros(2), at(0) - HOUR, at(4, 20)), "$25 from Sun 15 Nov 23:00 to Mon 16 Nov 04:20, 12 times the usual $2."),
        (Spike(micros(25), ZERO, at(3), at(3)), "$25 at 03:00, where next to nothing is usual."),
    ],
)  # fmt: skip
def test_the_sentence(found: Spike, expected: str) -> None:
    """How much, since when, and what is usual."""
    assert expected == found.sentence(NEW_YORK)


def test_at_a_limit_that_is_reached_a_spike_is_no_milder_stage() -> None:
    """Spend that goes on beyond the limit is told as exhausted, not as a limit that is still to come."""
    found = spike(burn(40, 20, as_of=at(3, 30)))
    reached = by_spike(BUDGET, found, micros("107"), micros("100"), CALENDAR, at(3, 30))

    assert Reached(Stage.EXHAUSTED, Reason.SPIKE) == reached


# What holds for every series


def series(
    zone: ZoneInfo, first: date, days: int, spend: Callable[[datetime], int]
) -> tuple[datetime, list[Micros], History]:
    """
    Full hours of UTC from the first local day on, and the history of those days.

    Made of quarters, so that a zone whose hours begin at a quarter to is right as well.
    """
    starts_at = midnight(first, zone)
    ends_at = midnight(first + timedelta(days), zone)
    by_hour: dict[datetime, int] = {}
    by_day, by_local_hour = [0] * days, [0] * 24
    moment = starts_at
    while moment < ends_at:
        local = moment.astimezone(zone)
        amount = spend(local)
        utc = moment.astimezone(UTC).replace(minute=0)
        by_hour[utc] = by_hour.get(utc, 0) + amount
        by_day[(local.date() - first).days] += amount
        by_local_hour[local.hour] += amount
        moment += timedelta(minutes=15)
    begin = min(by_hour)
    hours = [Micros(by_hour[begin + n * HOUR]) for n in range(len(by_hour))]
    history = History(
        first, [Micros(a) for a in by_day[:-2]], [Micros(amount) for amount in by_local_hour]
    )
    return begin, hours, history


CLOCKS_CHANGE = (
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Australia/Adelaide", date(2026, 4, 5)),  # half past
    ("Australia/Adelaide", date(2026, 10, 4)),
    ("Asia/Kathmandu", date(2026, 5, 1)),  # never, and its hours begin at a quarter to
)


@QUICK
@given(
    st.sampled_from(CLOCKS_CHANGE),
    st.integers(1, 2),
    st.integers(28, 44),
    st.lists(st.sampled_from([0, 1, 20, 300]), min_size=7, max_size=7),
    st.lists(st.sampled_from([0, 1, 8, 60]), min_size=24, max_size=24),
)
def test_a_week_like_every_week_has_no_spike(
    change: tuple[str, date], after: int, days: int, week: list[int], day: list[int]
) -> None:
    """Whatever weekdays and hours cost, by the multiples alone, and on the days the clocks change."""
    zone, first = ZoneInfo(change[0]), change[1] + timedelta(after - days)

    def spend(moment: datetime) -> int:
        return 10_000 * week[moment.weekday()] * day[moment.hour]

    begin, hours, history = series(zone, first, days, spend)
    pattern = learn(history, WorkCalendar(zone))
    period = period_at(begin, Cadence.MONTH, zone)

    for end in range(len(hours) - 48, len(hours)):
        as_of = begin + end * HOUR + timedelta(minutes=59)
        quiet = Burn(hours[end - 30 : end + 1], as_of, period, None, pattern)

        assert spike(quiet, MULTIPLES) is None


@QUICK
@given(
    st.dictionaries(st.integers(0, 167), st.integers(1, 10**9), min_size=1, max_size=40),
    st.integers(0, 47),
)
def test_no_habit_of_a_week_is_a_spike(week: dict[int, int], hour: int) -> None:
    """Where each weekday has its own hours, which no pattern knows, the swing does."""

    def spend(moment: datetime) -> int:
        return week.get(moment.weekday() * 24 + moment.hour, 0)

    utc = ZoneInfo("UTC")
    begin, hours, history = series(utc, date(2026, 8, 3), 58, spend)
    pattern = learn(history, WorkCalendar(utc))
    today = len(hours) - 48
    usual = swing(hours[today - 28 * 24 : today], pattern, begin + today * HOUR)
    end = today + hour
    as_of = begin + end * HOUR + timedelta(minutes=59)
    period = period_at(begin, Cadence.MONTH, utc)

    assert spike(Burn(hours[end - 30 : end + 1], as_of, period, None, pattern, usual)) is None


HOURLY = st.lists(st.integers(-(10**7), 10**9), min_size=2, max_size=48)
PATTERNS = st.sampled_from(
    [
        OFFICE,
        learn(weeks(56, week=(24,) * 7, hours=(micros(1),) * 23 + (micros(2),)), CALENDAR),
        learn(amounts(5, 50, 500, 5), CALENDAR),
        learn(amounts(), CALENDAR),
    ]
)


@st.composite
def burns(draw: st.DrawFn) -> Burn:
    """Any hours, moment, limit and swing."""
    second = draw(st.integers(0, 10 * 86_400))
    return Burn(
        [Micros(amount) for amount in draw(HOURLY)],
        at(0) + timedelta(seconds=second),
        month(),
        draw(st.one_of(st.none(), st.integers(0, 10**12).map(Micros))),
        draw(PATTERNS),
        Micros(draw(st.integers(0, 10**9))),
    )


def spent_more(found: Burn, extra: Sequence[int]) -> Burn:
    """The same with more in the last hours."""
    hours = list(found.hours)
    for index, amount in enumerate(extra[: len(hours)], 1):
        hours[-index] = Micros(hours[-index] + amount)
    return replace(found, hours=hours)


@QUICK
@given(burns(), st.integers(0, 10**12))
def test_it_is_looked_at_just_when_there_is_one(found: Burn, spent: int) -> None:
    """Until the full hour: at that spend a spike, and below it none."""
    threshold = spike_at(found, Micros(spent))

    assert (spike(found) is not None) == (threshold is not None and spent >= threshold)


@QUICK
@given(burns(), st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_below_the_next_look_there_is_no_spike(found: Burn, extra: list[int]) -> None:
    """However the added spend falls on the hours; all in the present hour at it: there is one."""
    threshold = spike_at(found, ZERO)
    if threshold is None or threshold <= 0:
        return

    if sum(extra) < threshold:
        assert spike(spent_more(found, extra)) is None
    exactly = [spike(spent_more(found, each)) for each in ([threshold], [0, threshold])]
    assert any(each is not None for each in exactly)


@QUICK
@given(burns(), st.integers(1, 20), st.lists(st.integers(0, 10**9), min_size=20, max_size=20))
def test_the_look_of_the_day_holds_for_all_its_hours(
    found: Burn, later: int, extra: list[int]
) -> None:
    """Below the lowest of the hours ahead there is no spike in any, whichever hours the spend is in."""
    until = found.as_of + later * HOUR
    threshold = spike_at(found, ZERO, until=until)
    first = spike_at(found, ZERO)
    if threshold is None or first is None:
        assert threshold is first
        return

    assert threshold <= first

    now = replace(found, hours=[*found.hours, *[ZERO] * (later - 1)], as_of=until - HOUR)
    shares = [amount * max(0, threshold - 1) // max(1, sum(extra[:later])) for amount in extra]
    if threshold > 0:
        assert spike(spent_more(now, shares[:later])) is None


@QUICK
@given(burns(), st.integers(0, 10**9), st.integers(0, 10**12))
def test_more_spend_makes_a_spike_and_a_higher_limit_ends_it(
    found: Burn, more: int, limit: int
) -> None:
    """Never the other way round."""
    if spike(found) is not None:
        assert spike(spent_more(found, [more])) is not None
        if found.limit is not None:
            lower = replace(found, limit=Micros(min(found.limit, limit)))
            assert not found.limit or not lower.limit or spike(lower) is not None


@QUICK
@given(burns(), st.integers(2, 1000))
def test_amounts_scale(found: Burn, factor: int) -> None:
    """The same spend in another currency is the same spike, but for roundings."""
    rule = SpikeRule(minimum=micros(20), percent=1)
    scaled = SpikeRule(minimum=Micros(rule.minimum * factor), percent=1)
    pattern = replace(
        found.pattern,
        profile=replace(
            found.pattern.profile,
            averages=tuple(a * factor for a in found.pattern.profile.averages),
        ),
    )
    more = Burn(
        [Micros(amount * factor) for amount in found.hours],
        found.as_of,
        found.period,
        None if found.limit is None else Micros(found.limit * factor),
        pattern,
        Micros(found.swing * factor),
    )
    one, other = spike_at(found, ZERO, rule=rule), spike_at(more, ZERO, rule=scaled)

    if one is None or other is None:
        assert one is other
    else:
        assert abs(one * factor - other) <= 40 * factor


@QUICK
@given(burns())
def test_every_spike_has_its_sentence_and_its_time(found: Burn) -> None:
    """Between the first of the hours and now, with money spent, in one sentence."""
    seen = spike(found)
    if seen is not None:
        assert found.as_of - 49 * HOUR < seen.since <= seen.until == found.as_of
        assert seen.normal >= 0
        said = seen.sentence(found.pattern.calendar.time_zone)
        assert said.endswith(".")
        assert "None" not in said
