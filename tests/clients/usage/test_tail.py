"""The tail: spend after the last refresh is estimated from tokens, and replaced by the bill."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.tail import divide_tail
from bot.domain.money import Micros, micros
from bot.domain.usage import Actor, Fetched, Tokens, UsageRow, Window
from bot.sandbox.usage import UsageApi


class Hand(Protocol):
    """The clock of the API, which can be moved."""

    now: datetime


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
REPORT = "usage_report/messages"
TOKENS = Tokens(1000, 200, 300, 400, 500)
# Opus 5.5 at list price, in micro-dollars a token, and an organization that pays 80 % of it.
RATES = (Decimal(4), Decimal("0.2"), Decimal(5), Decimal(8), Decimal(20))
PAID = Decimal("0.8")


def list_usd(tokens: Tokens) -> Decimal:
    """What tokens of Opus 5.5 cost at list price, in dollars."""
    counts = (
        tokens.uncached_input,
        tokens.cache_read,
        tokens.cache_creation_5m,
        tokens.cache_creation_1h,
        tokens.output,
    )
    return sum((n * rate for n, rate in zip(counts, RATES, strict=True)), Decimal(0)) / (10**6)


def spend(
    api: UsageApi, at: datetime, tokens: Tokens = TOKENS, paid: Decimal = PAID, **more: str
) -> None:
    """Usage of Opus 5.5, billed at a share of its list price."""
    api.spend(at, list_usd(tokens) * paid, list_usd(tokens), tokens=tokens, **more)  # type: ignore[arg-type]


def estimated(rows: Sequence[UsageRow]) -> list[UsageRow]:
    """The rows that were priced by us."""
    return [row for row in rows if row.estimated]


def net(rows: Sequence[UsageRow]) -> Micros:
    """Their sum."""
    return Micros(sum(row.net for row in rows))


@pytest.fixture
def behind(api: UsageApi, now: datetime) -> UsageApi:
    """An API that bills an hour and a half late, with a bill of yesterday to learn from."""
    api.refresh_lag = timedelta(minutes=90)
    spend(api, now - DAY)
    return api


def test_row(behind: UsageApi, source: AnthropicSource, day: Window, now: datetime) -> None:
    """A row of the tail has the hour and dimensions of its later bill, and exact tokens."""
    workspace = behind.add_workspace("team-search")
    key = behind.add_api_key("search-prod", "team-search")
    for minutes in (10, 12, 70):
        spend(behind, now - minutes * MINUTE, workspace="team-search", api_key="search-prod")

    later, latest = estimated(source.fetch(day, now).rows)

    assert (now.replace(hour=13, minute=0), now.replace(hour=14, minute=0)) == (
        later.starts_at,
        later.ends_at,
    )
    assert now.replace(minute=0) == latest.starts_at
    assert ("anthropic", workspace, key) == (latest.source, latest.workspace_id, latest.api_key_id)
    assert ("claude-opus-5-5", None, None) == (latest.model, latest.product, latest.service_tier)
    assert Actor("api_actor", key) == latest.actor
    assert (Tokens(2000, 400, 600, 800, 1000), 0) == (latest.tokens, latest.requests)
    assert (micros(2 * list_usd(TOKENS) * PAID), micros(2 * list_usd(TOKENS))) == (
        latest.net,
        latest.list,
    )


def test_replaced_by_the_bill(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """When the refresh has passed, nothing is estimated any more, and the sum is the bill's."""
    for minutes in range(5, 95, 7):
        spend(behind, now - minutes * MINUTE, paid=Decimal("0.5"))
    before = source.fetch(day, now)
    behind.refresh_lag = timedelta(0)

    after = source.fetch(day, now)

    assert net(estimated(before.rows)) == micros(13 * list_usd(TOKENS) * PAID)
    assert ([], None) == (estimated(after.rows), after.estimated_until)
    assert micros(list_usd(TOKENS) * (PAID + 13 * Decimal("0.5"))) == net(after.rows)


