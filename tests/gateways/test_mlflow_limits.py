"""MLflow as an enforcement target against the real AI Gateway: who is let through follows the limit."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from bot.clients.enforcement.answers import Accepted, Confirmed, Edited, TargetError
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.clients.enforcement.orders import Held, Order
from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Fallback, Mode
from bot.domain.money import Micros, micros
from bot.sandbox.serving import Server
from tests.gateways.gateway import Gateway
from tests.gateways.mlflow_server import ADMIN, PASSWORD
from tests.gateways.provider import COST

HALF, ONE = micros("0.5"), micros(1)
_versions = itertools.count(1)


@pytest.fixture
def target(mlflow_url: str) -> Iterator[MlflowTarget]:
    """Ours, as the bot makes it."""
    target = MlflowTarget(mlflow_url)
    yield target
    target.close()


def _order(
    policy: str,
    limit: Micros,
    written: Sequence[Held] = (),
    *,
    mode: Mode = Mode.ALLOW,
    force: bool = False,
) -> Order:
    ends = datetime(2026, 12, 1, tzinfo=UTC)
    version = next(_versions)
    return Order(
        key=f"limit:search:v{version}:mlflow",
        budget=BudgetId("search"),
        version=version,
        mode=mode,
        at_limit=AtLimit.BLOCK,
        limit=limit,
        allocation=HALF,
        until=ends if limit > HALF else None,
        then=Fallback(Mode.BLOCK, HALF) if limit > HALF else None,
        refs={"policy": (policy,)},
        body=b"{}",
        written=written,
        force=force,
    )


def test_raised_and_put_back(gateway: Gateway, target: MlflowTarget) -> None:
    """A call refused at the limit passes once the limit is raised, and is refused once it is back."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint, limit=100)
    first = target.apply(_order(policy, HALF))
    assert isinstance(first, Confirmed)
    for count in range(1, 4):
        assert 200 == gateway.complete(name).status_code
        gateway.wait_for_spend(policy, count * COST / 1e6)
    refused = gateway.complete(name)
    assert 429 == refused.status_code
    assert "Limit: $0.50 USD per 1 month" in refused.json()["detail"]

    raised = target.apply(_order(policy, ONE, (first.held,)))
    assert isinstance(raised, Confirmed)
    assert 200 == gateway.complete(name).status_code
    gateway.wait_for_spend(policy, 4 * COST / 1e6)

    back = target.apply(_order(policy, HALF, (raised.held, first.held), mode=Mode.BLOCK))
    assert isinstance(back, Confirmed)
    assert 429 == gateway.complete(name).status_code
    assert [
        {"policy": {policy: {"budget_amount": amount, "budget_action": "REJECT"}}}
        for amount in ("0.50", "1.00", "0.50")
    ] == [answer.held for answer in (first, raised, back)]


@pytest.mark.parametrize("limit", [Micros(123_456_789), micros(15_000), Micros(10**15 + 1)])
def test_every_micro_dollar(gateway: Gateway, target: MlflowTarget, limit: Micros) -> None:
    """A limit comes back as it was written, to the micro-dollar."""
    policy = gateway.add_policy(gateway.add_endpoint()[1])
    answer = target.apply(_order(policy, limit))

    assert isinstance(answer, Confirmed)
    assert isinstance(target.look(_order(policy, limit, (answer.held,))), Confirmed)


@pytest.mark.parametrize("limit", [Micros(0), Micros(-1)])
def test_nothing_to_spend(gateway: Gateway, target: MlflowTarget, limit: Micros) -> None:
    """Where nothing may be spent, one call is enough to be refused from then on."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint)
    assert isinstance(target.apply(_order(policy, limit)), Confirmed)
    assert 200 == gateway.complete(name).status_code
    gateway.wait_for_spend(policy, COST / 1e6)

    assert 429 == gateway.complete(name).status_code


def test_changed_by_hand(gateway: Gateway, target: MlflowTarget) -> None:
    """What somebody else wrote is found and left; what we wrote once is said again."""
    policy = gateway.add_policy(gateway.add_endpoint()[1])
    first = target.apply(_order(policy, HALF))
    second = target.apply(_order(policy, ONE))
    assert isinstance(first, Confirmed)
    assert isinstance(second, Confirmed)
    written = (second.held, first.held)

    gateway.post("budgets/update", {"budget_policy_id": policy, "budget_amount": 7.0})
    for answer in (
        target.look(_order(policy, ONE, written)),
        target.apply(_order(policy, HALF, written)),
    ):
        assert isinstance(answer, Edited)
        assert f"policy {policy} has budget_amount $7 instead of" in answer.text

    gateway.post("budgets/update", {"budget_policy_id": policy, "budget_amount": 0.5})
    assert isinstance(target.look(_order(policy, ONE, written)), Accepted)
    gateway.post(
        "budgets/update",
        {"budget_policy_id": policy, "budget_amount": 1.0, "budget_action": "ALERT"},
    )
    answer = target.look(_order(policy, ONE, written))
    assert isinstance(answer, Edited)
    assert "has budget_action ALERT instead of REJECT" in answer.text


def test_unknown_policy(target: MlflowTarget) -> None:
    """A policy that is not there is told with the remedy."""
    with pytest.raises(TargetError, match="no budget policy of this id: check `enforce`") as caught:
        target.apply(_order("bp-nothing", HALF))

    assert (True, 404) == (caught.value.permanent, caught.value.status)


def test_check(gateway: Gateway, target: MlflowTarget) -> None:
    """The doctor is told how many policies there are."""
    assert "MLflow, 0 budget policies" == target.check()
    gateway.add_policy(gateway.add_endpoint()[1])

    assert "MLflow, 1 budget policy" == target.check()


def test_closed_server(closed_url: str, upstream: Server) -> None:
    """Strangers and readers are refused with the remedy, and an administrator's credentials write."""
    reader, password = "limits", "a long pass wörd"
    with Gateway(closed_url, upstream.url, (ADMIN, PASSWORD)) as gateway:
        policy = gateway.add_policy(gateway.add_endpoint()[1])
        gateway.post("/api/2.0/mlflow/users/create", {"username": reader, "password": password})
    refusals = []
    for who in ((None, None), (ADMIN, "another one"), (reader, password)):
        stranger = MlflowTarget(closed_url, *who)
        with pytest.raises(TargetError) as caught:
            stranger.apply(_order(policy, HALF))
        stranger.close()
        refusals.append((caught.value.permanent, caught.value.status))
    assert [(True, 401), (True, 401), (True, 403)] == refusals
    assert "MLflow lets only an administrator change budgets" in caught.value.text

    target = MlflowTarget(closed_url, ADMIN, PASSWORD)
    assert isinstance(target.apply(_order(policy, HALF)), Confirmed)
    target.close()
