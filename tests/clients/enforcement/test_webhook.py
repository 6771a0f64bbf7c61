"""The webhook target: signed states out, honest answers back."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from bot.clients.enforcement import Accepted, Confirmed, Newer, TargetError
from bot.clients.enforcement.signature import Signer
from bot.clients.enforcement.verdict import Sent, judge_answer
from bot.clients.enforcement.webhook import WebhookTarget
from bot.clock import utc_now
from bot.sandbox.gateway import Gateway, make_secret
from tests.clients.enforcement.trickle import STARTS, trickling

Body = Callable[..., bytes]
SENT = Sent("search", 8)


def test_confirmed(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """A target that holds what was sent confirms it."""
    answer = target.send("search:8", body(8))

    assert Confirmed(8, {"budget": "search", "version": 8}) == answer
    assert (8, "allow") == (gateway.holds("search").version, gateway.holds("search").mode)


def test_repeat(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """The same state again is confirmed again, under the same id, and changes nothing."""
    target.send("search:8", body(8))
    again = target.send("search:8", body(8))

    assert isinstance(again, Confirmed)
    assert ["applied", "repeated"] == [entry.outcome for entry in gateway.journal]
    assert {"search:8"} == {entry.webhook_id for entry in gateway.journal}


def test_newer(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """An old state that arrives late is dropped, and the newer version is told."""
    target.send("search:9", body(9))

    assert Newer(9) == target.send("search:8", body(8))
    assert 9 == gateway.holds("search").version


def test_accepted(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """An answer without the version is no confirmation."""
    gateway.faults.add("accept")

    assert Accepted() == target.send("search:8", body(8))


def test_still_older(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """A target that still holds the version before is asked again, not taken for done."""
    gateway.faults.add("stale")

    with pytest.raises(TargetError, match="still holds version 7") as caught:
        target.send("search:8", body(8))

    assert not caught.value.permanent


def test_lost_answer(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """When the answer is lost, sending again finds out that the state is held."""
    gateway.faults.add("drop")

    with pytest.raises(TargetError, match="the connection broke") as caught:
        target.send("search:8", body(8))

    assert not caught.value.permanent
    assert isinstance(target.send("search:8", body(8)), Confirmed)


def test_hanging(gateway: Gateway, body: Body) -> None:
    """A target that does not answer is given up after the time-out, to be tried again."""
    gateway.faults.add("hang")
    target = WebhookTarget(gateway.url, [gateway.secret], timeout=0.1)

    with pytest.raises(TargetError, match="no answer in time") as caught:
        target.send("search:8", body(8))
    target.close()

    assert not caught.value.permanent


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_trickling(body: Body, start: bytes) -> None:
    """A target that answers byte by byte, in any part of its answer, is given up after the time-out."""
    with trickling(start) as url:
        target = WebhookTarget(url, [make_secret()], allow_private=True, timeout=0.3)
        started = time.monotonic()
        with pytest.raises(TargetError, match="no answer in time") as caught:
            target.send("search:8", body(8))
        target.close()

    assert not caught.value.permanent
    assert time.monotonic() - started < 1.5


def test_down(target: WebhookTarget, gateway: Gateway, body: Body) -> None:
    """A target that is down may come back."""
    gateway.stop()

    with pytest.raises(TargetError, match="no connection") as caught:
        target.send("search:8", body(8))

    assert (False, None) == (caught.value.permanent, caught.value.status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301, 307])
def test_permanent(target: WebhookTarget, gateway: Gateway, body: Body, status: int) -> None:
    """A refusal is final, and so is a redirect: a signed state goes nowhere else."""
    gateway.faults.add("status", status=status, body="no such budget", retry_after=5)

    with pytest.raises(TargetError, match=f"{status}: no such budget") as caught:
        target.send("search:8", body(8))

    assert (True, status, None) == (
        caught.value.permanent,
        caught.value.status,
        caught.value.retry_after,
    )


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing(target: WebhookTarget, gateway: Gateway, body: Body, status: int) -> None:
    """Trouble that passes says when to try again."""
    gateway.faults.add("status", status=status, retry_after=5)

    with pytest.raises(TargetError) as caught:
        target.send("search:8", body(8))

    assert (False, status, 5.0) == (
        caught.value.permanent,
        caught.value.status,
        caught.value.retry_after,
    )


def test_redirect_goes_nowhere(gateway: Gateway, body: Body) -> None:
    """The place a redirect points to never hears of it."""
    with Gateway(secrets=gateway.secrets) as other:
        gateway.faults.add("status", status=307, headers={"location": other.url})
        target = WebhookTarget(gateway.url, [gateway.secret])
        with pytest.raises(TargetError):
            target.send("search:8", body(8))
        target.close()

        assert () == other.journal


def test_retry_after_date(gateway: Gateway, body: Body) -> None:
    """Retry-After may be a date."""
    now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    signed_at = iter([utc_now()])
    target = WebhookTarget(gateway.url, [gateway.secret], clock=lambda: next(signed_at, now))
    gateway.faults.add("status", status=503, retry_after="Mon, 23 Nov 2026 14:01:30 GMT")

    with pytest.raises(TargetError) as caught:
        target.send("search:8", body(8))
    target.close()

    assert 90.0 == caught.value.retry_after


def test_wrong_secret(gateway: Gateway, body: Body) -> None:
    """A target refuses a signature that it cannot verify, for good."""
    target = WebhookTarget(gateway.url, [make_secret()])

    with pytest.raises(TargetError, match="401") as caught:
        target.send("search:8", body(8))
    target.close()

    assert caught.value.permanent
    assert 0 == gateway.holds("search").version


def test_rotation(gateway: Gateway, body: Body) -> None:
    """With two secrets, targets that know the old one or the new one both verify."""
    old, new = gateway.secret, make_secret()
    target = WebhookTarget(gateway.url, [new, old])
    first = target.send("search:8", body(8))
    gateway.rotate(new)
    second = target.send("search:9", body(9))
    target.close()

    assert (8, 9) == (getattr(first, "version", None), getattr(second, "version", None))


def test_signature_is_for_this_attempt(body: Body) -> None:
    """The id stays, the time is that of the attempt, and an independent receiver verifies it."""
    secret = make_secret()
    at = utc_now()
    signer = Signer([secret])
    first = signer.headers("search:8", body(8), at)
    second = signer.headers("search:8", body(8), at + timedelta(seconds=30))

    assert str(int(at.timestamp())) == first["webhook-timestamp"]
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert json.loads(body(8)) == Webhook(secret).verify(body(8), dict(second))


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_!!!notbase64x"]])
def test_bad_secret(secrets: list[str]) -> None:
    """A secret that cannot sign is refused at once and not quoted."""
    with pytest.raises(ValueError, match="ENFORCEMENT_WEBHOOK_SECRET") as caught:
        WebhookTarget("http://127.0.0.1:1/", secrets)

    assert "notbase64x" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "gateway", "ftp://gateway.example.com", "http://"])
def test_bad_url(url: str) -> None:
    """What is not an http(s) address is refused at once."""
    with pytest.raises(ValueError, match="ENFORCEMENT_WEBHOOK_URL"):
        WebhookTarget(url, [make_secret()])


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, b"", Accepted()),
        (204, b"", Accepted()),
        (200, b"ok", Accepted()),
        (200, b"[]", Accepted()),
        (200, b"{}", Accepted()),
        (200, b'{"budget": "growth", "version": 8}', Accepted()),
        (200, b'{"budget": "search", "version": "8"}', Accepted()),
        (200, b'{"budget": "search", "version": true}', Accepted()),
        (200, b"[" * 60_000, Accepted()),
        (201, b'{"budget": "search", "version": 9}', Newer(9)),
        (409, b'{"budget": "search", "version": 9}', Newer(9)),
        (
            409,
            b'{"budget": "search", "version": 8}',
            Confirmed(8, {"budget": "search", "version": 8}),
        ),
    ],
    ids=map(str, range(12)),
)
def test_verdict(status: int, answer: bytes, expected: object) -> None:
    """Only the version and the budget that were sent confirm."""
    assert expected == judge_answer(SENT, status, answer, None)


def test_conflict_without_version() -> None:
    """A conflict that does not say what is held cannot be settled by trying again."""
    with pytest.raises(TargetError) as caught:
        judge_answer(SENT, 409, b"conflict", None)

    assert caught.value.permanent


def test_check(target: WebhookTarget, gateway: Gateway) -> None:
    """The check connects and sends nothing."""
    assert "127.0.0.1 listens at 127.0.0.1" in target.check()
    gateway.stop()
    with pytest.raises(TargetError, match="does not listen"):
        target.check()

    assert () == gateway.journal
