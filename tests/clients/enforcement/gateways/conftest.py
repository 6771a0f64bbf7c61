"""The doubles of LiteLLM and MLflow over real HTTP, and targets that hold a budget there."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.sandbox.litellm import LiteLlm
from bot.sandbox.mlflow import Mlflow
from tests.clients.enforcement.gateways.setting import Desk

MakeDesk = Callable[..., Desk]
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture
def proxy() -> Iterator[LiteLlm]:
    """LiteLLM with two teams, each with a limit of $3, and a key of one of them."""
    with LiteLlm() as proxy:
        proxy.add_team("search", "Search")
        proxy.add_team("growth", "Growth")
        proxy.add_key("ci", "search")
        yield proxy


@pytest.fixture
def token(proxy: LiteLlm) -> str:
    """The hash of the key `ci`."""
    return next(iter(proxy.limits.keys))


@pytest.fixture
def gateway() -> Iterator[Mlflow]:
    """MLflow with one policy, `bp-1`, of $0.50."""
    with Mlflow() as gateway:
        gateway.add_policy("e-1", *NOVEMBER)
        yield gateway


@pytest.fixture
def at_litellm(proxy: LiteLlm) -> Iterator[MakeDesk]:
    """A budget with the names that `enforce` gives it at LiteLLM."""
    targets: list[LiteLlmTarget] = []

    def make(timeout: float = 5.0, **refs: str | Sequence[str]) -> Desk:
        targets.append(LiteLlmTarget(proxy.url, proxy.master_key, timeout=timeout))
        return Desk(targets[-1], proxy, **refs)

    yield make
    for target in targets:
        target.close()


@pytest.fixture
def at_mlflow(gateway: Mlflow) -> Iterator[MakeDesk]:
    """A budget with the names that `enforce` gives it at MLflow."""
    targets: list[MlflowTarget] = []

    def make(timeout: float = 5.0, **refs: str | Sequence[str]) -> Desk:
        targets.append(MlflowTarget(gateway.url, timeout=timeout))
        return Desk(targets[-1], gateway, **refs)

    yield make
    for target in targets:
        target.close()


@pytest.fixture(params=["litellm", "mlflow"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """A budget at either of them."""
    make: MakeDesk = request.getfixturevalue(f"at_{request.param}")
    return make(team="search") if request.param == "litellm" else make(policy="bp-1")
