"""A day at the Home tab: asked, decided, lifted and ended without leaving it, across a restart."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.sandbox.slack import Message, View
from tests.story.town import Town, at, town

APPROVALS = "#ai-approvals"


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Monday at eleven, search at 81 % of its limit; everybody has opened their tab."""
    with town(tmp_path, database_url, "socket", at("2026-11-02 11:00")) as place:
        place.turn()
        place.spends("81")
        place.turn()
        for name in ("dana", "fin", "tom"):
            place.person(name).opens_home()
            place.slack.wait_until(place.person(name).home)
        yield place


def home(acme: Town, name: str) -> View:
    """Somebody's tab as it stands now."""
    view = acme.person(name).home()
    assert view is not None
    return view


def reads(acme: Town, name: str, words: str) -> None:
    """Before long their tab says so."""
    acme.slack.wait_until(lambda: words in home(acme, name).all_text())


def reads_no_more(acme: Town, name: str, words: str) -> None:
    """Before long their tab says so no more."""
    acme.slack.wait_until(lambda: words not in home(acme, name).all_text())


def card(acme: Town) -> Message:
    """The request's, in the approvals channel."""
    posted = acme.slack.channel(APPROVALS).messages()
    return next(m for m in posted if m.text.startswith("Overage request #1"))


def test_an_approver_decides_from_home_and_everybody_sees_it(acme: Town) -> None:
    """The card in the channel, its thread, the gateway, and the tabs of requester and owner."""
    tom, fin = acme.person("tom"), acme.person("fin")
    assert "Overage request #1" in tom.types("/budget request search 20 launch week").text
    reads(acme, "tom", "Your open requests")
    reads(acme, "fin", "Waiting for your decision")
    assert fin.presses("request:ask", home(acme, "fin")).ok
    acme.slack.wait_until(fin.view)
    fin.fills({"question": "how much of it is the batch job?"})
    assert fin.submits().ok
    reads(acme, "fin", "1 question, not answered yet")
    acme.restart_bot()
    assert fin.presses("request:approve", home(acme, "fin")).ok
    reads(acme, "tom", "Limit lifted to $120 ✓")
    reads(acme, "dana", "$81 of $120 (67 %)")
    reads_no_more(acme, "fin", "Waiting for your decision")
    reads_no_more(acme, "tom", "Your open requests")
    acme.settles()

    assert Decimal(120) == acme.limit_at_gateway()
    assert "Approved by <@U0FIN>" in card(acme).text
    assert "Limit lifted to $120 ✓" in card(acme).text
    assert ["exception:end"] == [action for action, _, _ in card(acme).buttons()]
    thread = [m for m in acme.slack.channel(APPROVALS).messages() if m.thread_ts == card(acme).ts]
    assert "how much of it is the batch job?" in thread[0].text
    assert "Approved by <@U0FIN>" in thread[-1].text
    acme.goes_to("2026-11-02 11:30")
    assert acme.person("dana").presses("exception:end", home(acme, "dana")).ok
    reads(acme, "dana", "$81 of $100 (81 %)")
    reads_no_more(acme, "tom", "Exceptions that you may end")
    acme.settles()
    assert Decimal(100) == acme.limit_at_gateway()
    assert "ended early by <@U0DANA>" in card(acme).text


def test_what_nobody_pressed_shows_within_a_minute(acme: Town) -> None:
    """Spend, the alert that it fires, and that the source has gone blind."""
    acme.spends("16")
    acme.goes_to("2026-11-02 11:02")
    reads(acme, "dana", "intervene: Search ranking")
    assert "$97 of $100 (97 %)" in home(acme, "dana").all_text()
    acme.usage.faults.add("status", times=None)
    acme.goes_to("2026-11-02 11:05")
    acme.goes_to("2026-11-02 18:00")
    reads(acme, "dana", "blind since")
