"""What MLflow as a usage source does in trouble: try again, or say what is wrong, never half."""

import base64
import json
import logging

import pytest

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    AnswerTooLarge,
    PageLoop,
    SourceDataError,
    SourceRefused,
    SourceUnavailable,
)
from bot.clients.usage.mlflow import POLICIES, WINDOWS, MlflowSource
from bot.domain.money import micros
from bot.sandbox.mlflow import Mlflow
from bot.sandbox.usage.faults import Kind
from tests.clients.usage.mlflow.setting import (
    LOOKBACK,
    NOVEMBER,
    NOW,
    QUOTED_POLICIES,
    QUOTED_WINDOWS,
    spend_of,
)


def test_failure_between_pages(gateway: Mlflow, source: UsageSource) -> None:
    """A list of policies that breaks off raises: the rest of the spend must not vanish."""
    gateway.page_size = 10
    for number in range(25):
        gateway.add_policy(f"e-{number}", *NOVEMBER)
    gateway.faults.add("mid_page", times=None)

    with pytest.raises(SourceUnavailable):
        source.fetch(LOOKBACK, NOW)


def test_page_loop(gateway: Mlflow, source: UsageSource) -> None:
    """Pages that go round in a circle end with an error, not never."""
    gateway.add_policy("e-1", *NOVEMBER)
    gateway.faults.add("edit", "/list", None, edit=lambda body: {**body, "next_page_token": "0"})

    with pytest.raises(PageLoop):
        source.fetch(LOOKBACK, NOW)


@pytest.mark.parametrize("kind", ["status", "drop", "truncate"])
def test_passing_trouble(
    gateway: Mlflow, source: UsageSource, waits: list[float], kind: Kind
) -> None:
    """A 500 or a lost answer is asked for again."""
    gateway.spend(gateway.add_policy("e-1", *NOVEMBER), "5")
    gateway.faults.add(kind, WINDOWS)

    assert {"e-1": micros(5)} == spend_of(source)
    assert 1 == len(waits)


def test_retry_after_beyond_patience(
    gateway: Mlflow, source: UsageSource, waits: list[float]
) -> None:
    """A longer wait than there is patience for is not begun, but passed on."""
    gateway.faults.add("status", status=503, retry_after=60)

    with pytest.raises(SourceUnavailable) as caught:
        source.fetch(LOOKBACK, NOW)

    assert (60.0, []) == (caught.value.retry_after, waits)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "check MLFLOW_USERNAME and MLFLOW_PASSWORD"),
        (403, "must be allowed to read gateway budgets"),
        (404, "check MLFLOW_BASE_URL"),
    ],
)
def test_refusals(
    gateway: Mlflow, source: UsageSource, waits: list[float], status: int, remedy: str
) -> None:
    """What somebody has to change is told at once, with the remedy."""
    gateway.faults.add("error", status=status, message="no such luck")

    with pytest.raises(SourceRefused, match=remedy) as caught:
        source.fetch(LOOKBACK, NOW)

    assert (status, []) == (caught.value.status, waits)
    assert "no such luck" in str(caught.value)


def test_credentials() -> None:
    """A user name and password open a server that asks for them, spaces and umlauts too."""
    with Mlflow(credentials=("bot", "pass wörd")) as gateway:
        gateway.add_policy("e-1", *NOVEMBER)
        with MlflowSource(gateway.url, username="bot", password="pass wörd") as source:
            assert {"e-1": 0} == spend_of(source)


def test_password_stays_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The password is in no error and no log, neither plain nor as it is sent."""
    caplog.set_level(logging.DEBUG)
    sent = base64.b64encode(b"bot:verysecret").decode()
    with Mlflow(credentials=("bot", "other")) as gateway:
        gateway.faults.add("error", status=401, message=f"verysecret or {sent} is wrong")
        with (
            MlflowSource(gateway.url, username="bot", password="verysecret") as source,
            pytest.raises(SourceRefused) as caught,
        ):
            source.fetch(LOOKBACK, NOW)

    told = f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"
    assert "… or … is wrong" in told
    assert ("verysecret" in told, sent in told) == (False, False)


def test_huge_answer(gateway: Mlflow) -> None:
    """An answer larger than any real one is not read to its end."""
    gateway.add_policy("e-1", *NOVEMBER)
    with (
        MlflowSource(gateway.url, largest_answer=100) as source,
        pytest.raises(AnswerTooLarge, match="larger than 100 bytes"),
    ):
        source.fetch(LOOKBACK, NOW)


@pytest.mark.parametrize("spend", ['"0.63"', "null", "false", "-0.01", "1e99", "NaN", "{}"])
def test_malformedspend_of(gateway: Mlflow, source: UsageSource, spend: str) -> None:
    """A spend that is not a plausible number raises; it is never taken for 0."""
    gateway.add_policy("e-1", *NOVEMBER)
    gateway.faults.add("malformed", "/windows", body=QUOTED_WINDOWS.replace("0.63", spend))

    with pytest.raises(SourceDataError, match=WINDOWS):
        source.fetch(LOOKBACK, NOW)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (',"current_spend":0.63', "", "current_spend: Field required"),
        ("1793491200000", "1796083200000", "ends before it starts"),
        ("1796083200000", "1e300", "window_end_ms"),
        ("1796083200000", "999999999999999999", "window_end_ms"),
        ('"windows"', '"rows"', "bp-1 of e-1 has no window"),
        ('"bp-1"', '"bp-7"', "bp-1 of e-1 has no window"),
        (QUOTED_WINDOWS, "{}", "bp-1 of e-1 has no window"),
        (QUOTED_WINDOWS, "<html>", "not JSON"),
    ],
)
def test_malformed_windows(
    gateway: Mlflow, source: UsageSource, old: str, new: str, told: str
) -> None:
    """Windows that are not as documented raise, and the error says where."""
    gateway.add_policy("e-1", *NOVEMBER)
    gateway.faults.add("malformed", "/windows", body=QUOTED_WINDOWS.replace(old, new))

    with pytest.raises(SourceDataError, match=told):
        source.fetch(LOOKBACK, NOW)


def test_two_windows_of_a_policy(gateway: Mlflow, source: UsageSource) -> None:
    """A policy with two windows has no total."""
    gateway.add_policy("e-1", *NOVEMBER)
    window = json.loads(QUOTED_WINDOWS)["windows"][0]
    gateway.faults.add("malformed", "/windows", body=json.dumps({"windows": [window, window]}))

    with pytest.raises(SourceDataError, match="bp-1 has two windows"):
        source.fetch(LOOKBACK, NOW)


def test_other_unit(gateway: Mlflow, source: UsageSource) -> None:
    """A policy in anything but dollars is not counted as dollars."""
    gateway.faults.add("malformed", "/list", body=QUOTED_POLICIES.replace("USD", "EUR"))

    with pytest.raises(SourceDataError, match=rf"{POLICIES}: budget_policies.0.budget_unit"):
        source.fetch(LOOKBACK, NOW)
