"""A forecast in one sentence, for people."""

import pytest

from bot.domain.forecast import sentence
from bot.domain.periods import Cadence, midnight, period_at
from tests.domain.forecast.histories import NEW_YORK, TODAY, amounts, at, outlook, weeks


def test_a_steady_team_reads_its_weekday_and_what_is_to_come() -> None:
    """The weekday is today's, the amount its average, the rest the forecast less what is spent."""
    week = (410, 400, 400, 400, 400, 0, 0)

    assert sentence(outlook(weeks(56, week), spent="5000")) == (
        "Your last 4 Mondays averaged $410; at that level the rest of November costs $4,430."
    )


def test_a_step_is_told_with_its_day() -> None:
    """Since when, and how many times the average that is."""
    assert sentence(outlook(amounts(*[100.0] * 50, *[250.0] * 6))) == (
        "Your last 4 Mondays averaged $100 and since 10 November you spend 2.5 times that; "
        "at that level the rest of November costs $3,750."
    )


def test_a_slow_change_is_told_in_per_cent() -> None:
    """More or less than the average, when it is more than 5 per cent."""
    rising = sentence(outlook(amounts(*[100 + 4 * n for n in range(56)])))
    falling = sentence(outlook(amounts(*[200 - 2 * n for n in range(56)])))

    assert " and lately you spend 14 % more; " in rising
    assert " and lately you spend 15 % less; " in falling


def test_a_young_budget_is_told_that_it_is_young() -> None:
    """The trailing mean, and why it is not to be trusted."""
    assert sentence(outlook(amounts(10, 10, 10, 10))) == (
        "Your last 4 days averaged $10 a day; at that level the rest of November costs $150 "
        "(low confidence: less than 14 days of history)."
    )


def test_a_young_budget_that_begins_to_spend_more_says_so() -> None:
    """What is to come is more than the trailing mean, and the sentence adds up."""
    found = sentence(outlook(amounts(10, 10, 10, 10), today="60", as_of=at(12)))

    assert found.startswith("Your last 4 days averaged $10 a day and with today you spend ")
    assert " times that; at that level the rest of November costs $" in found


def test_without_history_that_is_said() -> None:
    """No number is better than a wrong one."""
    assert sentence(outlook(amounts(10))) == "Less than 3 days of history: no forecast yet."


def test_on_an_idle_day_the_dearest_weekday_is_named() -> None:
    """Sundays averaged nothing, which explains nothing."""
    week = (100, 100, 150, 100, 100, 0, 0)
    sunday = TODAY.replace(day=15)
    found = outlook(weeks(56, week, until=sunday), as_of=midnight(sunday, NEW_YORK))

    assert sentence(found).startswith("Your last 4 Wednesdays averaged $150; ")


@pytest.mark.parametrize(
    ("cadence", "name"),
    [
        (Cadence.DAY, "the rest of today"),
        (Cadence.WEEK, "the rest of the week"),
        (Cadence.MONTH, "the rest of November"),
        (Cadence.QUARTER, "the rest of the quarter"),
    ],
)
def test_a_period_has_its_name(cadence: Cadence, name: str) -> None:
    """A month by its own, the others by what they are."""
    period = period_at(midnight(TODAY, NEW_YORK), cadence, NEW_YORK)

    assert name in sentence(outlook(weeks(56), period=period))
