"""Exceptions: announced before they end, ended early by whoever may, and never extended by themselves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.domain.overages import RequestState
from bot.domain.people import Electorate, Person
from bot.flows import exceptions, overages, records
from bot.sandbox.slack import Message
from tests.story.town import Town, at, town

ENDS = "exception:end"


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Search ($100) has $30 more from Tuesday the 3rd until the end of the 10th; Tom has asked."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00")) as place:
        place.turn()
        place.spends("120")
        place.turn()
        place.person("tom").types("/budget request search")
        place.slack.wait_until(lambda: place.person("tom").view() is not None)
        tom = place.person("tom")
        tom.fills({"amount": "30", "reason": "launch week", "ends_at": "2026-11-10"})
        assert not tom.submits().errors
        place.settles()
        place.person("fin").presses("request:approve", card(place, "fin"))
        place.slack.wait_until(lambda: place.limit_at_gateway() == 130)
        place.settles()
        yield place


def card(acme: Town, name: str) -> Message:
    """The card of the request, as somebody has it."""
    return next(m for m in acme.person(name).dms() if m.text.startswith("Overage request #1."))


def kinds(acme: Town) -> list[str]:
    """What the record says, in order."""
    return [row["kind"] for row in records.audit_rows(acme.bot.bot, None, None)]


def can_end(message: Message) -> bool:
    """Whether the button stands there."""
    found = [e for b in message.blocks if b["type"] == "actions" for e in b["elements"]]
    return ENDS in {element["action_id"] for element in found}


def test_it_is_ended_by_whoever_approved_it(acme: Town) -> None:
    """The limit is back at the target, every copy says who ended it, and the button is gone."""
    fin = acme.person("fin")
    assert can_end(card(acme, "fin"))
    fin.presses(ENDS, card(acme, "fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 100)
    acme.settles()

    shown = card(acme, "fin")
    assert "ended early by <@U0FIN>, planned until Wed 11 Nov 00:00" in shown.text
    assert "the limit is back ✓" in shown.text
    assert not can_end(shown)
    assert "block" == acme.gateway.holds("search").mode
    assert "the limit is back ✓" in acme.said_to("tom")[-1]
    assert ["exception.ended_early", "exception.ended"] == [
        kind for kind in kinds(acme) if kind.startswith("exception.ended")
    ]


def test_who_has_nothing_to_do_with_it_cannot_end_it(acme: Town) -> None:
    """It is said who can, and nothing changes."""
    kim = acme.person("kim")
    channel = acme.slack.channel("#ai-approvals").messages()[0]
    kim.presses(ENDS, channel)
    acme.slack.wait_until(lambda: any("is up to" in m.text for m in kim.ephemerals()))

    assert 130 == acme.limit_at_gateway()


@pytest.mark.parametrize("name", ["dana", "lee", "tom"])
def test_owner_backup_and_requester_may(acme: Town, name: str) -> None:
    """From the copy in the approvals channel."""
    channel = acme.slack.channel("#ai-approvals").messages()[0]
    acme.person(name).presses(ENDS, channel)

    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 100)


def test_a_second_click_reads_who_was_first(acme: Town) -> None:
    """An old copy still has the button."""
    old = card(acme, "fin")
    acme.person("fin").presses(ENDS, old)
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 100)
    acme.settles()
    acme.person("fin").presses(ENDS, old)

    said = acme.person("fin").ephemerals
    acme.slack.wait_until(lambda: any("over already" in m.text for m in said()))
    assert 1 == kinds(acme).count("exception.ended_early")


def test_what_was_granted_by_mistake_is_taken_back_at_once(acme: Town) -> None:
    """In the same moment as it was approved, by the clock."""
    acme.person("fin").presses(ENDS, card(acme, "fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 100)
    acme.settles()
    acme.person("tom").types("/budget request search 10 once more")
    acme.settles()
    bot, now = acme.bot.bot, acme.clock()
    overages.decide(bot, 2, "U0DANA", RequestState.APPROVED, None, now)
    dana = Person("U0DANA", "Dana", "dana@example.com")
    assert None is exceptions.end_early(bot, 2, dana, Electorate(()), now)
    acme.settles()

    assert 100 == acme.limit_at_gateway()
    assert 2 == kinds(acme).count("exception.ended_early")


def test_eight_hands_end_it_once(acme: Town) -> None:
    """One of them ends it; the others read that it is over."""
    bot, nobody = acme.bot.bot, Electorate(())
    dana = Person("U0DANA", "Dana", "dana@example.com")

    def end(_: int) -> str | None:
        return exceptions.end_early(bot, 1, dana, nobody, acme.clock())

    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(end, range(8)))

    assert 1 == answers.count(None)
    assert 7 == len([text for text in answers if text and "over already" in text])
    assert 1 == kinds(acme).count("exception.ended_early")


def test_it_is_announced_a_working_day_before(acme: Town) -> None:
    """On Monday it is not; on Tuesday, once, to whoever asked and to the owner."""
    acme.goes_to("2026-11-09 12:00")
    assert "exception.announced" not in kinds(acme)
    acme.goes_to("2026-11-10 00:00")
    acme.goes_to("2026-11-10 09:00")

    announced = [text for text in acme.said_to("tom") if "ends Wed 11 Nov 00:00" in text]
    (told,) = [text for text in announced if "Nothing is extended by itself" in text]
    assert "The limit falls from $130 to $100; spent $120 of $100 (120 %) of that." in told
    assert "then usage is blocked" in told
    assert any("Nothing is extended" in text for text in acme.said_to("dana"))
    assert 1 == kinds(acme).count("exception.announced")


def test_an_extension_is_a_new_request(acme: Town) -> None:
    """The notice opens the form; the exception itself ends when it was said to end."""
    acme.goes_to("2026-11-10 09:00")
    tom = acme.person("tom")
    tom.presses("request:open", tom.dms()[-1])
    acme.slack.wait_until(lambda: tom.view() is not None)
    tom.fills({"amount": "20", "reason": "one more week", "ends_at": "2026-11-17"})
    assert not tom.submits().errors
    acme.settles()
    acme.goes_to("2026-11-11 00:01")

    assert 100 == acme.limit_at_gateway()
    assert any(m.text.startswith("Overage request #2.") for m in acme.person("fin").dms())
