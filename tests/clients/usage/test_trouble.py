"""What a source does when the API is in trouble: try again, or say what is wrong, never half."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.clients.retry_after import read_retry_after
from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.errors import (
    AnswerTooLarge,
    PageLoop,
    SourceDataError,
    SourceRefused,
    SourceUnavailable,
)
from bot.domain.money import micros
from bot.domain.usage import Window
from bot.sandbox.usage import UsageApi
from bot.sandbox.usage.faults import Kind

HOUR = timedelta(hours=1)
Body = dict[str, object]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_passing_status(
    api: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    sleeps: list[float],
    status: int,
) -> None:
    """Trouble that passes is waited for, a little longer each time, and then all is read."""
    api.spend(now - HOUR, "5")
    api.faults.add("status", "cost", times=3, status=status)

    fetched = source.fetch(day, now)

    assert micros(5) == fetched.rows[0].net
    assert 3 == len(sleeps)
    assert 0.25 <= sleeps[0] <= 0.5 <= sleeps[1] <= 1 <= sleeps[2] <= 2


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_lost_answer(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, kind: Kind
) -> None:
    """An answer that is lost or cut off is asked for again and counted once."""
    api.spend(now - HOUR, "5")
    api.faults.add(kind, "cost")

    assert micros(5) == sum(row.net for row in source.fetch(day, now).rows)


def test_hanging(api: UsageApi, day: Window, now: datetime) -> None:
    """A source that never answers uses up the patience, and no more."""
    api.faults.add("delay", times=None)
    with (
        AnthropicSource(api.admin_key, api.url, patience=0.3, read_seconds=0.1) as source,
        pytest.raises(SourceUnavailable, match="no answer in time"),
    ):
        source.fetch(day, now)


def test_not_running(source: AnthropicSource, api: UsageApi, day: Window, now: datetime) -> None:
    """A source that is down is told as unavailable once the patience is used up."""
    api.stop()

    with pytest.raises(SourceUnavailable, match="ConnectError"):
        source.fetch(day, now)


def test_retry_after(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, sleeps: list[float]
) -> None:
    """The wait that the API asks for is the wait there is."""
    api.faults.add("status", status=429, retry_after=7)

    source.fetch(day, now)

    assert [7.0] == sleeps


def test_retry_after_beyond_patience(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, sleeps: list[float]
) -> None:
    """A longer wait than there is patience for is not begun, but passed on."""
    api.faults.add("status", status=429, retry_after=60)

    with pytest.raises(SourceUnavailable) as caught:
        source.fetch(day, now)

    assert (60.0, []) == (caught.value.retry_after, sleeps)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("5", 5.0),
        ("0.5", 0.5),
        ("-5", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_read_retry_after(now: datetime, text: str | None, expected: float | None) -> None:
    """Retry-After counts when it can be read, and is never negative."""
    assert expected == read_retry_after(text, now)


def test_read_retry_after_date(now: datetime) -> None:
    """Retry-After may be a date, then it is counted from now; one that is over means at once."""
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    earlier = format_datetime(now - HOUR, usegmt=True)

    assert (90.0, 0.0) == (read_retry_after(later, now), read_retry_after(earlier, now))


def test_failure_between_pages(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """A read that dies between pages raises: part of the spend must not look like all of it."""
    for number in range(1_500):
        api.spend(now - HOUR, "1", model=f"model-{number}")
    api.faults.add("mid_page", times=None)

    with pytest.raises(SourceUnavailable):
        source.fetch(day, now)


def test_recovery_between_pages(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """A second page that fails once is read again, and no row comes twice."""
    for number in range(1_500):
        api.spend(now - HOUR, "1", model=f"model-{number}")
    api.faults.add("mid_page", times=2)

    assert micros(1_500) == sum(row.net for row in source.fetch(day, now).rows)


@pytest.mark.parametrize("path", ["cost", "usage"])
def test_page_loop(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, path: str
) -> None:
    """Pages that go round in a circle end with an error, not never."""
    api.spend(now - HOUR, "1")
    api.faults.add("loop", path, times=None)

    with pytest.raises(PageLoop, match=rf"{path}: the pages go round"):
        source.fetch(day, now)


def test_list_loop(api: UsageApi, source: AnthropicSource) -> None:
    """A list that points back to itself ends with an error too."""
    api.faults.add("loop", "workspaces", times=None)

    with pytest.raises(PageLoop):
        source.directory()


def test_too_large(api: UsageApi, day: Window, now: datetime) -> None:
    """An answer larger than any real one is not read to its end."""
    api.spend(now - HOUR, "1")
    with (
        AnthropicSource(api.admin_key, api.url, largest_answer=300) as source,
        pytest.raises(AnswerTooLarge, match="larger than 300 bytes"),
    ):
        source.fetch(day, now)


@pytest.mark.parametrize(
    ("status", "type_", "code", "remedy"),
    [
        (401, "authentication_error", None, "set ANTHROPIC_ADMIN_KEY to an admin key"),
        (403, "permission_error", None, "a key with read:analytics"),
        (400, "invalid_request_error", None, "the request was refused"),
        (400, "invalid_request_error", "organization_not_enrolled_in_beta", "usage_report"),
        (400, "invalid_request_error", "a_new_code", "the request was refused"),
        (402, "billing_error", "linked_organization_spend_limit_reached", "linked organization"),
        (404, "not_found_error", None, "check ANTHROPIC_BASE_URL"),
        (429, "rate_limit_error", "enforced_spend_limit_reached", "raise the usage tier"),
        (418, "teapot_error", None, "an unexpected answer 418"),
    ],
)
def test_refusals(
    api: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    sleeps: list[float],
    status: int,
    type_: str,
    code: str | None,
    remedy: str,
) -> None:
    """What somebody has to change is told at once, with the remedy, by code before type."""
    api.faults.add("error", status=status, type=type_, error_code=code, message="no such luck")

    with pytest.raises(SourceRefused, match=remedy) as caught:
        source.fetch(day, now)

    assert (status, code, []) == (caught.value.status, caught.value.code, sleeps)
    assert "no such luck" in str(caught.value)


def test_wrong_key(api: UsageApi, day: Window, now: datetime) -> None:
    """A key that the API does not know is refused with the name of the setting."""
    with (
        AnthropicSource("sk-ant-admin01-wrong", api.url) as source,
        pytest.raises(SourceRefused, match="the key was refused: set ANTHROPIC_ADMIN_KEY"),
    ):
        source.fetch(day, now)


def test_key_stays_secret(
    api: UsageApi, day: Window, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """The key is in no error and no log, not even when the API repeats it."""
    key = "sk-ant-admin01-verysecret"
    caplog.set_level(logging.DEBUG)
    api.faults.add("status", status=500)
    api.faults.add("error", status=401, type="authentication_error", message=f"{key} is invalid")
    with (
        AnthropicSource(key, api.url, sleep=lambda _: None) as source,
        pytest.raises(SourceRefused) as caught,
    ):
        source.fetch(day, now)

    assert key not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert key not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("key", ["", "sk ant", "sk-ant-…", "sk-ant\nx"])
def test_impossible_key(key: str) -> None:
    """A key that cannot go into a header is refused without being quoted."""
    with pytest.raises(SourceRefused, match="ANTHROPIC_ADMIN_KEY is empty or holds"):
        AnthropicSource(key)


def _edit_row(change: Callable[[Body], None]) -> Callable[[Body], object]:
    def edit(body: Body) -> object:
        rows = body["data"]
        assert isinstance(rows, list)
        change(rows[1])
        return body

    return edit


def _set(*path: str, value: object) -> Callable[[Body], None]:
    def change(row: Body) -> None:
        target = row
        for name in path[:-1]:
            inner = target[name]
            assert isinstance(inner, dict)
            target = inner
        if value is ...:
            del target[path[-1]]
        else:
            target[path[-1]] = value

    return change


BAD_ROWS: list[tuple[str, Callable[[Body], None], str]] = [
    ("cost", _set("cost", "currency", value="EUR"), "row 1, cost.currency"),
    ("cost", _set("cost", "amount", value="12,5"), "row 1, cost.amount"),
    ("cost", _set("cost", "amount", value="NaN"), "row 1, cost.amount"),
    ("cost", _set("cost", "amount", value="1E+400"), "row 1, cost.amount"),
    ("cost", _set("cost", "amount", value=12.5), "row 1, cost.amount"),
    ("cost", _set("cost", "list_amount", value=...), "row 1, cost.list_amount"),
    ("cost", _set("starting_at", value="2026-11-23T13:00:00"), "row 1, starting_at"),
    ("cost", _set("starting_at", value=1795438800), "row 1, starting_at"),
    ("cost", _set("starting_at", value="2025-11-23T13:00:00Z"), "row 1: starting_at"),
    ("cost", _set("ending_at", value="2026-11-23T13:01:00Z"), "row 1: ending_at"),
    ("cost", _set("group", "api_key_id", value=...), "row 1, group.api_key_id"),
    (
        "cost",
        _set("group", "actor", value={"type": "user_actor"}),
        "row 1: group.actor.user_id",
    ),
    ("cost", _set("group", "actor", value={}), "row 1: group.actor.type"),
    ("usage", _set("usage", "output_tokens", value="7"), "row 1, usage.output_tokens"),
    ("usage", _set("usage", "output_tokens", value=-7), "row 1, usage.output_tokens"),
    ("usage", _set("usage", "cache_creation", value=None), "row 1, usage.cache_creation"),
]


@pytest.mark.parametrize(
    ("report", "change", "where"), BAD_ROWS, ids=map(str, range(len(BAD_ROWS)))
)
def test_bad_row(
    api: UsageApi,
    source: AnthropicSource,
    day: Window,
    now: datetime,
    report: str,
    change: Callable[[Body], None],
    where: str,
) -> None:
    """A row that is not as documented stops the read, and the error names row and field."""
    for model in ("a", "b", "c"):
        api.spend(now - HOUR, "1", model=model)
    api.faults.add("edit", report, edit=_edit_row(change))

    with pytest.raises(SourceDataError, match=where.replace(".", r"\.")):
        source.fetch(day, now)


@pytest.mark.parametrize(
    "body", ['{"data": [', "", "<html>", "[]", "null", "{}", '{"data": null}', "[" * 100_000]
)
def test_malformed_body(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime, body: str
) -> None:
    """A body that is not a page of a report is an error of the data, not a crash."""
    api.faults.add("malformed", body=body)

    with pytest.raises(SourceDataError, match="analytics/cost"):
        source.fetch(day, now)


def test_redirect(api: UsageApi, source: AnthropicSource, day: Window, now: datetime) -> None:
    """A redirect is not followed, so the key goes nowhere else."""
    api.faults.add("status", status=302, headers={"location": "http://127.0.0.1:1/"})

    with pytest.raises(SourceRefused, match="an unexpected answer 302"):
        source.fetch(day, now)
