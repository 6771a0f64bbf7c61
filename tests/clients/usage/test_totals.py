"""What a source itself says that a day cost, to compare our own sums with."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clients.usage import Totals, UsageSource
from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.errors import SourceDataError, SourceRefused, SourceUnavailable
from bot.clients.usage.usage_report import UsageReportSource
from bot.domain.money import micros
from bot.domain.usage import DayTotal, Tokens, Window
from bot.sandbox.usage import UsageApi

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
TOKENS = Tokens(100, 20, 30, 40, 50)


@pytest.fixture
def older(api: UsageApi, sleeps: list[float]) -> Iterator[UsageReportSource]:
    """The older reports, read with the admin key."""
    with UsageReportSource(
        api.admin_key, api.url, sleep=sleeps.append, clock=api.clock, patience=3.0
    ) as source:
        yield source


@pytest.fixture
def week(now: datetime) -> Window:
    """The last seven days, from the present hour on."""
    return Window(now - 3 * DAY, now)


def test_both_have_totals(source: AnthropicSource, older: UsageReportSource) -> None:
    """Both sources say what a day cost; whether a source does can be asked."""
    sources: list[UsageSource] = [source, older]

    assert [True, True] == [isinstance(each, Totals) for each in sources]


def test_analytics(api: UsageApi, source: AnthropicSource, week: Window, now: datetime) -> None:
    """Whole days only, undivided, net and list; a day without spend is one of 0."""
    for at, usd, gross in (
        (TODAY - DAY, "1.25", "2"),
        (TODAY - HOUR, "2.50", "3"),
        (TODAY, "100", "100"),  # today
        (now - 3 * DAY, "100", "100"),  # of a day that is only partly in the window
    ):
        api.spend(at, usd, gross, workspace=f"team-{usd}", tokens=TOKENS)

    totals = source.totals(week, now)

    assert (
        DayTotal(date(2026, 11, 21), micros(0), micros(0)),
        DayTotal(date(2026, 11, 22), micros("3.75"), micros(5)),
    ) == totals
    [asked] = api.requests
    assert "1d" == dict(asked.parameters)["time_bucket_width"]
    assert "group_by[]" not in dict(asked.parameters)


def test_analytics_after_the_refresh(
    api: UsageApi, source: AnthropicSource, week: Window, now: datetime
) -> None:
    """A day after whose end nothing was refreshed yet is incomplete, and not told."""
    api.spend(TODAY - DAY, "1", visible_at=TODAY - DAY)
    api.refresh_lag = now - TODAY + HOUR

    assert [date(2026, 11, 21)] == [total.day for total in source.totals(week, now)]


def test_long_windows(api: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """Seventy days are asked for in parts of at most 31, each day once."""
    for days in range(1, 70):
        api.spend(now - days * DAY, "1")

    totals = source.totals(Window(now - 70 * DAY, now), now)

    assert (69, {micros(1)}) == (len({t.day for t in totals}), {t.net for t in totals})
    assert (69, 3) == (len(totals), len(api.requests))


@pytest.mark.parametrize("hours", [1, 14, 37])
def test_no_whole_day(
    api: UsageApi,
    source: AnthropicSource,
    older: UsageReportSource,
    now: datetime,
    hours: int,
) -> None:
    """A window without a whole day has no totals, and nothing is asked."""
    window = Window(now - hours * HOUR, now)

    assert ((), (), 0) == (
        source.totals(window, now),
        older.totals(window, now),
        len(api.requests),
    )


def test_cost_report(api: UsageApi, older: UsageReportSource, week: Window, now: datetime) -> None:
    """One amount, which stands for list too, without Priority Tier; a day without one is left out."""
    api.spend(TODAY - DAY, "1.25", "2", tokens=TOKENS)
    api.spend(TODAY - DAY, "2.50", "3", cost_type="code_execution")
    api.spend(TODAY - DAY, "50", tokens=TOKENS, dimensions={"service_tier": "priority"})

    assert (DayTotal(date(2026, 11, 22), micros("3.75"), micros("3.75")),) == (
        older.totals(week, now)
    )
    assert ["cost_report"] == [seen.path.rpartition("/")[2] for seen in api.requests]


def test_a_day_that_is_not_billed_yet(
    api: UsageApi, older: UsageReportSource, week: Window, now: datetime
) -> None:
    """The last day may be over and not in the cost report yet: nothing is said of it."""
    api.spend(TODAY - 2 * DAY, "1", tokens=TOKENS)
    api.spend(TODAY - DAY, "2", tokens=TOKENS)
    api.cost_lag = timedelta(hours=15)

    assert [date(2026, 11, 21)] == [total.day for total in older.totals(week, now)]


@pytest.mark.parametrize(("status", "error"), [(403, SourceRefused), (503, SourceUnavailable)])
def test_trouble(
    api: UsageApi,
    source: AnthropicSource,
    older: UsageReportSource,
    week: Window,
    now: datetime,
    status: int,
    error: type[Exception],
) -> None:
    """A total that cannot be read is an error, never 0."""
    api.faults.add("status", times=None, status=status)

    with pytest.raises(error):
        source.totals(week, now)
    with pytest.raises(error):
        older.totals(week, now)


@pytest.mark.parametrize("shift", [-3 * DAY, HOUR])
def test_other_days(
    api: UsageApi,
    source: AnthropicSource,
    older: UsageReportSource,
    week: Window,
    now: datetime,
    shift: timedelta,
) -> None:
    """A total of another day or of another width than asked for is not believed."""
    api.spend(TODAY - DAY, "1", tokens=TOKENS)

    def move(body: dict[str, object]) -> object:
        for row in body["data"]:  # type: ignore[attr-defined]
            row["starting_at"] = f"{TODAY - DAY + shift}"
        return body

    api.faults.add("edit", "cost", times=None, edit=move)

    with pytest.raises(SourceDataError, match="asked for"):
        source.totals(week, now)
    with pytest.raises(SourceDataError, match="bucket"):
        older.totals(week, now)
