"""What a fetch returns: every row of the window, once, exactly."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.usage import UsageSource
from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.errors import SourceRefused
from bot.domain.money import micros
from bot.domain.usage import Actor, Tokens, Window
from bot.sandbox.usage import UsageApi

HOUR = timedelta(hours=1)
TOKENS = Tokens(100, 20, 30, 40, 50)


def test_row(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """A row carries its hour, every dimension, both amounts and the tokens."""
    workspace = api.add_workspace("team-search", {"team": "search"})
    key = api.add_api_key("search-prod", "team-search")
    user = api.add_user("dana@example.com", "Dana Ruiz")
    api.spend(
        now - HOUR,
        "12.50",
        "13.75",
        workspace="team-search",
        api_key="search-prod",
        actor="dana@example.com",
        tokens=TOKENS,
        requests=3,
    )

    [row] = source.fetch(day, now).rows

    assert (now - HOUR).replace(minute=0) == row.starts_at
    assert now.replace(minute=0) == row.ends_at
    assert ("anthropic", workspace, key) == (row.source, row.workspace_id, row.api_key_id)
    assert Actor("user_actor", user, "dana@example.com", "Dana Ruiz") == row.actor
    assert ("claude-opus-5-5", "messages_api") == (row.model, row.product)
    assert (micros("12.50"), micros("13.75")) == (row.net, row.list)
    assert (TOKENS, 3) == (row.tokens, row.requests)


def test_usage_without_cost(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """Usage that was not billed is a row without money."""
    api.spend(now - HOUR, None, tokens=TOKENS, requests=2)

    [row] = source.fetch(day, now).rows

    assert (0, 0, TOKENS, 2) == (row.net, row.list, row.tokens, row.requests)


def test_cost_without_usage(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """Cost without tokens, such as code execution, is a row without tokens."""
    api.spend(now - HOUR, "3.15", model=None, product=None, requests=0, cost_type="code_execution")

    [row] = source.fetch(day, now).rows

    assert (micros("3.15"), Tokens(), None) == (row.net, row.tokens, row.model)


def test_equal_keys_are_summed(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """Rows of identities that cannot be rendered share one key, and are one row in the end."""
    for who in ("a", "b", "c"):
        api.spend(now - HOUR, "0.000001", actor=f"unrenderable:{who}", tokens=TOKENS)

    [row] = source.fetch(day, now).rows

    assert (None, 3, 3 * TOKENS.total, 3) == (row.actor, row.net, row.tokens.total, row.requests)


def test_fractions_are_summed_before_rounding(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """Four rows of a quarter micro-dollar make one micro-dollar, not none."""
    for number in range(4):
        api.spend(now - HOUR, "0.00000025", actor=f"unrenderable:{number}")

    assert 1 == source.fetch(day, now).rows[0].net


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ("service:svac_1", Actor("service_account_actor", "svac_1")),
        ("federated:arn:aws:iam::1:role/x", Actor("federated_actor", "arn:aws:iam::1:role/x")),
        (None, None),
    ],
)
def test_actor_kinds(
    api: UsageApi,
    source: UsageSource,
    day: Window,
    now: datetime,
    actor: str | None,
    expected: Actor | None,
) -> None:
    """Each kind of identity is named by its own id."""
    api.spend(now - HOUR, "1", actor=actor)

    assert expected == source.fetch(day, now).rows[0].actor


def test_key_as_actor(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """When nobody is named, the key itself is the actor."""
    key = api.add_api_key("batch")
    api.spend(now - HOUR, "1", api_key="batch")

    assert Actor("api_actor", key) == source.fetch(day, now).rows[0].actor


def test_unknown_actor_kind(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """A kind of actor that nobody knows yet is kept, and distinct ones stay distinct."""
    api.spend(now - HOUR, "1", actor="service:svac_1")
    api.spend(now - HOUR, "2", actor="service:svac_2")

    def rename(body: dict[str, object]) -> object:
        rows = body["data"]
        assert isinstance(rows, list)
        for row in rows:
            row["group"]["actor"]["type"] = "robot_actor"
        return body

    api.faults.add("edit", times=None, edit=rename)
    rows = source.fetch(day, now).rows

    assert 2 == len({row.actor for row in rows})
    assert {"robot_actor"} == {row.actor.kind for row in rows if row.actor}


def test_many_pages(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """More rows than fit on a page all come, each once."""
    for number in range(2_100):
        api.spend(now - HOUR, "0.01", model=f"model-{number}", tokens=Tokens(output=1))

    rows = source.fetch(day, now).rows

    assert 2_100 == len({row.model for row in rows}) == len(rows)
    assert micros("21") == sum(row.net for row in rows)
    assert 6 == len(api.requests)


def test_long_window(api: UsageApi, source: UsageSource, now: datetime) -> None:
    """A window of 70 days is asked for in parts of at most 31 days, and nothing is counted twice."""
    for days in range(1, 70):
        api.spend(now - timedelta(days=days), "1")

    fetched = source.fetch(Window(now - timedelta(days=70), now), now)

    assert micros(69) == sum(row.net for row in fetched.rows)
    assert 6 == len(api.requests)


def test_window_is_whole_hours(source: UsageSource, now: datetime) -> None:
    """An hour read in part would replace the whole hour, so the window is widened to hours."""
    fetched = source.fetch(Window(now - timedelta(minutes=90), now + timedelta(days=2)), now)

    assert now.replace(hour=12, minute=0) == fetched.window.starts_at
    assert now.replace(hour=15, minute=0) == fetched.window.ends_at


def test_nothing_before_2026(source: UsageSource, now: datetime) -> None:
    """The API holds nothing before 2026, so the window that is read starts there."""
    fetched = source.fetch(Window(now.replace(year=2025), now), now)

    assert datetime.fromisoformat("2026-01-01T00:00:00Z") == fetched.window.starts_at


def test_nothing_older_than_a_year(api: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """What lies more than 365 days back is left out, with a margin for the API's own clock."""
    later = now.replace(year=2027)
    api.clock = lambda: later + timedelta(minutes=4)

    fetched = source.fetch(Window(now - timedelta(days=30), now + timedelta(days=3)), later)

    assert now.replace(hour=15, minute=0) == fetched.window.starts_at == source.earliest(later)


