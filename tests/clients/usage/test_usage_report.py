"""The older usage report as a source: every token once, priced by our own table."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    AnswerTooLarge,
    PageLoop,
    SourceDataError,
    SourceRefused,
    SourceUnavailable,
)
from bot.clients.usage.usage_report import UsageReportSource
from bot.domain.money import micros
from bot.domain.pricing import price
from bot.domain.usage import Tokens, Window
from bot.sandbox.usage import UsageApi

HOUR = timedelta(hours=1)
MILLION = 10**6
TOKENS = Tokens(100, 20, 30, 40, 50)
REPORT = "usage_report/messages"


@pytest.fixture
def source(api: UsageApi, sleeps: list[float]) -> Iterator[UsageReportSource]:
    """The report, read with the admin key."""
    with UsageReportSource(
        api.admin_key, api.url, sleep=sleeps.append, clock=api.clock, patience=3.0
    ) as source:
        yield source


def test_row(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """A row carries its hour, its dimensions and tokens, and an estimate at list price."""
    workspace = api.add_workspace("team-search")
    key = api.add_api_key("search-prod", "team-search")
    api.spend(now - HOUR, "99", workspace="team-search", api_key="search-prod", tokens=TOKENS)

    [row] = source.fetch(day, now).rows

    assert (now - HOUR).replace(minute=0) == row.starts_at
    assert now.replace(minute=0) == row.ends_at
    assert ("usage_report", workspace, key) == (row.source, row.workspace_id, row.api_key_id)
    assert ("claude-opus-5-5", "standard", None) == (row.model, row.service_tier, row.product)
    assert (TOKENS, 0, None) == (row.tokens, row.requests, row.actor)
    assert (True, price("claude-opus-5-5", TOKENS, now)) == (row.estimated, row.net)
    assert row.net == row.list
    assert (("context_window", "0-200k"), ("inference_geo", "not_available")) == row.tags


def test_default_workspace_and_workbench(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """The default workspace has no id in this report, nor has the Workbench a key."""
    api.spend(now - HOUR, "1", tokens=TOKENS)

    [row] = source.fetch(day, now).rows

    assert (None, None) == (row.workspace_id, row.api_key_id)


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [
        ({"service_tier": "batch"}, "2"),
        ({"inference_geo": "us"}, "4.40"),
        ({"inference_geo": "us", "service_tier": "batch"}, "2.20"),
        ({"context_window": "200k-1M"}, "4"),
    ],
)
def test_multipliers(
    api: UsageApi,
    source: UsageSource,
    day: Window,
    now: datetime,
    dimensions: dict[str, str],
    expected: str,
) -> None:
    """Tier and region are grouped by, for the price hangs on them."""
    api.spend(now - HOUR, "1", tokens=Tokens(MILLION), dimensions=dimensions)

    assert micros(expected) == source.fetch(day, now).rows[0].net


@pytest.mark.parametrize(("window", "expected"), [("0-200k", "0.10"), ("200k-1M", "0.50")])
def test_long_prompts(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, window: str, expected: str
) -> None:
    """Prompts of the long window cost the long price; a large sum of short ones does not."""
    api.spend(
        now - HOUR,
        "1",
        model="claude-haiku-5-5",
        tokens=Tokens(MILLION),
        dimensions={"context_window": window},
    )

    assert micros(expected) == source.fetch(day, now).rows[0].net


def test_web_searches(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """Web searches are paid for beside the tokens."""
    api.spend(now - HOUR, "1", tokens=Tokens(MILLION), web_searches=10)

    assert micros("4.10") == source.fetch(day, now).rows[0].net


def test_the_price_of_the_day(api: UsageApi, source: UsageSource, now: datetime) -> None:
    """Usage that no bill has is priced as on its own day, not as today."""
    for at in (datetime(2026, 10, 6, 23, tzinfo=UTC), datetime(2026, 10, 7, tzinfo=UTC)):
        api.spend(at, None, model="claude-sonnet-5-5", tokens=Tokens(cache_read=MILLION))

    fetched = source.fetch(Window(now - timedelta(days=60), now), now)

    assert [micros("0.20"), micros("0.10")] == [row.net for row in fetched.rows]


def test_every_dimension_is_in_the_key(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """Rows that differ in one dimension only stay apart, and none is lost."""
    for dimensions in (
        {},
        {"service_tier": "batch"},
        {"context_window": "200k-1M"},
        {"inference_geo": "us"},
    ):
        api.spend(now - HOUR, "1", tokens=TOKENS, dimensions=dimensions)
    api.spend(now - HOUR, "1", tokens=TOKENS, model="claude-haiku-4-5")
    api.spend(now - HOUR, "1", tokens=TOKENS, api_key="one")
    api.spend(now - HOUR, "1", tokens=TOKENS, workspace="team-search")

    rows = source.fetch(day, now).rows

    keys = {(r.workspace_id, r.api_key_id, r.model, r.service_tier, r.tags) for r in rows}
    assert (7, 7) == (len(rows), len(keys))
    assert 7 * TOKENS.total == sum(row.tokens.total for row in rows)


def test_equal_keys_are_summed_before_rounding(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """The same results twice are one row, priced once: a tenth of a micro-dollar ten times is one."""
    api.spend(now - HOUR, "1", model="claude-haiku-5-5", tokens=Tokens(uncached_input=1))

    def repeat(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            bucket["results"] *= 10
        return body

    api.faults.add("edit", REPORT, edit=repeat)

    [row] = source.fetch(day, now).rows

    assert (10, 1) == (row.tokens.total, row.net)


def test_unknown_model(
    api: UsageApi,
    source: UsageReportSource,
    day: Window,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A model without a price keeps its tokens, has no money, and is warned of by name."""
    api.spend(now - HOUR, "1", model="claude-next-7", tokens=TOKENS)
    api.spend(now - 2 * HOUR, "1", model="claude-next-7", tokens=TOKENS)
    api.spend(now - HOUR, "1", model=None, tokens=TOKENS)
    api.spend(now - HOUR, "1", tokens=TOKENS)

    with caplog.at_level(logging.WARNING):
        rows = source.fetch(day, now).rows

    assert 4 * TOKENS.total == sum(row.tokens.total for row in rows)
    assert {"claude-opus-5-5"} == {row.model for row in rows if row.net}
    assert {"claude-next-7": 2, "(no model)": 1} == source.unpriced
    [warned] = [r for r in caplog.records if getattr(r, "action", "") == "usage_unpriced"]
    assert (3, ["(no model)", "claude-next-7"]) == (
        getattr(warned, "unpriced_rows", None),
        getattr(warned, "models", None),
    )


