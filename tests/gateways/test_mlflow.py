"""The MLflow usage source against the real AI Gateway: what it spends is what we read, once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import SourceRefused, SourceUnavailable
from bot.clients.usage.mlflow import MlflowSource
from bot.clock import utc_now
from bot.domain.money import Micros
from bot.domain.usage import Directory, Fetched, Tokens, Window
from bot.sandbox.serving import Server
from tests.gateways.gateway import Gateway
from tests.gateways.mlflow_server import ADMIN, PASSWORD, mlflow_server
from tests.gateways.provider import COST

HOUR = timedelta(hours=1)


@pytest.fixture
def source(mlflow_url: str) -> Iterator[MlflowSource]:
    """Ours, as the bot makes it."""
    with MlflowSource(mlflow_url) as source:
        yield source


def _fetch(source: UsageSource, now: datetime | None = None) -> Fetched:
    now = now or utc_now()
    return source.fetch(Window(now - HOUR, now), now)


def _spend(source: UsageSource, now: datetime | None = None) -> dict[str | None, Micros]:
    return {row.team: row.net for row in _fetch(source, now).rows}


def _month(now: datetime) -> Window:
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(start, (start + timedelta(days=31)).replace(day=1))


def _calls(gateway: Gateway, endpoint: str, policy: str, times: int) -> None:
    """Completions that are let through, and counted by the gateway when this returns."""
    before = gateway.spend_of(policy) or 0.0
    for _ in range(times):
        assert 200 == gateway.complete(endpoint).status_code
    gateway.wait_for_spend(policy, before + times * COST / 1e6)


def test_no_policy(gateway: Gateway, source: UsageSource) -> None:
    """A gateway that counts nothing is not a gateway where nothing was spent."""
    gateway.add_endpoint()

    with pytest.raises(SourceRefused, match=r"no budget policy of scope ENDPOINT \(there: none\)"):
        _fetch(source)


def test_spend(gateway: Gateway, source: UsageSource) -> None:
    """Calls make one row for their endpoint, in dollars, over the policy's month."""
    name, endpoint = gateway.add_endpoint()
    idle = gateway.add_endpoint()[1]
    policy = gateway.add_policy(endpoint)
    gateway.add_policy(idle)
    _calls(gateway, name, policy, 3)

    now = utc_now()
    fetched = _fetch(source, now)
    rows = {row.team: row for row in fetched.rows}

    assert (_month(now), None) == (fetched.window, fetched.refreshed_at)
    assert {endpoint: 3 * COST, idle: 0} == {team: row.net for team, row in rows.items()}
    row = rows[endpoint]
    assert ("mlflow", 3 * COST, Tokens(), 0) == (row.source, row.list, row.tokens, row.requests)
    month = _month(now)
    noon = month.starts_at + timedelta(hours=12)  # west of UTC it is the same date, too
    assert (noon, month.ends_at) == (row.starts_at, row.ends_at)
    assert "MLflow, 2 targets of scope ENDPOINT" == source.check()
    assert (Directory(), _month(now).starts_at) == (source.directory(), source.earliest(now))


def test_growth(gateway: Gateway, source: UsageSource) -> None:
    """What was spent since the last poll is in the next one once, however often it is read."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint)
    _calls(gateway, name, policy, 1)
    first = _spend(source)
    _calls(gateway, name, policy, 1)

    assert ({endpoint: COST}, {endpoint: 2 * COST}) == (first, _spend(source))
    assert {endpoint: 2 * COST} == _spend(source)


def test_refused_calls_cost_nothing(gateway: Gateway, source: UsageSource) -> None:
    """The call that crosses the limit is let through and counts; the next is refused and does not."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint, limit=0.3)
    _calls(gateway, name, policy, 2)

    assert 429 == gateway.complete(name).status_code
    assert {endpoint: 2 * COST} == _spend(source)


