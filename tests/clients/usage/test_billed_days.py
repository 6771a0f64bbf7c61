"""The usage_report source and its bill: closed days are billed exactly, the others estimated by it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.usage.usage_report import UsageReportSource
from bot.domain.effective_rates import TOKEN_TYPES
from bot.domain.money import Micros, micros
from bot.domain.pricing import price
from bot.domain.usage import Tokens, UsageRow, Window
from bot.sandbox.usage import UsageApi

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MILLION = 10**6
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
YESTERDAY = TODAY - DAY
TOKENS = Tokens(1000, 200, 300, 400, 500)
COST = "cost_report"
REPORT = "usage_report/messages"


@pytest.fixture
def source(api: UsageApi, sleeps: list[float]) -> Iterator[UsageReportSource]:
    """The reports, read with the admin key."""
    with UsageReportSource(
        api.admin_key, api.url, sleep=sleeps.append, clock=api.clock, patience=3.0
    ) as source:
        yield source


@pytest.fixture
def days(now: datetime) -> Window:
    """What is polled: the last 48 hours."""
    return Window(now - 48 * HOUR, now)


def net(rows: Sequence[UsageRow]) -> Micros:
    """Their sum."""
    return Micros(sum(row.net for row in rows))


def estimated(rows: Sequence[UsageRow]) -> list[UsageRow]:
    """The rows that were priced by us."""
    return [row for row in rows if row.estimated]


def test_a_closed_day_is_billed(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """The hours and keys of a day share its bill by their tokens, to the micro-dollar."""
    one, two = api.add_api_key("one"), api.add_api_key("two")
    for hour, key, count in ((3, "one", 1), (3, "two", 1), (20, "one", 1)):
        api.spend(
            YESTERDAY + hour * HOUR, "0.000001", api_key=key, tokens=Tokens(output=count * MILLION)
        )
    api.spend(YESTERDAY + 5 * HOUR, "7", api_key="one", tokens=Tokens(output=MILLION))

    rows = source.fetch(days, now).rows

    assert [] == estimated(rows)
    assert micros("7.000003") == net(rows)
    assert [1750001, 1750001, 1750001, 1750000] == sorted((r.net for r in rows), reverse=True)
    assert {one, two} == {row.api_key_id for row in rows}
    assert {price("claude-opus-5-5", Tokens(output=MILLION), now)} == {row.list for row in rows}


def test_today_is_estimated_at_the_bills_rates(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """What is not billed yet costs what the last bills took for the same tokens."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    api.spend(now - HOUR, "9", tokens=Tokens(MILLION))
    api.spend(now - HOUR, "9", tokens=Tokens(MILLION), dimensions={"service_tier": "batch"})
    api.spend(now - HOUR, "9", model="claude-haiku-4-5", tokens=Tokens(MILLION))

    rows = estimated(source.fetch(days, now).rows)

    amounts = {(row.model, row.service_tier): (row.net, row.list) for row in rows}
    assert {
        ("claude-opus-5-5", "standard"): (micros(3), micros(4)),
        ("claude-opus-5-5", "batch"): (micros("1.5"), micros(2)),
        ("claude-haiku-4-5", "standard"): (micros("0.75"), micros(1)),
    } == amounts


def test_rates_reach_back_a_week(api: UsageApi, source: UsageReportSource, now: datetime) -> None:
    """Rates are learned from seven days, however short the window is that is read."""
    api.spend(now - 7 * DAY, "3", tokens=Tokens(MILLION))
    api.spend(now - HOUR, "9", tokens=Tokens(MILLION))

    [row] = source.fetch(Window(now - HOUR, now), now).rows

    assert (micros(3), True) == (row.net, row.estimated)


