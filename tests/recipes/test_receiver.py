"""The example receiver: confirms what it enforces, drops what is old, falls back by itself."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.recipes.bridges import ROOT, SECRET
from tests.recipes.receivers import NEW_SECRET, Receiver, soon, state


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """One that runs."""
    running = Receiver(tmp_path, f"{SECRET} {NEW_SECRET}")
    yield running
    running.kill()


def test_what_is_enforced_is_confirmed(receiver: Receiver) -> None:
    """The answer names the budget and the version, after the gateway was told."""
    answer = receiver.tell(state(1, "block"))

    assert (200, {"budget": "search", "version": 1}) == (answer.status_code, answer.json())
    assert ["search: block, limit $100.00"] == receiver.enforced


def test_an_older_version_changes_nothing(receiver: Receiver) -> None:
    """It is answered with the one that is held."""
    receiver.tell(state(8, limit="150.00"))
    answer = receiver.tell(state(7, "block"))

    assert (409, 8) == (answer.status_code, answer.json()["version"])
    assert ["search: allow, limit $150.00"] == receiver.enforced


def test_the_same_version_again_is_confirmed_again(receiver: Receiver) -> None:
    """Whoever got no answer asks once more."""
    answers = [receiver.tell(state(3)) for _ in range(2)]

    assert [200, 200] == [answer.status_code for answer in answers]


def test_what_was_confirmed_survives_a_kill(receiver: Receiver) -> None:
    """Started again, it still knows which version it holds."""
    receiver.tell(state(5))
    receiver.kill()
    receiver.start()

    assert 409 == receiver.tell(state(4)).status_code


def test_either_secret_is_good_while_one_is_rotated(receiver: Receiver) -> None:
    """And a third is not."""
    stranger = "whsec_c3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXI="
    told = [receiver.tell(state(1), secret=one) for one in (SECRET, NEW_SECRET, stranger)]

    assert [200, 200, 401] == [answer.status_code for answer in told]


def test_a_changed_body_is_refused(receiver: Receiver) -> None:
    """A signature covers every byte."""
    good = receiver.tell(state(1)).request
    body = good.content.replace(b"100.00", b"900.00")
    headers = {name: good.headers[name] for name in good.headers if name.startswith("webhook-")}
    answer = httpx.post(receiver.url, content=body, headers=headers, trust_env=False)

    assert 401 == answer.status_code
    assert 1 == len(receiver.enforced)


def test_a_huge_body_is_not_read(receiver: Receiver) -> None:
    """What is larger than any limit state is refused by its length."""
    answer = httpx.post(receiver.url, content=b"x" * 20_001, trust_env=False)

    assert 401 == answer.status_code


def test_it_falls_back_without_the_bot(receiver: Receiver) -> None:
    """At `until` the gateway is told what holds then, by the receiver's own clock."""
    fallback = {"mode": "throttle", "limit_usd": "100.00"}
    raised, put_back = "search: allow, limit $150.00", "search: throttle, limit $100.00"
    # On a busy machine a second may be over before it is told: then it falls back at once, rightly.
    for version, seconds in ((2, 1), (3, 5), (4, 25)):
        receiver.tell(state(version, limit="150.00", until=soon(seconds), then=fallback))
        if receiver.enforced[-1] == raised:
            break
    ends = time.monotonic() + 60
    while receiver.enforced[-1] == raised and time.monotonic() < ends:
        threading.Event().wait(0.1)

    assert [raised, put_back] == receiver.enforced[-2:]
    assert 200 == receiver.tell(state(5)).status_code


def test_what_the_gateway_does_not_take_is_not_confirmed(receiver: Receiver) -> None:
    """The bot is told to try again, and nothing is kept."""
    source = (ROOT / "examples" / "receiver.py").read_text()
    broken = re.sub(r'    logging.warning\("%s: .*\n', '    raise OSError("no gateway")\n', source)
    assert broken != source
    receiver.kill()
    (receiver.folder / "examples").mkdir()
    (receiver.folder / "examples" / "receiver.py").write_text(broken)
    receiver.start(receiver.folder / "examples")
    answer = receiver.tell(state(1))

    assert (503, "no gateway") == (answer.status_code, answer.json()["error"])
    receiver.kill()
    receiver.start()
    assert 200 == receiver.tell(state(1)).status_code


def test_it_is_as_short_as_its_page_says() -> None:
    """Less than a hundred lines."""
    assert len((ROOT / "examples" / "receiver.py").read_text().splitlines()) < 100