def test_overlapping_policies(gateway: Gateway, source: UsageSource) -> None:
    """Several policies of an endpoint and one of all count the same call, and it counts once."""
    name, endpoint = gateway.add_endpoint()
    policies = [
        gateway.add_policy(endpoint),
        gateway.add_policy(endpoint, action="ALERT"),
        gateway.add_policy(endpoint, "DAYS"),
        gateway.add_policy(None, scope="GLOBAL"),
    ]
    _calls(gateway, name, policies[0], 1)

    told = [gateway.spend_of(policy) or 0 for policy in policies]
    assert all(dollars > 0.2 for dollars in told)
    assert {endpoint: COST} == _spend(source)


def test_policy_made_anew(gateway: Gateway, source: UsageSource) -> None:
    """A policy that is deleted and made anew goes on with what its endpoint has spent."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint)
    _calls(gateway, name, policy, 2)
    before = _spend(source)
    gateway.delete_policy(policy)
    gateway.wait_for_spend(gateway.add_policy(endpoint), 2 * COST / 1e6)

    assert {endpoint: 2 * COST} == before == _spend(source)


def test_short_window(gateway: Gateway, source: UsageSource) -> None:
    """A policy by the minute alone cannot be read, and the error says what to do."""
    gateway.add_policy(gateway.add_endpoint()[1], "MINUTES")

    with pytest.raises(SourceRefused, match="give its target a policy of MONTHS too"):
        _fetch(source)


def test_closed_server(closed_url: str, upstream: Server) -> None:
    """A server that asks who is there refuses strangers with the remedy, and lets a reader read."""
    reader, password = "bot", "a long pass wörd"
    with Gateway(closed_url, upstream.url, (ADMIN, PASSWORD)) as gateway:
        gateway.add_policy(gateway.add_endpoint()[1])
        gateway.post("/api/2.0/mlflow/users/create", {"username": reader, "password": password})
    for name, word in ((None, None), (ADMIN, "another one"), ("nobody", PASSWORD)):
        with (
            MlflowSource(closed_url, username=name, password=word) as stranger,
            pytest.raises(SourceRefused, match="MLFLOW_USERNAME and MLFLOW_PASSWORD") as caught,
        ):
            _fetch(stranger)
        assert 401 == caught.value.status

    with MlflowSource(closed_url, username=reader, password=password) as source:
        assert [0] == list(_spend(source).values())
        assert "MLflow, 1 target of scope ENDPOINT" == source.check()


def test_restart_and_next_month(mlflow_program: Path, tmp_path: Path, upstream: Server) -> None:
    """A restart loses nothing of the month; the next month begins at 0 and leaves this one alone."""
    now = utc_now()
    with (
        mlflow_server(mlflow_program, tmp_path) as url,
        Gateway(url, upstream.url) as gateway,
        MlflowSource(url) as source,
    ):
        name, endpoint = gateway.add_endpoint()
        policy = gateway.add_policy(endpoint)
        _calls(gateway, name, policy, 2)
        assert {endpoint: 2 * COST} == _spend(source)
        # a new policy is counted from what is on disk; what is not yet there dies with the server
        gateway.wait_for_spend(gateway.add_policy(endpoint), 2 * COST / 1e6)
    with pytest.raises(SourceUnavailable), MlflowSource(url, patience=0) as source:
        _fetch(source)

    with (
        mlflow_server(mlflow_program, tmp_path) as url,
        Gateway(url, upstream.url) as gateway,
        MlflowSource(url) as source,
    ):
        gateway.wait_for_spend(policy, 2 * COST / 1e6)
        assert {endpoint: 2 * COST} == _spend(source)

    ahead = _month(now).ends_at + HOUR - now
    with (
        mlflow_server(mlflow_program, tmp_path, ahead=ahead) as url,
        Gateway(url, upstream.url) as gateway,
        MlflowSource(url) as source,
    ):
        later = utc_now() + ahead
        fetched = _fetch(source, later)
        assert _month(later) == fetched.window
        assert _month(now).ends_at == fetched.window.starts_at
        assert [0] == [row.net for row in fetched.rows]
        _calls(gateway, name, policy, 1)
        assert {endpoint: COST} == _spend(source, later)
