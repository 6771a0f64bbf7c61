"""What LiteLLM as a usage source does in trouble: try again, or say what is wrong, never half."""

import json
import logging
from urllib.parse import urlsplit

import pytest

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    AnswerTooLarge,
    PageLoop,
    SourceDataError,
    SourceRefused,
    SourceUnavailable,
)
from bot.clients.usage.litellm import LiteLlmSource
from bot.domain.money import micros
from bot.sandbox.litellm import LiteLlm
from bot.sandbox.usage.faults import Kind
from tests.clients.usage.litellm.setting import (
    ACTIVITY,
    NOW,
    QUOTED,
    QUOTED_TEAMS,
    TODAY,
    WEEK,
    source_of,
)


def _spend_widely(proxy: LiteLlm) -> None:
    """More rows on one day than fit on a page."""
    key = proxy.add_key()
    for number in range(2_500):
        proxy.spend("team-growth", TODAY, "0.01", key=key, model=f"model-{number}")


def test_failure_between_pages(proxy: LiteLlm, source: UsageSource) -> None:
    """A read that dies between pages raises: part of the spend must not look like all of it."""
    _spend_widely(proxy)
    proxy.faults.add("mid_page", times=None)

    with pytest.raises(SourceUnavailable):
        source.fetch(WEEK, NOW)


def test_recovery_between_pages(proxy: LiteLlm, source: UsageSource, waits: list[float]) -> None:
    """A later page that fails once is read again, and no row comes twice."""
    _spend_widely(proxy)
    proxy.faults.add("mid_page", times=2)

    assert micros("25") == sum(row.net for row in source.fetch(WEEK, NOW).rows)
    assert 2 == len(waits)


@pytest.mark.parametrize("kind", ["status", "drop", "truncate"])
def test_passing_trouble(
    proxy: LiteLlm, source: UsageSource, waits: list[float], kind: Kind
) -> None:
    """A 500 or a lost answer is asked for again, and counted once."""
    proxy.spend("team-growth", TODAY, "5", key=proxy.add_key())
    proxy.faults.add(kind, ACTIVITY)

    assert micros(5) == sum(row.net for row in source.fetch(WEEK, NOW).rows)
    assert 1 == len(waits)


def test_retry_after(proxy: LiteLlm, source: UsageSource, waits: list[float]) -> None:
    """The wait asked for is the wait there is; one beyond all patience is passed on."""
    proxy.faults.add("status", status=429, retry_after=7)
    source.fetch(WEEK, NOW)
    proxy.faults.add("status", status=429, retry_after=60)

    with pytest.raises(SourceUnavailable) as caught:
        source.fetch(WEEK, NOW)

    assert (60.0, [7.0]) == (caught.value.retry_after, waits)


def test_hanging(proxy: LiteLlm) -> None:
    """A proxy that never answers uses up the patience, and no more."""
    proxy.faults.add("delay", times=None)

    with (
        LiteLlmSource(proxy.master_key, proxy.url, patience=0.3, read_seconds=0.1) as source,
        pytest.raises(SourceUnavailable, match="no answer in time"),
    ):
        source.fetch(WEEK, NOW)


def test_not_running(proxy: LiteLlm, source: UsageSource) -> None:
    """A proxy that is down is told as unavailable once the patience is used up."""
    proxy.stop()

    with pytest.raises(SourceUnavailable, match="ConnectError"):
        source.fetch(WEEK, NOW)


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (401, "Authentication Error", "check LITELLM_API_KEY"),
        (403, "Virtual key is not allowed to call this route", "needs a proxy_admin's key"),
        (404, "Not Found", "check LITELLM_BASE_URL"),
        (422, "field required", "LiteLLM refused the request"),
        (418, "I am a teapot", "an unexpected answer 418"),
        (500, "No db connected", "set its DATABASE_URL"),
        (500, "DB not connected. See docs", "set its DATABASE_URL"),
    ],
)
def test_refusals(
    proxy: LiteLlm,
    source: UsageSource,
    waits: list[float],
    status: int,
    message: str,
    remedy: str,
) -> None:
    """What somebody has to change is told at once, with the remedy; no database is such a thing."""
    proxy.faults.add("error", status=status, message=message)

    with pytest.raises(SourceRefused, match=remedy) as caught:
        source.fetch(WEEK, NOW)

    assert (status, []) == (caught.value.status, waits)
    assert message in str(caught.value)


