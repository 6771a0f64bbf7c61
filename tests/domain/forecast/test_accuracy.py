"""What the benchmark measures, kept from getting worse: a few seeded months, no rivals fitted."""

from statistics import fmean

import pytest

from benchmarks.forecasting.methods import linear, ours, predict, seasonal_naive
from benchmarks.forecasting.synthetic import TEAMS, series


@pytest.mark.parametrize("team", TEAMS)
def test_early_in_the_month_the_forecast_beats_the_run_rate(team: str) -> None:
    """On day 3, for every kind of team; by a third and more where weekends are idle."""
    months = series(team, 30)
    error, rate = (
        fmean(abs(method(m, 3) - m.total) / m.total for m in months) for method in (ours, linear)
    )

    assert error < rate * (2 / 3 if "weekend" in team else 1)


def test_two_days_after_a_step_the_forecast_has_followed() -> None:
    """On day 10, after the spend doubled on day 9, the error is at most half of the week's before."""
    months = series("step_inside", 30)
    error, naive = (
        fmean(abs(method(m, 10) - m.total) / m.total for m in months)
        for method in (ours, seasonal_naive)
    )

    assert error < naive / 2


def test_about_four_of_five_months_stay_below_p80() -> None:
    """The quantile keeps its word for teams whose level does not break."""
    months = [*series("coding_weekend", 40), *series("nightly_batch", 40)]
    kept = [m.total * 1e6 <= (predict(m, day).p80 or 0) for m in months for day in (3, 10, 20)]

    assert 0.7 < fmean(kept) < 0.9