@pytest.mark.parametrize("seconds", [0, 1, 59])
def test_the_minute_of_the_refresh(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, seconds: int
) -> None:
    """The minute in which the data was refreshed is half billed, and counted once, as an estimate."""
    refreshed = now - 47 * MINUTE + timedelta(seconds=seconds)
    api.refresh_lag = now - refreshed
    spend(api, now - 3 * HOUR)
    for second in range(-120, 180, 20):
        spend(api, now - 47 * MINUTE + timedelta(seconds=second))

    rows = source.fetch(day, now).rows

    assert 16 * TOKENS.total == sum(row.tokens.total for row in rows)
    assert 9 * TOKENS.total == sum(row.tokens.total for row in estimated(rows))
    assert micros(16 * list_usd(TOKENS) * PAID) == net(rows)
    assert {(now - HOUR).replace(minute=0)} == {row.starts_at for row in rows[1:]}


def test_incomplete_bills_are_left_out(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """What is billed after the refresh is only part of it: the estimate stands for all of it."""
    for number, minutes in enumerate((80, 50, 10)):
        behind.spend(
            now - minutes * MINUTE,
            list_usd(TOKENS) * PAID,
            list_usd(TOKENS),
            tokens=TOKENS,
            visible_at=now - HOUR if number else None,
        )

    rows = source.fetch(day, now).rows

    assert micros(4 * list_usd(TOKENS) * PAID) == net(rows)
    assert 3 * TOKENS.total == sum(row.tokens.total for row in estimated(rows))


def test_billed_and_estimated_stay_apart(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """In the hour of the refresh, the same dimensions have a billed row and an estimated one."""
    spend(behind, now - 100 * MINUTE, product=None)  # type: ignore[arg-type]
    spend(behind, now - 85 * MINUTE, product=None)  # type: ignore[arg-type]

    hour = now.replace(hour=12, minute=0)
    rows = [row for row in source.fetch(day, now).rows if row.starts_at == hour]

    assert [False, True] == [row.estimated for row in rows]
    assert 1 == len({(row.workspace_id, row.api_key_id, row.actor, row.model) for row in rows})
    assert [1, 0] == [row.requests for row in rows]


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        (timedelta(minutes=90), timedelta(minutes=5)),
        (timedelta(minutes=6), timedelta(minutes=6)),
        (timedelta(minutes=3), timedelta(minutes=3)),
        (timedelta(seconds=119), None),
        (timedelta(0), None),
    ],
)
def test_estimated_until(
    api: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    lag: timedelta,
    expected: timedelta | None,
) -> None:
    """The estimate goes to five minutes ago; where the bill is as fresh, there is none."""
    api.refresh_lag = lag
    spend(api, now - 30 * MINUTE)

    fetched = source.fetch(day, now)

    assert now - lag == fetched.refreshed_at
    assert (None if expected is None else now - expected) == fetched.estimated_until
    assert (expected is not None) == any(seen.path.endswith(REPORT) for seen in api.requests)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, 6 * 60), (5 * 60 + 50, 4 * 60 + 50), (62, 5), (6, 5), (1, 5)],
)
def test_a_report_that_may_stand_still(
    api: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    last: int | None,
    expected: int,
) -> None:
    """The older report is believed for an hour after the last usage it shows, and no longer."""
    api.refresh_lag = 6 * HOUR
    api.older_lag = timedelta(0)
    spend(api, now - DAY)
    if last is not None:
        spend(api, now - last * MINUTE)

    assert now - expected * MINUTE == source.fetch(day, now).estimated_until