def test_unpriced_is_of_the_last_fetch(
    api: UsageApi, source: UsageReportSource, day: Window, now: datetime
) -> None:
    """What was unknown an hour ago does not stay on the list."""
    api.spend(now - 20 * HOUR, "1", model="claude-next-7", tokens=TOKENS)
    source.fetch(day, now)

    source.fetch(Window(now - HOUR, now), now)

    assert {} == source.unpriced


def test_many_pages(api: UsageApi, source: UsageSource, now: datetime) -> None:
    """168 hours come on one page; a month is read to its last one."""
    for hours in range(1, 24 * 30, 7):
        api.spend(now - hours * HOUR, "1", tokens=TOKENS)
    window = Window(now - timedelta(days=30), now)

    rows = source.fetch(window, now).rows

    asked = [dict(seen.parameters) for seen in api.requests if seen.path.endswith(REPORT)]
    asked = [parameters for parameters in asked if parameters["bucket_width"] == "1h"]
    assert len(range(1, 24 * 30, 7)) == len(rows)
    assert 5 == len(asked)
    assert {"168"} == {parameters["limit"] for parameters in asked}
    assert [False, True, True, True, True] == ["page" in parameters for parameters in asked]


def test_long_windows(api: UsageApi, source: UsageSource, now: datetime) -> None:
    """A window of half a year is read in parts, each hour once."""
    for days in range(1, 180, 10):
        api.spend(now - timedelta(days=days), "1", model="claude-opus-4-5", tokens=TOKENS)

    fetched = source.fetch(Window(now - timedelta(days=180), now), now)

    assert 18 == len(fetched.rows)
    assert 18 == len({row.starts_at for row in fetched.rows})


def test_window_and_freshness(source: UsageSource, day: Window, now: datetime) -> None:
    """The window is widened to days that are over; the report does not say how fresh it is."""
    fetched = source.fetch(day, now)

    assert datetime(2026, 11, 22, tzinfo=UTC) == fetched.window.starts_at
    assert now.replace(minute=0) + HOUR == fetched.window.ends_at
    assert ((), None) == (fetched.rows, fetched.refreshed_at)


def test_nothing_to_read(source: UsageSource, now: datetime) -> None:
    """A window wholly before what can be read is refused, not empty."""
    start = source.earliest(now) - 2 * HOUR

    with pytest.raises(SourceRefused, match="nothing can be read"):
        source.fetch(Window(start, start + HOUR), now)


