"""MLflow as a usage source, against its double over real HTTP: totals that are known, or an error."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    SourceDataError,
    SourceRefused,
)
from bot.clients.usage.mlflow import MlflowSource
from bot.domain.money import micros
from bot.domain.usage import Directory, Tokens, Window
from bot.sandbox.mlflow import Mlflow
from tests.clients.usage.mlflow.setting import (
    DAY,
    DECEMBER,
    HOUR,
    LOOKBACK,
    NOVEMBER,
    NOW,
    QUOTED_POLICIES,
    QUOTED_WINDOWS,
    TODAY,
    spend_of,
)


def test_quoted_answers(gateway: Mlflow, source: UsageSource) -> None:
    """The answers as the reference quotes them make one row, on the first day of the window."""
    gateway.faults.add("malformed", "/list", body=QUOTED_POLICIES)
    gateway.faults.add("malformed", "/windows", body=QUOTED_WINDOWS)

    fetched = source.fetch(LOOKBACK, NOW)
    [row] = fetched.rows

    assert Window(*NOVEMBER) == fetched.window
    assert (NOVEMBER[0] + 12 * HOUR, NOVEMBER[1]) == (row.starts_at, row.ends_at)
    assert ("mlflow", "e-1", micros("0.63"), micros("0.63")) == (
        row.source,
        row.team,
        row.net,
        row.list,
    )
    assert (Tokens(), 0, None, None) == (row.tokens, row.requests, row.model, row.api_key_id)
    assert fetched.refreshed_at is None


def test_double_has_the_quoted_shape(gateway: Mlflow, source: UsageSource) -> None:
    """The double answers with exactly the fields that the reference quotes."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "0.63")
    answers: list[dict[str, object]] = []

    def note(body: dict[str, object]) -> object:
        answers.append(body)
        return body

    gateway.faults.add("edit", times=None, edit=note)
    source.fetch(LOOKBACK, NOW)

    assert [json.loads(QUOTED_POLICIES), json.loads(QUOTED_WINDOWS)] == answers


def test_row_is_replaced(gateway: Mlflow, source: UsageSource) -> None:
    """Each poll tells the same window again with what was spent since."""
    policy = gateway.add_policy("e-1", *NOVEMBER)
    totals = []
    for _ in range(3):
        gateway.spend(policy, "0.21")
        totals.append(spend_of(source))

    assert [{"e-1": 210_000}, {"e-1": 420_000}, {"e-1": 630_000}] == totals


def test_next_window(gateway: Mlflow, source: UsageSource) -> None:
    """A new window begins at 0 and leaves the old one alone."""
    policy = gateway.add_policy("e-1", *NOVEMBER)
    gateway.spend(policy, "5")
    source.fetch(LOOKBACK, NOW)
    gateway.roll(policy, *DECEMBER)

    later = DECEMBER[0] + HOUR
    fetched = source.fetch(Window(later - HOUR, later), later)

    assert Window(*DECEMBER) == fetched.window
    assert [0] == [row.net for row in fetched.rows]


def test_window_left_standing(gateway: Mlflow, source: UsageSource) -> None:
    """A window that is over while others are in the next says nothing about the next."""
    idle, busy = gateway.add_policy("e-1", *NOVEMBER), gateway.add_policy("e-2", *NOVEMBER)
    gateway.spend(idle, "5")
    gateway.spend(busy, "6")
    later = DECEMBER[0] + HOUR
    both = spend_of(source, later)
    gateway.roll(busy, *DECEMBER)
    gateway.spend(busy, "1")

    assert ({"e-1": micros(5), "e-2": micros(6)}, {"e-2": micros(1)}) == (
        both,
        spend_of(source, later),
    )


