"""The gate before Slack's requests: size, then signature, then whether it can be read at all."""

import json
import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import utc_now
from bot.domain.errors import UserError
from bot.flows import status
from bot.sandbox.slack.http_line import signature
from bot.web import signed
from tests.web.conftest import Gate

JSON = "application/json"
COMMAND = {
    "command": "/budget",
    "text": "help",
    "user_id": "U0TOM",
    "channel_id": "C1",
    "trigger_id": "1.2.3",
    "team_id": "T0SANDBOX",
    "response_url": "http://127.0.0.1:9/nowhere",
}
# The server belongs to the module and remembers nothing of these requests.
many = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def form(**fields: str) -> bytes:
    """A command, with these fields changed."""
    return urlencode({**COMMAND, **fields}).encode()


def interaction(payload: object) -> bytes:
    """An interaction: one form field with JSON in it."""
    return b"payload=" + quote(json.dumps(payload)).encode()


def now(seconds: int = 0) -> str:
    """A timestamp that many seconds from now."""
    return str(int(utc_now().timestamp()) + seconds)


def test_what_slack_signed_comes_in(gate: Gate) -> None:
    """Signed over the raw body, by the same rule as the sandbox's Slack."""
    body = form()
    moment = now()

    assert signature(gate.town.slack.signing_secret, moment, body.decode()) == gate.signature(
        body, moment
    )
    answer = gate.sends(body)
    assert 200 == answer.status_code
    assert "`/budget help` this text" in answer.json()["text"]


@pytest.mark.parametrize("wrong", ["", "v0=", "v0=00", "v1=abc", "v0=é", "x" * 5_000])
def test_a_wrong_signature_is_refused(gate: Gate, wrong: str) -> None:
    """Whatever it is made of."""
    signed_by_another = gate.signature(form(), now(), secret="another secret")

    assert 401 == gate.sends(form(), signature=wrong or signed_by_another).status_code


def test_an_unsigned_request_is_refused(gate: Gate) -> None:
    """Also the one kind that bolt itself would let through."""
    for body in (form(), b"ssl_check=1", b"", b"{bad", b"\xff", interaction({}), b"[" * 100_000):
        answer = gate.client.post("/slack/events", content=body)
        assert (401, "the signature does not match") == (answer.status_code, answer.text)


def test_a_signature_is_good_for_one_body_and_one_time(gate: Gate) -> None:
    """A changed byte or a changed timestamp is another request."""
    good = gate.signature(form(), moment := now())

    assert 401 == gate.sends(form(text="status"), moment, good).status_code
    assert 401 == gate.sends(form(), now(1), good).status_code
    assert 401 == gate.sends(form() + b" ", moment, good).status_code
    assert 200 == gate.sends(form(), moment, good).status_code


@pytest.mark.parametrize("seconds", [-302, -86_400, 302, 86_400])
def test_a_stale_request_is_refused(gate: Gate, seconds: int) -> None:
    """Five minutes either way: what was recorded yesterday is no use today."""
    assert 401 == gate.sends(form(), now(seconds)).status_code


@pytest.mark.parametrize(
    ("seconds", "good"), [(-310, False), (-290, True), (0, True), (290, True), (310, False)]
)
def test_the_gate_itself_looks_at_the_clock(gate: Gate, seconds: int, good: bool) -> None:
    """Before bolt, which would look only after it has parsed the body."""
    moment, secret = now(seconds), gate.town.slack.signing_secret

    assert good == signed(form(), moment, gate.signature(form(), moment), secret)


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_may_be_a_little_off(gate: Gate, seconds: int) -> None:
    """Within the five minutes it is taken."""
    assert 200 == gate.sends(form(), now(seconds)).status_code


@pytest.mark.parametrize(
    "timestamp", ["abc", "-1", "1e9", "12.5", "²", "٣", "9" * 400, "1 2", "NaN"]
)
def test_a_timestamp_that_is_no_number_is_refused(gate: Gate, timestamp: str) -> None:
    """Even when the signature over it is right."""
    assert 401 == gate.sends(form(), timestamp).status_code


