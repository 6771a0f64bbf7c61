"""`POST /usage`: signed, idempotent, all or nothing."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from bot.clock import utc_now
from tests.story.town import POLICY, Town, at, town

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
PUSHED = POLICY.replace('    match: [{api_key: "growth-*"}]', '    match: [{team: "growth"}]')


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A town that takes pushed usage."""
    begins = at("2026-11-03 09:00")
    with town(tmp_path, database_url, "http", begins, PUSHED, USAGE_PUSH_SECRET=SECRET) as place:
        place.turn()
        yield place


def row(number: int, usd: str | None = "10", **more: Any) -> dict[str, Any]:
    """A row as a gateway sends it."""
    cost = {} if usd is None else {"cost_usd": usd}
    return {
        "source": "gateway",
        "id": f"req_{number}",
        "at": "2026-11-03T14:30:00Z",
        "model": "claude-opus-5-5",
        "team": "growth",
        **cost,
        **more,
    }


def push(
    acme: Town, rows: object, secret: str = SECRET, body: bytes | None = None
) -> httpx.Response:
    """One signed call."""
    sent = body if body is not None else json.dumps({"rows": rows}).encode()
    now = utc_now()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, sent.decode()),
    }
    url = f"http://127.0.0.1:{acme.port}/usage"
    return httpx.post(url, content=sent, headers=headers, trust_env=False)


def test_pushed_usage_counts_like_any_other(acme: Town) -> None:
    """Rows land on the budget their team names, and the next tick alerts its owner."""
    answer = push(acme, [row(1, "100"), row(2, "60.50"), row(3, "1", team="nobody")])
    acme.goes_to("2026-11-03 10:00")

    assert (202, {"accepted": 3, "duplicates": 0}) == (answer.status_code, answer.json())
    assert acme.said_to("lee")[0].startswith("look: Growth has spent $160.50 of $300")
    assert "Unattributed (unattributed): $1" in acme.person("tom").types("/budget status all").text


def test_a_row_counts_once_however_often_it_comes(acme: Town) -> None:
    """A call that is repeated, and an id that comes twice in one call, are duplicates."""
    push(acme, [row(1, "20")])
    answer = push(acme, [row(1, "20"), row(2, "30"), row(2, "30")])
    acme.goes_to("2026-11-03 10:00")

    assert {"accepted": 1, "duplicates": 2} == answer.json()
    assert "$50 of $300" in acme.person("tom").types("/budget status growth").text


def test_the_same_call_eight_times_at_once_counts_once(acme: Town) -> None:
    """Retries that overlap, in any order of rows, add every row once."""
    rows = [row(number, "1") for number in range(40)]

    def send(turn: int) -> int:
        return int(push(acme, rows if turn % 2 else rows[::-1]).json()["accepted"])

    with ThreadPoolExecutor(8) as pool:
        assert 40 == sum(pool.map(send, range(8)))
    acme.goes_to("2026-11-03 10:00")
    assert "$40 of $300" in acme.person("tom").types("/budget status growth").text


def test_the_cost_of_the_gateway_wins_over_the_price_table(acme: Town) -> None:
    """Without a cost the tokens are priced by us; with one they are not."""
    tokens = {"uncached_input_tokens": 1_000_000, "output_tokens": 1_000_000}
    push(acme, [row(1, None, **tokens), row(2, "0.50", **tokens)])
    acme.goes_to("2026-11-03 10:00")

    assert "$24.50 of $300" in acme.person("tom").types("/budget status growth").text


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row(2, "-1"), "rows[1].cost_usd"),
        (row(2, "1e3"), "rows[1].cost_usd"),
        (row(2, None, model="claude-unheard-of"), "no price is known for model"),
        (row(2, None, model=None), "no model is named"),
        (row(2, at="2026-11-03T14:30:00"), "rows[1].at"),
        (row(2, at="2027-11-03T14:30:00Z"), "rows[1].at: lies in the future"),
        (row(2, output_tokens=-1), "rows[1].output_tokens"),
        (row(2, colour="red"), "rows[1].colour"),
        ("a row", "rows[1]"),
    ],
)
def test_a_bad_row_refuses_the_whole_call(acme: Town, bad: object, says: str) -> None:
    """Its index and the reason are named, and nothing of the call is taken."""
    answer = push(acme, [row(1), bad])

    assert 400 == answer.status_code
    assert says in answer.json()["error"]
    assert {"accepted": 1, "duplicates": 0} == push(acme, [row(1)]).json()


def test_what_is_not_signed_or_not_rows_is_refused(acme: Town) -> None:
    """A wrong secret, a body that is no JSON, too many rows, too many bytes."""
    other = "whsec_" + "A" * 44
    assert 401 == push(acme, [row(1)], secret=other).status_code
    assert 400 == push(acme, None, body=b"not json").status_code
    assert 400 == push(acme, None, body=b"[1]").status_code
    assert 413 == push(acme, [{}] * 10_001).status_code
    assert 413 == push(acme, None, body=b" " * 5_000_001).status_code
    assert Decimal(300) == acme.limit_at_gateway("growth")