def test_key_stays_secret(proxy: LiteLlm, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key is refused, and is in no error and no log though the proxy repeats it."""
    key = "sk-verysecret"
    caplog.set_level(logging.DEBUG)
    proxy.faults.add("status")
    with source_of(proxy, key) as source, pytest.raises(SourceRefused) as caught:
        source.fetch(WEEK, NOW)

    assert "Received API Key = …" in str(caught.value)
    assert key not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"


@pytest.mark.parametrize("key", [" ", "sk-a b", "sk-ä", "sk-\n"])
def test_impossible_key(proxy: LiteLlm, key: str) -> None:
    """A key that cannot be sent is refused before httpx could quote it."""
    with pytest.raises(SourceRefused, match="LITELLM_API_KEY is empty or holds") as caught:
        source_of(proxy, key)

    assert key.strip() in {"", "sk-"} or key not in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://proxy", "proxy:4000", "http://proxy:port", "/v1"])
def test_impossible_address(address: str) -> None:
    """An address that is none is refused with the name of the setting."""
    with pytest.raises(SourceRefused, match="LITELLM_BASE_URL is not"):
        LiteLlmSource("sk-1", address).fetch(WEEK, NOW)


def test_address_with_a_path(proxy: LiteLlm) -> None:
    """A proxy behind a path is asked below that path."""
    with (
        LiteLlmSource(proxy.master_key, f"{proxy.url}/llm/") as source,
        pytest.raises(SourceRefused, match="check LITELLM_BASE_URL"),
    ):
        source.fetch(WEEK, NOW)

    assert "/llm/v2/team/list" == urlsplit(proxy.requests[0][0]).path


def test_huge_answer(proxy: LiteLlm) -> None:
    """An answer larger than any real one is not read to its end."""
    with (
        source_of(proxy, largest_answer=300) as source,
        pytest.raises(AnswerTooLarge, match="larger than 300 bytes"),
    ):
        source.fetch(WEEK, NOW)


@pytest.mark.parametrize(
    "spend",
    ['"3.12"', "null", "true", "-1", "1e99", "1e9999999999999999999", "NaN", "Infinity", "[]"],
)
def test_malformed_spend(proxy: LiteLlm, source: UsageSource, spend: str) -> None:
    """A spend that is not a plausible number raises; it is never taken for 0."""
    proxy.faults.add("malformed", ACTIVITY, body=QUOTED.replace("3.12", spend))

    with pytest.raises(SourceDataError, match=ACTIVITY):
        source.fetch(WEEK, NOW)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"spend":3.12,', "", "results.0.metrics.spend: Field required"),
        ('"prompt_tokens":120', '"prompt_tokens":1.5', "prompt_tokens"),
        ('"api_requests":29', '"api_requests":-1', "api_requests"),
        ('"2026-11-23"', '"2026-11-31"', "is no date"),
        ('"2026-11-23"', '"2026-10-01"', "is outside the window"),
        ('"2026-11-23"', "20261123", "results.0.date"),
        ('"abc123":{"metrics":{}', '"abc123":{"metrics":{"spend":4}', "the keys spent 4"),
        ('{"results":', '{"rows":', "results: Field required"),
        (QUOTED, "<html>", "not JSON"),
        (QUOTED, "[" * 100_000, "not JSON"),
        (QUOTED, "[]", "body"),
    ],
)
def test_malformed_answer(
    proxy: LiteLlm, source: UsageSource, old: str, new: str, told: str
) -> None:
    """An answer that is not as documented raises, and says where."""
    proxy.faults.add("malformed", ACTIVITY, body=QUOTED.replace(old, new))

    with pytest.raises(SourceDataError, match=told):
        source.fetch(WEEK, NOW)


def test_day_comes_twice(proxy: LiteLlm, source: UsageSource) -> None:
    """One answer with a day in it twice counts nothing rather than double."""
    day = json.loads(QUOTED)["results"][0]
    proxy.faults.add("malformed", ACTIVITY, body=json.dumps({"results": [day, day]}))

    with pytest.raises(SourceDataError, match="2026-11-23: comes twice"):
        source.fetch(WEEK, NOW)


def test_team_listed_twice(proxy: LiteLlm, source: UsageSource) -> None:
    """A team that comes twice has pushed another off the pages: its spend must not vanish."""

    def push_off(body: dict[str, object]) -> object:
        teams = body["teams"]
        assert isinstance(teams, list)
        return {**body, "teams": teams * 2, "total": len(teams) * 2}

    proxy.faults.add("edit", "/v2/team/list", None, edit=push_off)

    with pytest.raises(SourceDataError, match="1 teams came of 2"):
        source.fetch(WEEK, NOW)


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        ('"total":1', '"total":2', SourceDataError, "1 teams came of 2"),
        ('"page":1', '"page":2', PageLoop, "page 1 was asked for and 2 came"),
        ('"total_pages":1', '"total_pages":"1"', SourceDataError, "total_pages"),
        ('"team-growth"', '"a,b"', SourceDataError, "teams.0.team_id"),
    ],
)
def test_malformed_teams(
    proxy: LiteLlm,
    source: UsageSource,
    old: str,
    new: str,
    error: type[SourceDataError],
    told: str,
) -> None:
    """A list of teams that is not complete would erase the spend of those it lacks: it raises."""
    proxy.faults.add("malformed", "/v2/team/list", body=QUOTED_TEAMS.replace(old, new))

    with pytest.raises(error, match=told):
        source.fetch(WEEK, NOW)
