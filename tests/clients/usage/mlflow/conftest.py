"""An MLflow double over real HTTP, and a source that reads it without ever sleeping."""

from collections.abc import Iterator

import pytest

from bot.clients.usage.mlflow import MlflowSource
from bot.sandbox.mlflow import Mlflow
from tests.clients.usage.mlflow.setting import NOW


@pytest.fixture
def gateway() -> Iterator[Mlflow]:
    """A gateway without policies."""
    with Mlflow() as gateway:
        yield gateway


@pytest.fixture
def waits() -> list[float]:
    """The waits a source would have made."""
    return []


@pytest.fixture
def source(gateway: Mlflow, waits: list[float]) -> Iterator[MlflowSource]:
    """A source without credentials, as MLflow has none by default."""
    with MlflowSource(gateway.url, sleep=waits.append, clock=lambda: NOW) as source:
        yield source
