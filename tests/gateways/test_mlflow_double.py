"""Our double of MLflow against the real program: the same questions, answers of the same shape."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.clients.usage.mlflow import POLICIES, WINDOWS
from bot.sandbox.mlflow import Mlflow
from tests.gateways.gateway import Gateway

NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
CREDENTIALS = ("bot", "a long password")


@pytest.fixture
def double() -> Iterator[Mlflow]:
    """A double without policies."""
    with Mlflow() as double:
        yield double


def _shape(value: object) -> object:
    """Names and JSON types, without values; of a list, the different shapes in it."""
    if isinstance(value, dict):
        return {name: _shape(part) for name, part in value.items()}
    if isinstance(value, list):
        shapes = [_shape(part) for part in value]
        different = [s for i, s in enumerate(shapes) if s not in shapes[:i]]
        return sorted(different, key=repr)
    return type(value).__name__


def _ask(url: str, path: str = "", **headers: str) -> httpx.Response:
    return httpx.get(url + path, headers=headers, trust_env=False, timeout=30)


def _answer(url: str, path: str) -> tuple[int, str, object]:
    return _told(_ask(url, path))


def _told(answer: httpx.Response) -> tuple[int, str, object]:
    """Status, media type, and the shape of what is said in JSON."""
    kind = answer.headers["content-type"].partition(";")[0]
    return answer.status_code, kind, _shape(answer.json()) if kind == "application/json" else None


@pytest.mark.parametrize("path", [POLICIES, WINDOWS, "/api/3.0/mlflow/gateway/budgets/nothing"])
def test_empty(gateway: Gateway, double: Mlflow, path: str) -> None:
    """Lists without an entry, and a path that is not there."""
    assert _answer(gateway.url, path) == _answer(double.url, path)


@pytest.mark.parametrize("path", [POLICIES, WINDOWS])
def test_policies_and_windows(gateway: Gateway, double: Mlflow, path: str) -> None:
    """Policies with and without a target, before and after something was spent."""
    name, endpoint = gateway.add_endpoint()
    policy = gateway.add_policy(endpoint)
    gateway.add_policy(None, scope="GLOBAL")
    theirs = double.add_policy("e-1", *NOVEMBER)
    double.add_policy(None, *NOVEMBER, scope="GLOBAL")
    assert _answer(gateway.url, path) == _answer(double.url, path)

    assert 200 == gateway.complete(name).status_code
    gateway.wait_for_spend(policy, 0.21)
    double.spend(theirs, "0.21")
    assert _answer(gateway.url, path) == _answer(double.url, path)


def test_pages(gateway: Gateway, double: Mlflow) -> None:
    """A full page has a token that leads to the next, and the last page has none."""
    double.page_size = 2
    endpoint = gateway.add_endpoint()[1]
    for _ in range(3):
        gateway.add_policy(endpoint)
        double.add_policy("e-1", *NOVEMBER)
    shapes = {}
    for url in (gateway.url, double.url):
        first = _ask(url, f"{POLICIES}?max_results=2").json()
        token = first["next_page_token"]
        last = _ask(url, f"{POLICIES}?max_results=2&page_token={token}").json()
        ids = [p["budget_policy_id"] for p in first["budget_policies"] + last["budget_policies"]]
        assert (3, 2) == (len(set(ids)), len(first["budget_policies"]))
        shapes[url] = _shape([first, last])

    assert shapes[gateway.url] == shapes[double.url]


@pytest.mark.parametrize(
    ("unit", "length"),
    [("HOURS", timedelta(hours=1)), ("DAYS", timedelta(days=1)), ("WEEKS", timedelta(weeks=1))],
)
def test_units(gateway: Gateway, double: Mlflow, unit: str, length: timedelta) -> None:
    """Policies of other durations look the same, and their windows are as long as they say."""
    gateway.add_policy(gateway.add_endpoint()[1], unit)
    double.add_policy("e-1", NOVEMBER[0], NOVEMBER[0] + length, unit=unit)

    spans = []
    for url in (gateway.url, double.url):
        [window] = _ask(url, WINDOWS).json()["windows"]
        spans.append(window["window_end_ms"] - window["window_start_ms"])
    assert [length / timedelta(milliseconds=1)] * 2 == spans
    assert _answer(gateway.url, POLICIES) == _answer(double.url, POLICIES)


def test_closed_door(closed_url: str) -> None:
    """Who is not known is turned away in the same way, whatever was asked for."""
    with Mlflow(credentials=CREDENTIALS) as double:
        for path in (POLICIES, WINDOWS, "/api/3.0/mlflow/gateway/budgets/nothing"):
            for headers in ({}, {"authorization": "Basic bm9ib2R5OndvcmRsZXNz"}):
                answers = [_ask(url, path, **headers) for url in (closed_url, double.url)]
                theirs, ours = (answer.headers["www-authenticate"] for answer in answers)

                assert _told(answers[0]) == _told(answers[1])
                assert theirs == ours


GET, UPDATE = (f"/api/3.0/mlflow/gateway/budgets/{name}" for name in ("get", "update"))


def _write(url: str, policy: str, **body: object) -> httpx.Response:
    sent = {"budget_policy_id": policy, **body}
    return httpx.post(url + UPDATE, json=sent, trust_env=False, timeout=30)


@pytest.mark.parametrize("amount", [1.25, 3, 0, -1, None])
def test_limits(gateway: Gateway, double: Mlflow, amount: float | None) -> None:
    """A policy is read and changed alike, and no amount is too little for either of them."""
    places = {
        gateway.url: gateway.add_policy(gateway.add_endpoint()[1], limit=0.5),
        double.url: double.add_policy("e-1", *NOVEMBER),
    }
    told = []
    for url, policy in places.items():
        changed = _write(url, policy, budget_amount=amount)
        read = _ask(url, f"{GET}?budget_policy_id={policy}")
        assert changed.json()["budget_policy"] == read.json()["budget_policy"]
        told.append((_told(changed), _told(read), read.json()["budget_policy"]["budget_amount"]))

    assert told[0] == told[1]
    assert (0.5 if amount is None else amount) == told[0][2]


def test_unknown_policy(gateway: Gateway, double: Mlflow) -> None:
    """A policy that is not there is refused alike, read or changed."""
    for url in (gateway.url, double.url):
        for answer in (_ask(url, f"{GET}?budget_policy_id=bp-9"), _write(url, "bp-9")):
            assert (404, "RESOURCE_DOES_NOT_EXIST") == (
                answer.status_code,
                answer.json()["error_code"],
            )
    assert _told(_write(gateway.url, "bp-9")) == _told(_write(double.url, "bp-9"))