@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", "Content-Length: 52428800"])
def test_fifty_megabytes_are_refused_without_being_read(gate: Gate, head: str) -> None:
    """413 after the first megabyte, and the connection is closed on the rest."""
    chunk = b"x" * 65_536
    if "chunked" in head:
        chunk = b"10000\r\n" + chunk + b"\r\n"
    answer, sent = b"", 0
    with socket.create_connection(("127.0.0.1", gate.town.port), timeout=10) as line:
        line.sendall(f"POST /slack/events HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        with suppress(ConnectionError):
            while sent < 800:
                line.sendall(chunk)
                sent += 1
        with suppress(ConnectionError):
            while more := line.recv(65_536):
                answer += more

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 400  # of 800; what the system had buffered counts as sent


def test_a_large_request_within_the_limit_is_read(gate: Gate) -> None:
    """A megabyte is more than Slack ever sends."""
    body = form(text="x" * 900_000)

    assert 200 == gate.sends(body).status_code
    assert 413 == gate.sends(form(text="x" * 1_100_000)).status_code


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{bad", JSON),
        (b"[]", JSON),
        (b"[1]", JSON),
        (b"null", JSON),
        (b"3", JSON),
        (b'"x"', JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 100_000, JSON),
        (b"\xff\xfe", JSON),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"payload=", "application/x-www-form-urlencoded"),
        (b"payload={bad", "application/x-www-form-urlencoded"),
        (b"payload=" + b"[" * 100_000, "application/x-www-form-urlencoded"),
        (interaction([]), "application/x-www-form-urlencoded"),
        (interaction(3), "application/x-www-form-urlencoded"),
        (interaction({"type": "block_actions", "actions": []}), "text/plain"),
    ],
)
def test_signed_rubbish_is_a_bad_request(gate: Gate, body: bytes, content_type: str) -> None:
    """Whoever holds the secret and sends nonsense is told so; it is no error of ours."""
    answer = gate.sends(body, content_type=content_type)

    assert (400, "the body cannot be read") == (answer.status_code, answer.text)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["type", "team", "user", "user_id", "actions", "view", "callback_id", "event", "channel"]
)
KINDS = st.sampled_from(["block_actions", "view_submission", "view_closed", "event_callback", "x"])
ALMOST = st.builds(
    lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(NAMES, ANYTHING, max_size=5)
)
BLOCKS = st.lists(st.dictionaries(st.sampled_from(["type", "block_id"]), ANYTHING), max_size=2)
VIEWS = st.builds(
    lambda callback_id, blocks, state: {
        "type": "view_submission",
        "user": {"id": "U0TOM"},
        "view": {
            "type": "modal",
            "id": "V1",
            "callback_id": callback_id,
            "blocks": blocks,
            "state": state,
        },
    },
    st.sampled_from(["overage_request", "overage_decision", "alert_answer", "x"]),
    BLOCKS | ANYTHING,
    ANYTHING,
)


@many
@given(st.binary(max_size=200), st.sampled_from([JSON, "application/x-www-form-urlencoded", ""]))
def test_no_bytes_break_it(gate: Gate, body: bytes, content_type: str) -> None:
    """Signed or not, whatever they are: never a failure of ours."""
    assert gate.sends(body, content_type=content_type).status_code in {400, 404}
    assert 401 == gate.sends(body, signature="v0=00", content_type=content_type).status_code


@many
@given(ANYTHING | ALMOST | VIEWS)
def test_no_json_breaks_it(gate: Gate, payload: object) -> None:
    """Every shape a payload could have but should not: never a failure of ours."""
    for body, content_type in (
        (json.dumps(payload).encode(), JSON),
        (interaction(payload), "application/x-www-form-urlencoded"),
    ):
        assert gate.sends(body, content_type=content_type).status_code < 500


def test_a_replay_has_no_second_effect(gate: Gate) -> None:
    """Within five minutes the same signed request is taken again, and makes nothing new."""
    gate.town.turn()
    body = form(text="request search 20 launch week", trigger_id="9.9.9")
    good = gate.signature(body, moment := now())
    first = gate.sends(body, moment, good)
    again = [gate.sends(body, moment, good) for _ in range(3)]
    gate.town.settles()

    assert {(200, first.json()["text"])} == {(a.status_code, a.json()["text"]) for a in again}
    assert "Overage request #1:" in first.json()["text"]
    cards = [text for text in gate.town.said_in("#ai-approvals") if "launch week" in text]
    assert 1 == len(cards)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_posts_are_for_slack(gate: Gate, method: str) -> None:
    """There is nothing else to see at this address."""
    assert 405 == gate.client.request(method, "/slack/events").status_code


def test_a_health_check_does_not_wait_behind_slack(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack's requests are answered in threads of their own, so a slow one holds up nothing."""
    begun, go_on = Event(), Event()

    def slow(*_: object, **__: object) -> None:
        begun.set()
        go_on.wait(10)
        raise UserError("at last")

    monkeypatch.setattr(status, "status", slow)
    command = Thread(target=lambda: gate.sends(form(text="status")))
    command.start()

    assert begun.wait(10)
    assert 200 == httpx.get(f"{gate.client.base_url}/healthz", trust_env=False).status_code
    assert command.is_alive()
    go_on.set()
    command.join(10)