def test_a_day_is_estimated_until_its_bill_comes(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """A day that is over but not billed yet keeps its estimate, and then has the bill's dollars."""
    api.cost_lag = timedelta(hours=15)  # so that yesterday is not there yet
    api.spend(YESTERDAY - DAY, "2", tokens=Tokens(MILLION))
    api.spend(YESTERDAY, "1", tokens=Tokens(MILLION))

    before = source.fetch(days, now)
    api.cost_lag = timedelta(hours=14)
    kept = source.fetch(days, now + timedelta(minutes=9))
    alone = source.fetch(Window(YESTERDAY, TODAY), now + timedelta(minutes=9))
    after = source.fetch(days, now + timedelta(minutes=10))

    assert [(False, micros(2)), (True, micros(2))] == [(r.estimated, r.net) for r in before.rows]
    assert before.rows == kept.rows
    assert TODAY == alone.estimated_until
    assert [(False, micros(2)), (False, micros(1))] == [(r.estimated, r.net) for r in after.rows]


def test_a_new_bill_is_learned_from(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """When another day is billed, the rates are learned again, however young they are."""
    api.cost_lag = timedelta(hours=15)
    api.spend(YESTERDAY - DAY, "2", tokens=Tokens(MILLION))
    api.spend(YESTERDAY, "1", tokens=Tokens(MILLION))
    api.spend(now - HOUR, "9", tokens=Tokens(MILLION))

    before = source.fetch(days, now).rows[-1]
    api.cost_lag = timedelta(hours=14)
    after = source.fetch(days, now + timedelta(minutes=10)).rows[-1]

    assert [(True, micros(2)), (True, micros("1.50"))] == [
        (row.estimated, row.net) for row in (before, after)
    ]


def test_a_day_is_read_whole(api: UsageApi, source: UsageReportSource, now: datetime) -> None:
    """A window that begins or ends inside a day that is over is widened, or its bill would not fit."""
    for hour in (1, 12, 22):
        api.spend(YESTERDAY + hour * HOUR, "1", tokens=TOKENS)

    fetched = source.fetch(Window(YESTERDAY + 5 * HOUR, YESTERDAY + 13 * HOUR), now)

    assert Window(YESTERDAY, TODAY) == fetched.window
    assert (micros(3), []) == (net(fetched.rows), estimated(fetched.rows))
    assert fetched.estimated_until is None


def test_estimated_until(source: UsageReportSource, days: Window, now: datetime) -> None:
    """The estimate goes to five minutes ago; how fresh the report is, it does not say."""
    fetched = source.fetch(days, now)

    assert (None, now - timedelta(minutes=5)) == (fetched.refreshed_at, fetched.estimated_until)


def test_cost_without_tokens(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """Code execution is no tokens: it is divided over the hours of its day, and nothing is lost."""
    workspace = api.add_workspace("team-search")
    api.spend(YESTERDAY, "3.15", workspace="team-search", model=None, cost_type="code_execution")

    rows = source.fetch(days, now).rows

    assert (micros("3.15"), micros("3.15"), 24) == (net(rows), sum(r.list for r in rows), len(rows))
    assert {(workspace, Tokens(), False)} == {(r.workspace_id, r.tokens, r.estimated) for r in rows}
    assert {(("cost_type", "code_execution"),)} == {row.tags for row in rows}
    assert [YESTERDAY + n * HOUR for n in range(24)] == [row.starts_at for row in rows]


def test_web_searches_go_to_who_searched(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """The bill for searches names a workspace only, and is divided by the searches of its keys."""
    one, two = api.add_api_key("one"), api.add_api_key("two")
    for key, searches in (("one", 30), ("two", 10)):
        api.spend(
            YESTERDAY, Decimal(searches) / 200, api_key=key, cost_type="web_search",
            web_searches=searches,
        )  # fmt: skip

    rows = source.fetch(days, now).rows

    assert {one: (micros("0.15"), micros("0.30")), two: (micros("0.05"), micros("0.10"))} == {
        row.api_key_id: (row.net, row.list) for row in rows
    }
    assert [] == estimated(rows)


def test_searches_without_a_count(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """Searches that no usage row knows of are rows of their own."""
    api.spend(YESTERDAY, "0.24", cost_type="web_search")

    rows = source.fetch(days, now).rows

    assert ({micros("0.01")}, 24) == ({row.net for row in rows}, len(rows))


def test_priority_tier_stays_an_estimate(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """Priority Tier is in no bill: its tokens are estimated, scaled from what the model costs."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    api.spend(YESTERDAY, "9", tokens=Tokens(MILLION), dimensions={"service_tier": "priority"})

    billed, priority = source.fetch(days, now).rows

    assert ("standard", False, micros(3)) == (billed.service_tier, billed.estimated, billed.net)
    assert ("priority", True, micros(3)) == (
        priority.service_tier,
        priority.estimated,
        priority.net,
    )


def test_no_line_is_for_priority_tier(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """A line without tokens is not taken for the bill of Priority Tier of the same model."""
    api.spend(YESTERDAY, "2.40", tokens=Tokens(MILLION))
    api.spend(YESTERDAY, "9", tokens=Tokens(MILLION), dimensions={"service_tier": "priority"})

    def forget(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            bucket["results"] = [r for r in bucket["results"] if r["service_tier"] != "standard"]
        return body

    api.faults.add("edit", REPORT, times=None, edit=forget)

    rows = source.fetch(days, now).rows

    assert micros("2.40") == net([row for row in rows if not row.estimated])
    assert [(Tokens(MILLION), "priority")] == [(r.tokens, r.service_tier) for r in estimated(rows)]


def test_kinds_of_tokens_without_a_line(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """What a day's bill has no line for is a row of its own, so that an estimate is never called billed."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    api.spend(YESTERDAY, None, tokens=Tokens(output=MILLION))

    billed, rest = source.fetch(days, now).rows

    assert (Tokens(MILLION), micros(3), False) == (billed.tokens, billed.net, billed.estimated)
    assert (Tokens(output=MILLION), micros(15), True) == (rest.tokens, rest.net, rest.estimated)


@pytest.mark.parametrize(
    ("name", "value"),
    [("inference_geo", "global"), ("context_window", None), ("service_tier", "on_demand")],
)
def test_reports_that_name_things_differently(
    api: UsageApi,
    source: UsageReportSource,
    days: Window,
    now: datetime,
    name: str,
    value: str | None,
) -> None:
    """A line whose tier, window or region no token has is still the bill for them, not one more cost."""
    api.spend(YESTERDAY, "3", tokens=TOKENS, dimensions={"context_window": "200k-1M"})

    def rename(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            for result in bucket["results"]:
                result[name] = value
        return body

    api.faults.add("edit", COST, edit=rename)

    [row] = source.fetch(days, now).rows

    assert (micros(3), TOKENS, False) == (row.net, row.tokens, row.estimated)


def test_unknown_lines(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """A kind of cost or token that nobody knows yet is not lost."""
    api.spend(YESTERDAY, "2.40", cost_type="session_usage", model=None)
    api.spend(YESTERDAY, "4.80", tokens=Tokens(output=1))

    def rename(body: dict[str, object]) -> object:
        for bucket in body["data"]:  # type: ignore[attr-defined]
            for result in bucket["results"]:
                if result["token_type"]:
                    result["token_type"] = "thinking_tokens"
        return body

    api.faults.add("edit", COST, edit=rename)

    rows = source.fetch(days, now).rows

    billed = [row for row in rows if not row.estimated]
    assert micros("7.20") == net(billed)
    assert {(("cost_type", "session_usage"),), (("cost_type", "thinking_tokens"),)} == {
        row.tags for row in billed
    }


def test_a_correction_below_nothing(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """A negative amount is divided as exactly as any other, and teaches no rate."""
    for hour in (1, 2, 3):
        api.spend(YESTERDAY + hour * HOUR, "-0.000001", tokens=Tokens(1))
    api.spend(now - HOUR, "1", tokens=Tokens(MILLION))

    rows = source.fetch(days, now).rows

    assert -3 == net([row for row in rows if not row.estimated])
    assert [micros(4)] == [row.net for row in estimated(rows)]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refused_bill(
    api: UsageApi,
    source: UsageReportSource,
    days: Window,
    now: datetime,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the cost report all is an estimate at list price, and that is told once."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    api.faults.add("status", COST, times=None, status=status)

    fetched = [source.fetch(days, now + n * timedelta(minutes=1)).rows for n in range(3)]

    assert {(micros(4), micros(4), True)} == {(r.net, r.list, r.estimated) for [r] in fetched}
    assert 1 == len([seen for seen in api.requests if seen.path.endswith(COST)])
    told = [r for r in caplog.records if getattr(r, "action", "") == "source_extra_paused"]
    assert 1 == len(told)


def test_an_outage_of_the_bill(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """While the cost report is down, what it said before stands."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    before = source.fetch(days, now).rows
    api.faults.add("status", COST, times=None, status=503)

    after = source.fetch(days, now + HOUR).rows

    assert before == after
    assert not after[0].estimated


def test_rates_that_cannot_be_learned(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """When the tokens of the billed days cannot be read, the days are billed all the same."""
    api.spend(YESTERDAY, "3", tokens=Tokens(MILLION))
    api.spend(now - HOUR, "3", tokens=Tokens(MILLION))
    api.faults.add("edit", REPORT, edit=lambda body: body)
    api.faults.add("malformed", REPORT, times=None)

    rows = source.fetch(days, now).rows

    assert [(micros(3), False), (micros(4), True)] == [(row.net, row.estimated) for row in rows]


def test_a_start_today(api: UsageApi, source: UsageReportSource, now: datetime) -> None:
    """A window of today alone asks the cost report for a week: for less than a day it would answer 400."""
    source.fetch(Window(now - HOUR, now), now)

    [asked] = [dict(seen.parameters) for seen in api.requests if seen.path.endswith(COST)]
    assert ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z") == (
        asked["starting_at"],
        asked["ending_at"],
    )


def test_the_bill_is_asked_for_every_ten_minutes(
    api: UsageApi, source: UsageReportSource, days: Window, now: datetime
) -> None:
    """A poll a minute does not ask for the bill a minute."""
    for minutes in range(20):
        source.fetch(days, now + timedelta(minutes=minutes))

    assert 2 == len([seen for seen in api.requests if seen.path.endswith(COST)])


def test_days_of_long_ago(api: UsageApi, source: UsageReportSource, now: datetime) -> None:
    """Old days are billed too; what is kept for the next poll is only the last week."""
    at = YESTERDAY - 100 * DAY
    api.spend(at, "1", tokens=TOKENS)
    api.spend(YESTERDAY, "2", tokens=TOKENS)
    source.fetch(Window(now - HOUR, now), now)

    old = source.fetch(Window(at, at + 2 * DAY), now)
    source.fetch(Window(now - HOUR, now), now)

    assert [(micros(1), False)] == [(row.net, row.estimated) for row in old.rows]
    assert old.estimated_until is None
    asked = [dict(seen.parameters) for seen in api.requests if seen.path.endswith(COST)]
    assert [(7, TODAY), (2, at + 2 * DAY)] == [
        (
            (
                datetime.fromisoformat(each["ending_at"])
                - datetime.fromisoformat(each["starting_at"])
            ).days,
            datetime.fromisoformat(each["ending_at"]),
        )
        for each in asked
    ]


def test_a_month_is_kept(api: UsageApi, source: UsageReportSource, now: datetime) -> None:
    """A period that is polled as a whole is not asked for twice in ten minutes."""
    for _ in range(2):
        source.fetch(Window(now - 30 * DAY, now), now)

    assert 1 == len([seen for seen in api.requests if seen.path.endswith(COST)])


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3 * 24 * 60 - 1),  # minutes before the end of yesterday
        st.integers(0, 10**9),  # micro-dollars
        st.integers(0, 10**6),  # tokens
        st.sampled_from(["team-search", "team-growth", None]),
        st.sampled_from(["one", "two", None]),
        st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "claude-next-7"]),
        st.sampled_from(["standard", "batch", "flex"]),
        st.sampled_from(["tokens", "tokens", "web_search", "code_execution"]),
    ),
    max_size=25,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=EVENTS)
def test_the_bill_is_divided_exactly(
    api: UsageApi, now: datetime, events: list[tuple[int, int, int, str, str, str, str, str]]
) -> None:
    """Whatever was used, the rows of a billed day sum to the report's lines, and no token is lost."""
    api.events.clear()
    for minutes, amount, count, workspace, key, model, tier, cost_type in events:
        tokens = Tokens(count, count // 2, 0, 7, count // 3) if cost_type == "tokens" else Tokens()
        api.spend(
            TODAY - timedelta(minutes=minutes + 1),
            Decimal(amount) / MILLION,
            workspace=workspace,
            # a key of their own: searches are billed in the row of the key that made them
            api_key="searcher" if cost_type == "web_search" else key,
            model=model,
            tokens=tokens,
            web_searches=count % 3 if cost_type == "web_search" else 0,
            cost_type=cost_type,
            dimensions={"service_tier": tier},
        )

    with UsageReportSource(api.admin_key, api.url, clock=api.clock) as source:
        rows = source.fetch(Window(TODAY - 3 * DAY, now), now).rows
        totals = source.totals(Window(TODAY - 3 * DAY, now), now)

    used = list(api.events.values())
    for kind in TOKEN_TYPES:
        expected = sum(getattr(event.tokens, kind) for event in used)
        assert expected == sum(getattr(row.tokens, kind) for row in rows)
    for total in totals:
        of_day = [row for row in rows if row.starts_at.date() == total.day]
        assert abs(total.net - net(of_day)) <= 5 * len(used)  # each line is rounded
    for tier in ("standard", "batch", "flex"):
        of_tier = [e for e in used if e.dimensions["service_tier"] == tier]
        cents = sum((e.cents or Decimal(0) for e in of_tier if e.tokens.total), Decimal(0))
        got = net([row for row in rows if row.service_tier == tier and row.tokens.total])
        assert abs(cents * 10_000 - got) <= 5 * len(used)