def test_old_windows_have_no_tail(behind: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """A window that ends before the refresh is billed wholly, and the older report is not asked."""
    fetched = source.fetch(Window(now - 9 * HOUR, now - 5 * HOUR), now)

    assert fetched.estimated_until is None
    assert 2 == len(behind.requests)


def test_window_within_the_tail(behind: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """A window that begins after the refresh is estimated from its own start."""
    for minutes in (70, 10):
        spend(behind, now - minutes * MINUTE)

    [row] = source.fetch(Window(now.replace(minute=0), now), now).rows

    assert (TOKENS, True) == (row.tokens, row.estimated)


def test_default_workspace(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """The default workspace has no id in the older report, and gets its real one; it is asked once."""
    behind.archive_workspace(behind.add_workspace("old"))
    spend(behind, now - 10 * MINUTE)

    [row] = estimated(source.fetch(day, now).rows)
    source.fetch(day, now)

    assert behind.organization.default_workspace_id == row.workspace_id
    assert 2 == len([seen for seen in behind.requests if seen.path.endswith("workspaces")])


def test_actors(behind: UsageApi, source: AnthropicSource, day: Window, now: datetime) -> None:
    """People and service accounts are named by their ids, others by their key, as far as known."""
    user = behind.add_user("dana@example.com")
    key = behind.add_api_key("prod")
    for actor in ("dana@example.com", "service:svac_1", "federated:sub"):
        spend(behind, now - 10 * MINUTE, actor=actor, api_key="prod")
    spend(behind, now - 10 * MINUTE)

    rows = estimated(source.fetch(day, now).rows)

    assert {
        Actor("user_actor", user),
        Actor("service_account_actor", "svac_1"),
        Actor("api_actor", key),
        None,
    } == {row.actor for row in rows}
    assert 4 == len(rows)


def test_never_billed(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """A model that was never billed has its list price, net of the organization's discount."""
    behind.spend(now - 10 * MINUTE, "9", model="claude-haiku-4-5", tokens=Tokens(10**6))

    [row] = estimated(source.fetch(day, now).rows)

    assert (micros("0.80"), micros(1)) == (row.net, row.list)


def test_unknown_model(
    behind: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A model without any price keeps its tokens, has no money, and is warned of by name."""
    behind.spend(now - 10 * MINUTE, "9", model="claude-next-7", tokens=TOKENS)

    [row] = estimated(source.fetch(day, now).rows)

    assert (0, 0, TOKENS) == (row.net, row.list, row.tokens)
    [warned] = [r for r in caplog.records if getattr(r, "action", "") == "usage_unpriced"]
    assert ["claude-next-7"] == getattr(warned, "models", None)


def test_tiers_are_priced_apart(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """Batch and standard tokens of an hour are one row, as in the bill, but priced each at its rate."""
    for tier, share in (("batch", "0.30"), ("standard", "0.80")):
        for at in (now - 3 * HOUR, now - 10 * MINUTE):
            behind.spend(
                at,
                list_usd(TOKENS) * Decimal(share),
                list_usd(TOKENS),
                tokens=TOKENS,
                dimensions={"service_tier": tier, "inference_geo": "us"},
            )

    [row] = estimated(source.fetch(day, now).rows)

    assert micros(list_usd(TOKENS) * Decimal("1.10")) == row.net
    assert 2 * TOKENS.total == row.tokens.total


def test_web_searches(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """Web searches have a learned rate of their own."""
    for at in (now - 3 * HOUR, now - 10 * MINUTE):
        behind.spend(at, "0.07", "0.10", cost_type="web_search", web_searches=10)

    [row] = estimated(source.fetch(day, now).rows)

    assert (micros("0.07"), micros("0.10")) == (row.net, row.list)


def test_rates_are_kept_for_hours(
    behind: UsageApi, source: AnthropicSource, now: datetime, clock: Hand
) -> None:
    """Rates are learned once in six hours, from small queries without keys and people."""

    def learned() -> int:
        return len([s for s in behind.requests if ("group_by[]", "token_type") in s.parameters])

    counts = []
    for hours in (0, 5, 6):
        clock.now = now + hours * HOUR
        source.fetch(Window(now - DAY, now + DAY), now + hours * HOUR)
        counts.append(learned())

    assert [2, 2, 4] == counts
    groups = {
        value
        for seen in behind.requests
        if ("group_by[]", "token_type") in seen.parameters
        for name, value in seen.parameters
        if name == "group_by[]"
    }
    assert {"api_key_id", "actor", "workspace_id", "product"}.isdisjoint(groups)


def test_analytics_key(
    behind: UsageApi,
    day: Window,
    now: datetime,
    clock: Callable[[], datetime],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A key that may only read analytics has the billed rows, incomplete ones too, and is told once."""
    behind.spend(now - 10 * MINUTE, "3", tokens=TOKENS, visible_at=now - 5 * MINUTE)
    with AnthropicSource(behind.analytics_key, behind.url, clock=clock) as source:
        fetched = [source.fetch(day, now + n * MINUTE) for n in range(3)]

    assert {micros(list_usd(TOKENS) * PAID + 3)} == {net(each.rows) for each in fetched}
    assert {None} == {each.estimated_until for each in fetched}
    assert 1 == len([seen for seen in behind.requests if seen.path.endswith(REPORT)])
    told = [r for r in caplog.records if getattr(r, "action", "") == "source_extra_paused"]
    assert [logging.WARNING] == [record.levelno for record in told]


def test_trouble_is_told_once(
    behind: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A report that is refused for hours is told once, and again only when it had worked meanwhile."""

    def told() -> int:
        return len([r for r in caplog.records if getattr(r, "action", "").endswith("extra_paused")])

    behind.faults.add("status", REPORT, times=4, status=404)
    counts = []
    for hours in range(5):
        source.fetch(day, now + hours * HOUR)
        counts.append(told())
    behind.faults.add("status", REPORT, status=404)
    source.fetch(day, now + 5 * HOUR)

    assert ([1, 1, 1, 1, 1], 2) == (counts, told())


@pytest.mark.parametrize(
    ("path", "status"),
    [(REPORT, 404), (REPORT, 400), (REPORT, 503), ("workspaces", 403), ("workspaces", 500)],
)
def test_trouble(
    behind: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    path: str,
    status: int,
) -> None:
    """Whatever the tail stumbles over, the poll has its billed rows, and a later one the tail again."""
    spend(behind, now - 10 * MINUTE)
    behind.faults.add("status", path, times=None, status=status)

    fetched = source.fetch(day, now)
    behind.faults.clear()
    asked = len(behind.requests)
    soon = source.fetch(day, now + MINUTE)
    asked = len(behind.requests) - asked
    later = source.fetch(day, now + 2 * HOUR)

    assert [(False, None)] * 2 == [
        (bool(estimated(each.rows)), each.estimated_until) for each in (fetched, soon)
    ]
    assert micros(list_usd(TOKENS) * PAID) == net(fetched.rows)
    assert 2 == asked
    assert [TOKENS] == [row.tokens for row in estimated(later.rows)]


@pytest.mark.parametrize("kind", ["malformed", "loop", "drop"])
def test_bad_answers(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime, kind: str
) -> None:
    """An answer that is cut, circular or no JSON is trouble of the tail alone."""
    spend(behind, now - 10 * MINUTE)
    behind.faults.add(kind, REPORT, times=None)  # type: ignore[arg-type]

    fetched = source.fetch(day, now)

    assert (micros(list_usd(TOKENS) * PAID), None) == (net(fetched.rows), fetched.estimated_until)


def test_missing_account(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """A dimension that was asked for and is not there would merge people: no estimate then."""
    spend(behind, now - 10 * MINUTE, actor="dana@example.com")

    def drop(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            for result in bucket["results"]:
                del result["account_id"]
        return body

    behind.faults.add("edit", REPORT, edit=drop)

    assert [] == estimated(source.fetch(day, now).rows)


def test_absurd_counts(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """Tokens beyond any invoice would overflow the ledger, and are no estimate."""
    behind.spend(now - 10 * MINUTE, "1", tokens=Tokens(2**61))

    assert [] == estimated(source.fetch(day, now).rows)


def test_report_that_fails_between_pages(
    behind: UsageApi, source: AnthropicSource, now: datetime
) -> None:
    """Half of the tail is no tail: it would look like less spend."""
    behind.refresh_lag = 3 * DAY
    for hours in range(1, 72):
        spend(behind, now - hours * HOUR)
    behind.faults.add("mid_page", REPORT, times=None)
    window = Window(now - 30 * DAY, now)
    whole = source.fetch(window, now)
    behind.refresh_lag = 20 * DAY

    fetched = source.fetch(window, now)

    assert 71 == len(estimated(whole.rows))
    assert [] == estimated(fetched.rows)


def test_an_older_server(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """When the minutes come from a server that is behind, the poll does without an estimate."""
    spend(behind, now - 10 * MINUTE)
    behind.faults.add("edit", "analytics/cost", edit=lambda body: body)
    behind.faults.add("edit", "analytics/cost", times=2, edit=lambda body: body)
    older = {"data_refreshed_at": f"{now - 2 * HOUR}"}
    behind.faults.add("edit", "analytics/cost", edit=lambda body: {**body, **older})

    assert [] == estimated(source.fetch(day, now).rows)


def test_too_large_is_read_in_halves(
    behind: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """A dense tail that is refused as too large is read in smaller parts, each minute once."""
    for minutes in range(1, 80):
        spend(behind, now - minutes * MINUTE)
    for _ in range(3):
        behind.faults.add("error", REPORT, status=400, message="response too large")
    behind.older_lag = timedelta(0)

    rows = estimated(source.fetch(day, now).rows)

    assert 79 * TOKENS.total == sum(row.tokens.total for row in rows)


def test_minutes_and_hours(behind: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """A tail of days is read in whole hours but for its first hour and last day; nothing is lost."""
    behind.refresh_lag = timedelta(days=2, minutes=30)
    for minutes in range(10, 2 * 24 * 60, 53):
        spend(behind, now - minutes * MINUTE)

    fetched = source.fetch(Window(now - 3 * DAY, now), now)

    count = 1 + len(range(10, 2 * 24 * 60, 53))
    assert count * TOKENS.total == sum(row.tokens.total for row in estimated(fetched.rows))
    widths = [dict(s.parameters)["bucket_width"] for s in behind.requests if REPORT in s.path]
    assert {"1m", "1h"} == set(widths)


@pytest.mark.parametrize("minutes", [1, 59, 60, 61, 1380, 1439, 1440, 1441, 1500, 3000])
@pytest.mark.parametrize("end", [0, 1, 20, 59])
def test_parts_of_the_tail(now: datetime, minutes: int, end: int) -> None:
    """The parts follow each other without gap, in whole buckets, minutes for a day at most."""
    window = Window(now.replace(minute=end) - minutes * MINUTE, now.replace(minute=end))

    parts = list(divide_tail(window))

    edges = [window.starts_at, *(part.ends_at for part, _ in parts)]
    assert edges[:-1] == [part.starts_at for part, _ in parts]
    assert window.ends_at == edges[-1]
    for part, width in parts:
        assert timedelta(0) == (part.ends_at - part.starts_at) % width
        assert width == MINUTE or part.starts_at.minute == 0
        assert width == HOUR or part.ends_at - part.starts_at <= DAY


def test_without_a_tail(
    behind: UsageApi, day: Window, now: datetime, clock: Callable[[], datetime]
) -> None:
    """Switched off, the source reads its two reports and nothing else."""
    with AnthropicSource(behind.admin_key, behind.url, clock=clock, tail=False) as source:
        fetched = source.fetch(day, now)

    assert (2, None) == (len(behind.requests), fetched.estimated_until)


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 300 * 60),  # seconds ago
        st.integers(0, 10**6),  # tokens
        st.sampled_from(["team-search", "team-growth", None]),
        st.sampled_from(["dana@example.com", "service:svac_1", None]),
    ),
    max_size=25,
)


@pytest.fixture
def fresh(api: UsageApi, clock: Callable[[], datetime]) -> Iterator[Callable[[], AnthropicSource]]:
    """Makes sources that have learned nothing yet."""
    made: list[AnthropicSource] = []

    def make() -> AnthropicSource:
        made.append(AnthropicSource(api.admin_key, api.url, clock=clock))
        return made[-1]

    yield make
    for source in made:
        source.close()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=EVENTS, lags=st.lists(st.integers(120, 280 * 60), min_size=1, max_size=3))
def test_each_token_once(
    api: UsageApi,
    fresh: Callable[[], AnthropicSource],
    now: datetime,
    events: list[tuple[int, int, str | None, str | None]],
    lags: list[int],
) -> None:
    """Wherever the refresh lies, each token is in one row, and at one discount the money agrees."""
    api.events.clear()
    api.older_lag = timedelta(0)
    spend(api, now - 10 * HOUR, Tokens(*[10**6] * 5))
    for seconds, count, workspace, actor in events:
        tokens = Tokens(count, count // 2, 5, 7, count // 3)
        where = {"workspace": workspace, "actor": actor}
        spend(api, now - timedelta(seconds=seconds), tokens, **where)  # type: ignore[arg-type]
    source = fresh()
    window = Window(now - 24 * HOUR, now)

    def check(fetched: Fetched) -> None:
        rows = fetched.rows
        used = list(api.events.values())
        assert sum(e.tokens.total for e in used) == sum(row.tokens.total for row in rows)
        billed = sum((e.cents or Decimal(0) for e in used), Decimal(0)) * 10_000
        assert abs(billed - sum(row.net for row in rows)) <= Decimal("0.5") * len(rows)
        assert all(r.net * 10 - r.list * 8 in range(-9, 10) for r in rows)

    for lag in (*lags, 0):
        api.refresh_lag = timedelta(seconds=lag)
        check(source.fetch(window, now))