def test_unreadable_window(source: UsageSource, now: datetime) -> None:
    """A window of which nothing can be read is refused: no rows would mean no spend."""
    long_ago = now.replace(year=2024)

    with pytest.raises(SourceRefused, match="answers from 2026-01-01T00:00:00Z"):
        source.fetch(Window(long_ago, long_ago + HOUR), now)


def test_late_data(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """Spend that the provider learns of late appears in the hour in which it happened."""
    api.spend(now - 5 * HOUR, "7", visible_at=now + HOUR)
    before = source.fetch(day, now).rows
    api.clock = lambda: now + HOUR

    [row] = source.fetch(day, now + HOUR).rows

    assert () == before
    assert ((now - 5 * HOUR).replace(minute=0), micros(7)) == (row.starts_at, row.net)


def test_revised_data(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """A correction downwards is read as it is."""
    event = api.spend(now - HOUR, "10")
    api.revise(event, usd="4")

    assert micros(4) == source.fetch(day, now).rows[0].net


def test_refreshed_at(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """Data that stands still is told by the time at which it was refreshed."""
    api.refresh_lag = timedelta(minutes=10)
    api.freeze()
    api.clock = lambda: now + 3 * HOUR

    assert now - timedelta(minutes=10) == source.fetch(day, now + 3 * HOUR).refreshed_at


def test_oldest_refresh_counts(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """When the two reports are not equally fresh, the older time is told."""
    older = now - 3 * HOUR
    api.faults.add("edit", "usage", edit=lambda body: {**body, "data_refreshed_at": f"{older}"})

    assert older == source.fetch(day, now).refreshed_at


def test_request(api: UsageApi, source: UsageSource, day: Window, now: datetime) -> None:
    """The request names the client, the version, the beta and all five dimensions."""
    source.fetch(day, now)

    cost, usage = api.requests

    assert "budget-bot/0.1 (+https://github.com/budget-bot/budget-bot)" == cost.user_agent
    assert ("2026-10-21", "analytics-usage-cost-2026-08-24") == (cost.version, cost.beta)
    assert cost.parameters == usage.parameters
    assert ["workspace_id", "api_key_id", "actor", "model", "product"] == [
        value for name, value in cost.parameters if name == "group_by[]"
    ]


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 10**13),  # micro-dollars
        st.integers(0, 24 * 60),  # minutes ago
        st.sampled_from(["team-search", "team-growth", None]),
        st.sampled_from(["dana@example.com", "unrenderable:x", "unrenderable:y", None]),
        st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", None]),
    ),
    max_size=40,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=EVENTS)
def test_sums_are_exact(
    api: UsageApi,
    source: UsageSource,
    now: datetime,
    events: list[tuple[int, int, str | None, str | None, str | None]],
) -> None:
    """Whatever is spent, by whom and when: the rows sum to it, to the micro-dollar."""
    api.events.clear()
    for amount, minutes, workspace, actor, model in events:
        api.spend(
            now - timedelta(minutes=minutes),
            Decimal(amount) / 1_000_000,
            workspace=workspace,
            actor=actor,
            model=model,
            tokens=Tokens(output=7),
        )

    rows = source.fetch(Window(now - timedelta(hours=24), now), now).rows

    assert sum(amount for amount, *_ in events) == sum(row.net for row in rows)
    assert (7 * len(events), len(events)) == (
        sum(row.tokens.total for row in rows),
        sum(row.requests for row in rows),
    )
    keys = [(row.starts_at, row.workspace_id, row.api_key_id, row.actor, row.model) for row in rows]
    assert len(set(keys)) == len(keys)
