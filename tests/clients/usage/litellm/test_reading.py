"""LiteLLM as a usage source, against its double over real HTTP: every dollar of every team, once."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    SourceRefused,
)
from bot.clients.usage.litellm import EARLIEST
from bot.domain.money import micros
from bot.domain.usage import Actor, ApiKey, Window
from bot.sandbox.litellm import LiteLlm
from tests.clients.usage.litellm.setting import (
    ACTIVITY,
    DAY,
    NOW,
    QUOTED,
    QUOTED_TEAMS,
    TODAY,
    TOKENS,
    WEEK,
    source_of,
)


def _asked(proxy: LiteLlm, path: str) -> list[dict[str, str]]:
    return [dict(parameters) for asked, parameters in proxy.requests if asked == path]


def test_row(proxy: LiteLlm, source: UsageSource) -> None:
    """A row is one UTC day of one team, model and key, and the team has its alias for a name."""
    key = proxy.add_key("growth-svc", "team-growth", "bo@example.com")
    proxy.spend("team-growth", TODAY, "3.12", key=key, tokens=TOKENS, requests=15, failed=14)

    fetched = source.fetch(WEEK, NOW)
    [row] = fetched.rows

    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert (midnight, midnight + DAY) == (row.starts_at, row.ends_at)
    assert ("litellm", "growth", key) == (row.source, row.team, row.api_key_id)
    assert "anthropic/claude-sonnet-4-5" == row.model
    assert (micros("3.12"), micros("3.12")) == (row.net, row.list)
    assert (TOKENS, 29) == (row.tokens, row.requests)
    assert Actor("user_actor", "bo@example.com", "bo@example.com") == row.actor
    assert fetched.refreshed_at is None
    assert {key: ApiKey(key, "growth-svc")} == source.directory().api_keys


def test_quoted_answers(proxy: LiteLlm, source: UsageSource) -> None:
    """The answers as the reference quotes them are read, and spend without a key is not lost."""
    proxy.faults.add("malformed", "/v2/team/list", body=QUOTED_TEAMS)
    proxy.faults.add("malformed", ACTIVITY, body=QUOTED)

    rows = source.fetch(WEEK, NOW).rows

    assert [("growth", "abc123", 0), ("growth", None, 3_120_000)] == [
        (row.team, row.api_key_id, row.net) for row in rows
    ]
    assert (420, 29) == (sum(row.tokens.total for row in rows), sum(row.requests for row in rows))


def test_double_has_the_quoted_shape(proxy: LiteLlm, source: UsageSource) -> None:
    """The double answers with every field that the reference quotes."""
    proxy.spend("team-growth", TODAY, "3.12", key=proxy.add_key("growth-svc", "team-growth"))
    answers: list[dict[str, object]] = []

    def note(body: dict[str, object]) -> object:
        answers.append(body)
        return body

    proxy.faults.add("edit", times=None, edit=note)
    source.fetch(WEEK, NOW)

    teams, activity = answers[1:]
    assert [] == _missing(json.loads(QUOTED_TEAMS), teams)
    assert [] == _missing(json.loads(QUOTED.replace("abc123", _first_key(activity))), activity)


def test_team_without_alias(proxy: LiteLlm, source: UsageSource) -> None:
    """A team without an alias goes by its id, and an answer without keys is one without rows."""
    proxy.add_team("team-plain")
    proxy.spend("team-plain", TODAY, "1", key=proxy.add_key())

    assert ["team-plain"] == [row.team for row in source.fetch(WEEK, NOW).rows]


def test_spend_without_a_model(proxy: LiteLlm, source: UsageSource) -> None:
    """What LiteLLM counts for the day but for no model is a row all the same."""
    proxy.spend("team-growth", TODAY, "1", key=proxy.add_key())
    proxy.spend("team-growth", TODAY, "0.000001", key=proxy.add_key(), model="")

    rows = source.fetch(WEEK, NOW).rows

    assert [(None, None, 1)] == [
        (row.model, row.api_key_id, row.net) for row in rows if row.model is None
    ]
    assert 1_000_001 == sum(row.net for row in rows)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (
            Window(NOW - timedelta(hours=3), NOW),
            Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        ),
        (
            Window(NOW - DAY, NOW + 3 * DAY),
            Window(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        ),
        (
            Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
            Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        ),
        (
            Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 4, 16, 1, tzinfo=UTC)),
            Window(EARLIEST, datetime(2025, 4, 17, tzinfo=UTC)),
        ),
    ],
)
def test_window(proxy: LiteLlm, source: UsageSource, window: Window, expected: Window) -> None:
    """A window is widened to whole days, cut to today, and the last day asked for is in it."""
    fetched = source.fetch(window, NOW)

    assert expected == fetched.window
    assert [(f"{expected.starts_at:%F}", f"{expected.ends_at - DAY:%F}")] == [
        (asked["start_date"], asked["end_date"]) for asked in _asked(proxy, ACTIVITY)
    ]


def test_nothing_to_read(source: UsageSource) -> None:
    """A window before LiteLLM kept days is refused: an empty answer would say nothing was spent."""
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)

    with pytest.raises(SourceRefused, match="answers from 2025-04-15"):
        source.fetch(Window(long_ago, long_ago + DAY), NOW)

    assert datetime(2025, 4, 15, tzinfo=UTC) == source.earliest(NOW)


def test_many_teams(proxy: LiteLlm, source: UsageSource) -> None:
    """Teams on later pages are read too, each once."""
    for number in range(250):
        proxy.add_team(f"team-{number}")
    proxy.spend("team-7", TODAY, "1", key=proxy.add_key())
    proxy.spend("team-249", TODAY, "2", key=proxy.add_key())

    assert {"team-7": micros(1), "team-249": micros(2)} == {
        row.team: row.net for row in source.fetch(WEEK, NOW).rows
    }
    pages = [asked["page"] for asked in _asked(proxy, "/v2/team/list") if "status" not in asked]
    assert ["1", "2", "3"] == pages


def test_unstable_pages(proxy: LiteLlm, source: UsageSource) -> None:
    """Where pages overlap from one request to the next, days are read whole and pages not at all."""
    proxy.unstable = True
    key = proxy.add_key()
    for day in range(4):
        for number in range(600):
            on = TODAY - day * DAY
            proxy.spend("team-growth", on, "0.01", key=key, model=f"model-{number}")

    rows = source.fetch(WEEK, NOW).rows

    assert 2_400 == len({(row.starts_at, row.model) for row in rows}) == len(rows)
    assert micros(24) == sum(row.net for row in rows)


def test_pages_of_a_day(proxy: LiteLlm, source: UsageSource) -> None:
    """A day with more rows than fit on a page is read to its last page."""
    _spend_widely(proxy)

    rows = source.fetch(WEEK, NOW).rows

    assert micros("25") == sum(row.net for row in rows)
    assert 2_500 == len(rows)


@pytest.mark.parametrize("listed", [True, False])
def test_deleted_team(proxy: LiteLlm, source: UsageSource, listed: bool) -> None:
    """A team that is deleted has still spent: its rows are not erased by the next poll."""
    proxy.lists_deleted = listed
    proxy.add_team("team-gone", "gone")
    proxy.spend("team-gone", TODAY, "5", key=proxy.add_key())
    before = source.fetch(WEEK, NOW).rows
    proxy.delete_team("team-gone", NOW)

    assert before == source.fetch(WEEK, NOW).rows


def test_team_deleted_while_away(proxy: LiteLlm, source: UsageSource) -> None:
    """Deleted teams are looked for, if deleted since the window began, however often."""
    for moment in (NOW - DAY, NOW):
        proxy.add_team("team-gone", "gone")
        proxy.delete_team("team-gone", moment)
    proxy.add_team("team-old")
    proxy.delete_team("team-old", NOW - 30 * DAY)
    proxy.spend("team-gone", TODAY, "5", key=proxy.add_key())

    assert [("gone", micros(5))] == [(row.team, row.net) for row in source.fetch(WEEK, NOW).rows]
    assert ["team-gone", "team-growth"] == [asked["team_ids"] for asked in _asked(proxy, ACTIVITY)]


def test_corrected_figures(proxy: LiteLlm, source: UsageSource) -> None:
    """A day is read anew each time, so figures that go backwards are taken as they are."""
    proxy.faults.add("malformed", ACTIVITY, body=QUOTED)
    proxy.faults.add("malformed", ACTIVITY, body=QUOTED.replace("3.12", "2.08"))

    totals = [sum(row.net for row in source.fetch(WEEK, NOW).rows) for _ in range(2)]

    assert [micros("3.12"), micros("2.08")] == totals


def test_directory_before_the_first_read(proxy: LiteLlm, source: UsageSource) -> None:
    """Names are looked for a month back, and a key without an alias goes by its hash."""
    key = proxy.add_key()
    proxy.spend("team-growth", TODAY - 30 * DAY, "5", key=key)

    assert {key: ApiKey(key, key)} == source.directory().api_keys


def test_check(proxy: LiteLlm, source: UsageSource) -> None:
    """The check counts the teams, and reads what one has spent."""
    assert "LiteLLM, 1 team" == source.check()
    assert 1 == len(_asked(proxy, ACTIVITY))


def test_no_trap_is_asked(proxy: LiteLlm, source: UsageSource) -> None:
    """Only teams and their days are asked for, one team at a time."""
    proxy.add_team("team-search")
    source.fetch(WEEK, NOW)
    source.directory()
    source.check()

    assert {"/v2/team/list", ACTIVITY} == {path for path, _ in proxy.requests}
    assert {"team-growth", "team-search"} == {
        asked["team_ids"] for asked in _asked(proxy, ACTIVITY)
    }


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(0, 9),
            st.integers(0, 10**11),
            st.sampled_from(["opus", "haiku", ""]),
        ),
        max_size=30,
    )
)
def test_sums(spends: list[tuple[int, int, int, str]]) -> None:
    """Whatever is spent within the window is what is fetched, to the micro-dollar."""
    with LiteLlm() as proxy, source_of(proxy) as source:
        keys = [proxy.add_key(f"key-{number}") for number in range(3)]
        for number in range(3):
            proxy.add_team(f"team-{number}")
        for team, days_ago, amount, model in spends:
            dollars = Decimal(amount) / 1_000_000
            on = date(2026, 11, 23) - days_ago * DAY
            proxy.spend(f"team-{team}", on, dollars, key=keys[team], model=model)

        rows = source.fetch(WEEK, NOW).rows

    assert sum(amount for _, days_ago, amount, _ in spends if days_ago <= 7) == sum(
        row.net for row in rows
    )


def _spend_widely(proxy: LiteLlm) -> None:
    """More rows on one day than fit on a page."""
    key = proxy.add_key()
    for number in range(2_500):
        proxy.spend("team-growth", TODAY, "0.01", key=key, model=f"model-{number}")


def _missing(quoted: object, shown: object, where: str = "") -> list[str]:
    """The fields that are quoted and not shown."""
    if isinstance(quoted, list) and isinstance(shown, list) and quoted:
        return _missing(quoted[0], shown[0], f"{where}[]")
    if not isinstance(quoted, dict) or where == ".teams[].metadata":  # what an owner writes there
        return []
    if not isinstance(shown, dict):
        return [where]
    lost = [f"{where}.{name}" for name in quoted if name not in shown]
    for name in quoted.keys() & shown.keys():
        lost += _missing(quoted[name], shown[name], f"{where}.{name}")
    return lost


def _first_key(activity: dict[str, object]) -> str:
    results = activity["results"]
    assert isinstance(results, list)
    return str(next(iter(results[0]["breakdown"]["api_keys"])))