def test_window_within_an_hour(gateway: Mlflow, source: UsageSource) -> None:
    """The ledger knows hours: a window that begins within one begins with it."""
    start = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    gateway.add_policy("e-1", start, start + 5 * HOUR, unit="HOURS")

    fetched = source.fetch(LOOKBACK, NOW)

    assert Window(start - HOUR / 2, start + 5.5 * HOUR) == fetched.window
    assert fetched.window.starts_at == fetched.rows[0].starts_at == source.earliest(NOW)


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/New_York", "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("window", "unit"), [(NOVEMBER, "MONTHS"), ((NOVEMBER[0], NOVEMBER[0] + DAY), "DAYS")]
)
def test_row_is_on_the_local_day(
    gateway: Mlflow,
    source: UsageSource,
    window: tuple[datetime, datetime],
    unit: str,
    zone: str,
) -> None:
    """Midnight UTC is the month before in America; what is spent in a month is that month's."""
    policy = gateway.add_policy("e-1", *window, unit=unit)
    gateway.spend(policy, "5")

    (row,) = source.fetch(LOOKBACK, window[1] - HOUR).rows
    assert (11, 1) == ((day := row.starts_at.astimezone(ZoneInfo(zone))).month, day.day)


def test_row_is_not_in_the_future(gateway: Mlflow, source: UsageSource) -> None:
    """In the first hours of a window the row is at the present hour, and moves on with it."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "5")
    for hours in (0, 3, 11, 12, 13):
        now = NOVEMBER[0] + hours * HOUR + HOUR / 2

        (row,) = source.fetch(LOOKBACK, now).rows
        assert NOVEMBER[0] + min(hours, 12) * HOUR == row.starts_at


def test_stacked_policies(gateway: Mlflow, source: UsageSource) -> None:
    """Policies stacked on one endpoint count the same spend, and it counts once, by the longest."""
    for window, spent in ((NOVEMBER, "5"), (NOVEMBER, "5"), (TODAY, "2")):
        gateway.spend(gateway.add_policy("e-1", *window), spent)

    assert {"e-1": micros(5)} == spend_of(source)


def test_scopes(gateway: Mlflow, source: UsageSource) -> None:
    """A GLOBAL policy counts its endpoints' spend again, so one scope is read."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "5")
    everything = gateway.add_policy(None, *NOVEMBER, scope="GLOBAL")
    gateway.spend(everything, "5")

    with MlflowSource(gateway.url, scope="GLOBAL") as other:
        totals = spend_of(other)

    assert ({"e-1": micros(5)}, {everything: micros(5)}) == (spend_of(source), totals)


def test_no_policy(gateway: Mlflow, source: UsageSource) -> None:
    """Without a policy MLflow counts nothing, which is not the same as nothing spent."""
    gateway.add_policy(None, *NOVEMBER, scope="GLOBAL")

    with pytest.raises(SourceRefused, match=r"scope ENDPOINT \(there: GLOBAL\)"):
        source.fetch(LOOKBACK, NOW)


def test_different_windows(gateway: Mlflow, source: UsageSource) -> None:
    """An endpoint counted by the day alone would lose its days in the others' month: refused."""
    gateway.add_policy("e-1", *NOVEMBER)
    gateway.add_policy("e-2", *TODAY)

    with pytest.raises(SourceRefused, match="bp-2 of e-2 have different windows"):
        source.fetch(LOOKBACK, NOW)


def test_short_window(gateway: Mlflow, source: UsageSource) -> None:
    """A window shorter than the ledger's hour is refused: the next one would replace it."""
    gateway.add_policy("e-1", NOW, NOW + timedelta(minutes=5), unit="MINUTES")

    with pytest.raises(SourceRefused, match="bp-1 of e-1 has a window shorter than an hour"):
        source.fetch(LOOKBACK, NOW)


def test_window_before(gateway: Mlflow, source: UsageSource) -> None:
    """What was spent before the present windows is not known, and so refused."""
    gateway.add_policy("e-1", *NOVEMBER)

    with pytest.raises(SourceRefused, match="begin 2026-11-01T00:00Z"):
        source.fetch(Window(NOVEMBER[0] - DAY, NOVEMBER[0]), NOW)


def test_missing_window(gateway: Mlflow, source: UsageSource) -> None:
    """A policy without a window raises and is named; the next answer that has it is read."""
    gateway.add_policy("e-1", *NOVEMBER)
    policy = gateway.add_policy("e-2", *NOVEMBER)
    gateway.spend(policy, "5")
    before = spend_of(source)
    gateway.hide_window(policy)

    with pytest.raises(SourceDataError, match="bp-2 of e-2 has no window"):
        source.fetch(LOOKBACK, NOW)

    gateway.hide_window(policy, hidden=False)
    assert before == spend_of(source)


