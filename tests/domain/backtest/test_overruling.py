"""Replays in which a forecast overrules a share: fewer alarms, none later than by time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.backtest import FIXED_80, POLICY, RUNWAY, Fired, fired_by, rule_sets
from bot.domain.budgets import Stage, Thresholds
from bot.domain.stages import Reason
from tests.domain.backtest.pasts import CALENDAR, SEARCH, days, walked

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
OFF = replace(SEARCH, thresholds=Thresholds(trust_forecast_after=None))
MONTHS = st.tuples(
    st.lists(st.integers(0, 40), min_size=7, max_size=7),  # a week in August
    st.lists(st.integers(0, 60), min_size=30, max_size=30),  # September
    st.integers(50, 1500),
)


def policy_of(*amounts: int, limit: int, off: bool = False) -> list[Stage]:
    """The stages of September, by the policy."""
    found = walked(days(*amounts), 9, limit)
    return [a.stage for a in fired_by(found, rule_sets(OFF if off else SEARCH), CALENDAR)[POLICY]]


def first(alerts: Sequence[Fired], stage: Stage) -> datetime | None:
    """When that stage or a worse one fired, but for spikes."""
    found = [a.at for a in alerts if a.stage >= stage and a.reason is not Reason.SPIKE]
    return min(found, default=None)


def test_a_steady_month_is_quiet() -> None:
    """$10 a day of $305: half, 80 and 95 per cent are passed, and the limit is not."""
    steady = [10] * 61

    assert [] == policy_of(*steady, limit=305)
    assert [LOOK, RESPOND, INTERVENE] == policy_of(*steady, limit=305, off=True)


def test_a_month_that_runs_over_is_not() -> None:
    """The same month with $60 less to spend."""
    assert [LOOK, RESPOND, INTERVENE, EXHAUSTED] == policy_of(*[10] * 61, limit=255)


def test_without_four_weeks_before_it_shares_count() -> None:
    """Nine days of August are too few; they become enough when most of the month is over."""
    young = [0] * 22 + [10] * 39

    assert [LOOK] == policy_of(*young, limit=315)
    assert [LOOK, RESPOND] == policy_of(*young, limit=315, off=True)


def test_a_fixed_share_stays_fixed() -> None:
    """What ours is compared with is 80 per cent, whatever any forecast says."""
    found = walked(days(*[10] * 61), 9, 305)
    alerts = {b: fired_by(found, rule_sets(b), CALENDAR)[FIXED_80] for b in (SEARCH, OFF)}

    assert [RESPOND, INTERVENE] == [alert.stage for alert in alerts[SEARCH]]
    assert alerts[OFF] == alerts[SEARCH]


@settings(max_examples=25, deadline=None)
@given(MONTHS)
def test_never_later_than_by_time_nor_louder_than_by_share(
    past: tuple[list[int], list[int], int],
) -> None:
    """Whatever fires by time fires as early; whatever fires would have fired without the forecast."""
    week, september, limit = past
    found = walked(days(*(week * 5)[:31], *september), 9, limit)
    ours = fired_by(found, rule_sets(SEARCH), CALENDAR)
    plain = fired_by(found, rule_sets(OFF), CALENDAR)[POLICY]

    for stage in Stage:
        by_time, by_both, by_any = (
            first(alerts, stage) for alerts in (ours[RUNWAY], ours[POLICY], plain)
        )
        assert by_time is None or (by_both is not None and by_both <= by_time)
        assert by_both is None or (by_any is not None and by_any <= by_both)
    assert first(plain, EXHAUSTED) == first(ours[POLICY], EXHAUSTED)
