"""Replay: what would have fired, when, and from nothing but what was known then."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings

from bot.domain.backtest import FIXED_80, NAMES, POLICY, RUNWAY, fired_by, rule_sets, walk
from bot.domain.budgets import Budget, Stage, Thresholds
from bot.domain.money import Micros
from bot.domain.periods import midnight
from bot.domain.stages import Reason
from tests.domain.backtest.pasts import CALENDAR, SEARCH, days, hourly, hours, month, walked
from tests.domain.values import HOUR, NEW_YORK

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
Past = tuple[list[int], int, int, Budget]


def test_a_fixed_share_fires_at_its_share() -> None:
    """$10 a day of $200: 80 % is there after 16 days, the limit after 20."""
    found = walked(days(*[10] * 62), 9, 200)
    alerts = fired_by(found, rule_sets(SEARCH), CALENDAR)[FIXED_80]

    sixteenth = midnight(date(2026, 9, 17), NEW_YORK)
    assert [(sixteenth, RESPOND), (sixteenth + timedelta(3), INTERVENE)] == [
        (alert.at, alert.stage) for alert in alerts[:2]
    ]
    assert midnight(date(2026, 9, 21), NEW_YORK) == found.reached_at
    assert [EXHAUSTED] == [alert.stage for alert in alerts[2:]]


def test_runway_fires_by_the_lead_time() -> None:
    """Two lead times before the limit respond, found twice; one before it intervene, at once."""
    alerts = fired_by(walked(days(*[10] * 62), 9, 200), rule_sets(SEARCH), CALENDAR)[RUNWAY]

    assert [LOOK, RESPOND, INTERVENE] == [alert.stage for alert in alerts]
    assert [11, 15] == [alert.at.astimezone(NEW_YORK).day - 1 for alert in alerts[1:]]
    assert [Reason.FORECAST, Reason.RUNWAY, Reason.RUNWAY] == [a.reason for a in alerts]


def test_the_policy_fires_by_whichever_comes_first() -> None:
    """Half of the limit is a look; the rest comes by time, here."""
    policy = replace(SEARCH, thresholds=Thresholds(look=10))
    alerts = fired_by(walked(days(*[10] * 62), 9, 200), rule_sets(policy), CALENDAR)[POLICY]

    assert [LOOK, RESPOND, INTERVENE, EXHAUSTED] == [alert.stage for alert in alerts]


def test_with_less_than_three_days_of_history_only_the_per_cent_count() -> None:
    """The first day of the first month costs half of the limit: it is no runway yet."""
    found = walked(days(*[50] * 2, *[0] * 29), 8, 100)
    alerts = fired_by(found, rule_sets(SEARCH), CALENDAR)

    assert [LOOK, EXHAUSTED] == [alert.stage for alert in alerts[POLICY]]
    assert () == tuple(a for a in alerts[RUNWAY] if a.at < midnight(date(2026, 8, 4), NEW_YORK))


def test_where_the_policy_counts_no_time_runway_shows_the_defaults() -> None:
    """Otherwise there would be nothing to compare."""
    timeless = Thresholds(look_forecast=None, respond_lead_times=None, intervene_lead_times=None)
    rules = {r.name: r for r in rule_sets(replace(SEARCH, thresholds=timeless))}

    assert Thresholds() == rules[RUNWAY].budget.thresholds
    assert timeless == rules[POLICY].budget.thresholds


def test_a_limit_that_is_just_reached_is_no_overrun() -> None:
    """And one that a credit took back is one: somebody could not work for a while."""
    exact = walked(days(*[10] * 61), 9, 300)
    credited = walked(days(*[10] * 60, -50), 9, 280)

    assert (None, 300_000_000) == (exact.reached_at, exact.peak)
    assert (240_000_000, 290_000_000) == (credited.spent, credited.peak)
    assert midnight(date(2026, 9, 29), NEW_YORK) == credited.reached_at


def test_within_an_hour_the_spend_is_even() -> None:
    """The limit is reached half way through the hour that costs twice what is left."""
    found = walk(hours([1] * 100 + [1000] + [0] * 700), month(8), Micros(600), CALENDAR)

    start = midnight(date(2026, 8, 1), NEW_YORK)
    assert start + 100.5 * HOUR == found.reached_at


@settings(max_examples=12, deadline=None)
@given(hourly())
def test_the_future_changes_no_alert_before_it(past: Past) -> None:
    """No peeking: whatever is spent from an hour on, all that fired up to that hour stays."""
    amounts, limit, cut, budget = past
    other = amounts[:cut] + [17_000_000] * (len(amounts) - cut)
    known_until = midnight(date(2026, 8, 1), NEW_YORK) + cut * HOUR
    found = [
        fired_by(
            walk(hours(series), month(9), Micros(limit), CALENDAR), rule_sets(budget), CALENDAR
        )
        for series in (amounts, other)
    ]

    for name in NAMES:
        one, two = ([a for a in alerts[name] if a.at <= known_until] for alerts in found)
        assert one == two


@settings(max_examples=12, deadline=None)
@given(hourly())
def test_every_stage_fires_once_and_a_worse_one_mutes_the_milder(past: Past) -> None:
    """At most four alerts in a period, each worse than the one before; spikes are told beside them."""
    amounts, limit, _, budget = past
    found = walk(hours(amounts), month(9), Micros(limit), CALENDAR)

    for alerts in fired_by(found, rule_sets(budget), CALENDAR).values():
        stages = [alert for alert in alerts if alert.reason is not Reason.SPIKE]
        assert all(a.stage < b.stage and a.at < b.at for a, b in pairwise(stages))


def test_a_runaway_loop_is_told_within_the_hour_by_the_policy_alone() -> None:
    """$3 to $6 an hour, then three of $300: the limit is far, the share small, the loop is not."""
    amounts = [3_000_000 * (1 + (8 <= n % 24 < 18)) for n in range(24 * 61)]
    start = 24 * 40 + 14
    amounts[start : start + 3] = [300_000_000] * 3
    found = walk(hours(amounts), month(9), Micros(9_000_000_000), CALENDAR)
    alerts = fired_by(found, rule_sets(SEARCH), CALENDAR)

    began = midnight(date(2026, 8, 1), NEW_YORK) + start * HOUR
    first = alerts[POLICY][0]
    assert (began + HOUR, Reason.SPIKE) == (first.at, first.reason)
    assert first.stage >= RESPOND
    assert () == alerts[FIXED_80]
    assert Reason.SPIKE not in {alert.reason for alert in alerts[RUNWAY]}


def test_a_milder_stage_after_a_worse_one_is_no_news() -> None:
    """96 % of the limit, then a credit to 82 %: the owner was told of worse."""
    series = days(*[1] * 31, 192, -28, *[0] * 28)
    alerts = fired_by(walked(series, 9, 200), rule_sets(SEARCH), CALENDAR)[FIXED_80]

    assert [INTERVENE] == [alert.stage for alert in alerts]
