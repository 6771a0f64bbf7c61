"""Tests against real gateways: skipped unless the programs are there, as `make test-gateways` has it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.serving import Server
from tests.gateways.gateway import Gateway
from tests.gateways.mlflow_server import mlflow_server
from tests.gateways.provider import provider


@pytest.fixture(scope="session")
def mlflow_program() -> Path:
    """The command `mlflow` of the environment that has it."""
    folder = os.environ.get("GATEWAYS_BIN")
    if not folder:
        pytest.skip("needs the real MLflow: run `make test-gateways`")
    return Path(folder).absolute() / "mlflow"


@pytest.fixture(scope="session")
def upstream() -> Iterator[Server]:
    """The provider that all gateways lead to."""
    with provider() as server:
        yield server


@pytest.fixture(scope="session")
def mlflow_url(mlflow_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the tests that leave its clock and its door alone."""
    with mlflow_server(mlflow_program, tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(scope="session")
def closed_url(mlflow_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server that lets in only whom it knows."""
    with mlflow_server(mlflow_program, tmp_path_factory.mktemp("closed"), closed=True) as url:
        yield url


@pytest.fixture
def gateway(mlflow_url: str, upstream: Server) -> Iterator[Gateway]:
    """A gateway without policies."""
    with Gateway(mlflow_url, upstream.url) as gateway:
        yield gateway
        for policy in gateway.get("budgets/list").get("budget_policies", []):
            gateway.delete_policy(policy["budget_policy_id"])