@pytest.mark.parametrize("left", ["0", "4.99"])
def test_going_backwards(gateway: Mlflow, source: UsageSource, left: str) -> None:
    """A total that falls within its window raises until it is made up, and the last is kept."""
    policy = gateway.add_policy("e-1", *NOVEMBER)
    gateway.spend(policy, "5")
    source.fetch(LOOKBACK, NOW)
    gateway.lose(policy, left)

    for _ in range(2):
        with pytest.raises(
            SourceDataError, match=r"bp-1 of e-1: current_spend fell from \$5\.0+ to"
        ):
            source.fetch(LOOKBACK, NOW)

    gateway.spend(policy, "6")
    assert micros(Decimal(left) + 6) == spend_of(source)["e-1"]


def test_float_noise(gateway: Mlflow, source: UsageSource) -> None:
    """A sum of floats that comes out a micro-dollar lower is no fall, and nothing is lost."""
    policy = gateway.add_policy("e-1", *NOVEMBER)
    gateway.spend(policy, "5")
    source.fetch(LOOKBACK, NOW)
    gateway.lose(policy, "4.999999")

    assert {"e-1": micros(5)} == spend_of(source)


def test_deleted_policy(gateway: Mlflow, source: UsageSource) -> None:
    """What the endpoint of a deleted policy has spent stays spent until the window is over."""
    gateway.add_policy("e-1", *NOVEMBER)
    policy = gateway.add_policy("e-2", *NOVEMBER)
    gateway.spend(policy, "5")
    before = spend_of(source)
    gateway.delete_policy(policy)

    assert before == spend_of(source)
    gateway.roll("bp-1", *DECEMBER)
    assert {"e-1": 0} == spend_of(source, DECEMBER[0] + HOUR)


def test_policy_made_anew(gateway: Mlflow, source: UsageSource) -> None:
    """A policy made anew that begins at 0 is a fall of its endpoint's total."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "5")
    source.fetch(LOOKBACK, NOW)
    gateway.delete_policy("bp-1")
    gateway.add_policy("e-1", *NOVEMBER)

    with pytest.raises(SourceDataError, match="bp-2 of e-1: current_spend fell"):
        source.fetch(LOOKBACK, NOW)


def test_shorter_policy_takes_over(gateway: Mlflow, source: UsageSource) -> None:
    """A day's total beside the month's row that is already there would count twice."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "5")
    source.fetch(LOOKBACK, NOW)
    gateway.delete_policy("bp-1")
    gateway.spend(gateway.add_policy("e-1", *TODAY), "5")

    with pytest.raises(SourceDataError, match="already counted from 2026-11-01T00:00Z"):
        source.fetch(LOOKBACK, NOW)


def test_many_policies(gateway: Mlflow, source: UsageSource) -> None:
    """Policies on later pages are read too, each once."""
    gateway.page_size = 10
    for number in range(25):
        gateway.spend(gateway.add_policy(f"e-{number}", *NOVEMBER), "1")

    assert micros(25) == sum(spend_of(source).values())
    assert 4 == len(gateway.requests)


def test_check_and_names(gateway: Mlflow, source: UsageSource) -> None:
    """The check counts targets; there are no names to give."""
    for _ in range(2):
        gateway.add_policy("e-1", *NOVEMBER)

    assert "MLflow, 1 target of scope ENDPOINT" == source.check()
    assert Directory() == source.directory()
    assert NOW - 366 * DAY < source.earliest(NOW) + HOUR < NOW


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**11)), max_size=30))
def test_sums(spends: list[tuple[int, int]]) -> None:
    """Whatever is spent is what is fetched, to the micro-dollar, poll after poll."""
    with Mlflow() as gateway, MlflowSource(gateway.url) as source:
        policies = [gateway.add_policy(f"e-{number}", *NOVEMBER) for number in range(4)]
        spent = 0
        for endpoint, amount in spends:
            gateway.spend(policies[endpoint], Decimal(amount) / 1_000_000)
            spent += amount

            assert spent == sum(spend_of(source).values())