def test_no_beta(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """The header of a beta the organization is not in is not sent."""
    source.fetch(day, now)

    assert {""} == {seen.beta for seen in api.requests}


def test_a_pull_that_dies_between_pages(api: UsageApi, source: UsageSource, now: datetime) -> None:
    """Half of the pages is no answer."""
    api.spend(now - HOUR, "1", tokens=TOKENS)
    api.faults.add("mid_page", REPORT, times=None, status=503)

    with pytest.raises(SourceUnavailable):
        source.fetch(Window(now - timedelta(days=30), now), now)


def test_trouble_that_passes(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, sleeps: list[float]
) -> None:
    """A page that fails once is asked for again."""
    api.spend(now - HOUR, "1", tokens=TOKENS)
    api.faults.add("status", REPORT, status=529)

    assert 1 == len(source.fetch(day, now).rows)
    assert 1 == len(sleeps)


def test_pages_in_a_circle(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """A page that is its own successor is an error, not an endless poll."""
    api.faults.add("loop", REPORT, times=None)

    with pytest.raises(PageLoop):
        source.fetch(day, now)


def test_a_promised_page_without_a_cursor(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """More pages that cannot be asked for are an error: what is missing would look like no spend."""
    api.faults.add("edit", REPORT, edit=lambda body: {**body, "has_more": True})

    with pytest.raises(SourceDataError, match="has_more is true, but next_page"):
        source.fetch(day, now)


def test_too_large_is_read_in_halves(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """A dense history that is refused as too large is read in smaller parts, each hour once."""
    for hours in range(1, 24):
        api.spend(now - hours * HOUR, "1", tokens=TOKENS)
    api.faults.add(
        "error",
        REPORT,
        times=3,
        status=400,
        type="invalid_request_error",
        message="response too large",
    )

    rows = source.fetch(day, now).rows

    assert 23 == len({row.starts_at for row in rows}) == len(rows)


def test_too_large_for_an_hour(api: UsageApi, day: Window, now: datetime) -> None:
    """An hour that is still too large is given up, with the reason."""
    api.spend(now - HOUR, "1", tokens=TOKENS)
    with (
        UsageReportSource(api.admin_key, api.url, largest_answer=100) as source,
        pytest.raises(AnswerTooLarge, match="larger than 100 bytes"),
    ):
        source.fetch(day, now)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uncached_input_tokens", -1),
        ("output_tokens", "50"),
        ("service_tier", 1),
        ("cache_creation", None),
        ("server_tool_use", {}),
    ],
)
def test_undocumented_results(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, field: str, value: object
) -> None:
    """A result that is not as documented is an error that names the field."""
    api.spend(now - HOUR, "1", tokens=TOKENS)

    def spoil(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            for result in bucket["results"]:
                result[field] = value
        return body

    api.faults.add("edit", REPORT, edit=spoil)

    with pytest.raises(SourceDataError, match=field):
        source.fetch(day, now)


@pytest.mark.parametrize("missing", ["workspace_id", "context_window", "inference_geo"])
def test_missing_dimensions(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, missing: str
) -> None:
    """A dimension that was asked for and is not there would merge rows, so it is an error."""
    api.spend(now - HOUR, "1", tokens=TOKENS)

    def drop(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            for result in bucket["results"]:
                del result[missing]
        return body

    api.faults.add("edit", REPORT, edit=drop)

    with pytest.raises(SourceDataError, match=missing):
        source.fetch(day, now)


@pytest.mark.parametrize(
    ("shift", "message"), [(timedelta(days=-2), "outside the window"), (HOUR / 2, "not that of")]
)
def test_wrong_buckets(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, shift: timedelta, message: str
) -> None:
    """A bucket from elsewhere, or of another width, is not counted here."""

    def move(body: dict[str, object]) -> object:
        bucket = body["data"][0]  # type: ignore[index]
        for name in ("starting_at", "ending_at") if shift < timedelta(0) else ("ending_at",):
            bucket[name] = (datetime.fromisoformat(bucket[name]) + shift).isoformat()
        return body

    api.faults.add("edit", REPORT, edit=move)

    with pytest.raises(SourceDataError, match=message):
        source.fetch(day, now)


def test_directory(api: UsageApi, source: UsageSource) -> None:
    """Names come as for the other source."""
    workspace = api.add_workspace("team-search")
    key = api.add_api_key("search-prod", "team-search")

    names = source.directory()

    assert "team-search" == names.workspaces[workspace].name
    assert "search-prod" == names.api_keys[key].name


@pytest.mark.parametrize("minute", [0, 20])
def test_check(api: UsageApi, now: datetime, minute: int) -> None:
    """The check names the organization, says what the dollars are, and tries the report itself."""
    api.clock = lambda: now.replace(minute=minute)
    with UsageReportSource(api.admin_key, api.url, clock=api.clock) as source:
        line = source.check()

    assert "Acme (dollars are estimated from tokens)" == line
    assert api.requests[-1].path.endswith(REPORT)


def test_an_analytics_key(api: UsageApi, day: Window, now: datetime) -> None:
    """A key that reads analytics opens nothing here, and is not what the remedy asks for."""
    with (
        UsageReportSource(api.analytics_key, api.url) as source,
        pytest.raises(SourceRefused, match="set ANTHROPIC_ADMIN_KEY to an admin key") as refused,
    ):
        source.fetch(day, now)

    assert "read:analytics" not in str(refused.value)
