"""Reminders of open requests, and what is said when nobody could decide one."""

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest

from bot.domain.overages import RequestState
from bot.flows import overages
from bot.flows.overages import tell_if_nobody_is_left
from tests.flows.deciding.place import GROWTH, Place, Way
from tests.races.starts import at_once

TWO = Way(("named", "second"), both=True)


def reminds(place: Place, **span: float) -> int:
    """The clock moves, the job runs, and what it wrote is sent."""
    place.acme.later(**span)
    sent = overages.remind(place.bot, place.acme.clock())
    place.acme.deliver()
    return sent


def reminders(place: Place, who: str) -> list[str]:
    """How often somebody was reminded, and with which words."""
    return [text for text in place.said_to(who) if text.startswith("Reminder")]


def thread(place: Place) -> list[str]:
    """What stands under the card in the approvals channel."""
    posted = place.acme.slack.channel("#ai-approvals").messages()
    first = posted[0]
    return [message.text for message in posted if message.thread_ts == first.ts]


def test_they_come_after_a_while_and_then_after_twice_as_long(place: Place) -> None:
    """15 minutes, 30, 60, and so on; each says when it expires and when the next one comes."""
    place.asks()
    place.acme.deliver()
    waits = [place.acme.clock() for _ in range(24 * 12) if reminds(place, minutes=5)]

    gaps = [(later - one) // timedelta(minutes=1) for one, later in pairwise(waits)]
    assert [30, 60, 120, 240, 480] == gaps
    told = reminders(place, "ivan")
    assert 6 == len(told)
    assert "It expires Tue 3 Nov 10:00 without a decision." in told[0]
    assert "The next reminder comes Mon 2 Nov 10:45." in told[0]
    assert "This is the last reminder." in told[-1]
    assert 6 == len(thread(place))
    assert "Waiting for named." in thread(place)[0]


def test_whoever_has_approved_is_not_reminded(place: Place) -> None:
    """Those who have not are; and the requester, who is on the lists too, never is."""
    request = place.asks(TWO)
    place.acme.deliver()
    place.decides("ivan", request)
    assert 1 == reminds(place, minutes=15)

    assert [] == reminders(place, "ivan") + reminders(place, "tom")
    (told,) = reminders(place, "sue")
    assert "one more approval is needed" in told
    assert "Approved so far by <@U0IVAN>." in told


def test_members_of_a_group_and_the_giver_are_reminded(place: Place) -> None:
    """Who is in the group is asked when it is sent; Growth's owner has other buttons."""
    place.asks(Way(("grouped",), donor=GROWTH))
    place.acme.deliver()
    reminds(place, minutes=15)

    assert 1 == len(reminders(place, "grace"))
    assert 1 == len(reminders(place, "gil"))
    gil = place.acme.slack.person("U0GIL").dms()[-1]
    assert "Agree" in [button[1] for button in gil.buttons()]


def test_a_reminder_is_a_copy_of_the_card(place: Place) -> None:
    """It can be decided on, and shows the outcome like every other copy."""
    request = place.asks()
    place.acme.deliver()
    reminds(place, minutes=15)
    assert 4 == len(place.acme.slack.person("U0IVAN").dms()[-1].buttons())
    place.decides("ivan", request)
    place.acme.deliver()

    assert "Approved by <@U0IVAN>" in place.said_to("ivan")[-1]
    assert "Approved by <@U0IVAN>" in thread(place)[-1]


@pytest.mark.parametrize("outcome", [RequestState.APPROVED, RequestState.DENIED])
def test_nobody_is_reminded_of_what_was_decided(place: Place, outcome: RequestState) -> None:
    """Neither afterwards, nor by a reminder that was written and not sent before the decision."""
    request = place.asks(Way(("named", "grouped")))
    place.acme.deliver()
    place.acme.later(minutes=15)
    assert 1 == overages.remind(place.bot, place.acme.clock())
    place.decides("ivan", request, outcome)
    place.acme.deliver()
    assert 0 == reminds(place, hours=2)

    for who in ("ivan", "mia", "grace"):
        assert [] == reminders(place, who)
        assert 1 == len(place.said_to(who))
    assert [] == [text for text in thread(place) if text.startswith("Reminder")]
    assert [] == [entry.key for entry in place.acme.open() if entry.state == "pending"]


def test_nobody_is_reminded_of_what_has_expired(place: Place) -> None:
    """The expiry is in the database first, whichever job comes first."""
    place.asks()
    place.acme.deliver()

    assert 0 == reminds(place, days=1)


def test_two_replicas_remind_once(place: Place) -> None:
    """Both find it due at the same moment; one reminder, and the next one at its time."""
    other = place.acme.replica()
    for number, minutes in enumerate((15, 30, 60), start=1):
        if number == 1:
            place.asks()
            place.acme.deliver()
        place.acme.later(minutes=minutes)
        now = place.acme.clock()
        sent = at_once([partial(overages.remind, bot, now) for bot in (place.bot, other) * 2])
        place.acme.deliver()
        assert 1 == sum(sent)
        assert number == len(reminders(place, "ivan"))
        assert number == len(place.recorded("request.reminded"))
    other.db.close()


NOBODY = {
    "an empty group": Way(("empty",)),
    "somebody Slack does not know, and somebody who left": Way(("unknown",)),
    "one of two lists is empty": Way(("named", "empty"), both=True),
}


@pytest.mark.parametrize("why", NOBODY)
def test_when_nobody_is_left_it_is_said_at_once(place: Place, why: str) -> None:
    """The requester and the operators read it, once; the request stays open."""
    request = place.asks(NOBODY[why])
    for _ in range(2):
        tell_if_nobody_is_left(place.bot, request, place.acme.clock())
    place.acme.deliver()

    (row,) = place.recorded("request.nobody_left")
    assert request.id == row["request"]
    told = [text for text in place.said_to("tom") if text.startswith("Nobody is left")]
    assert 1 == len(told)
    assert "until Tue 3 Nov 10:00 it stays open" in told[0]
    operators = place.acme.slack.channel("#ai-budget-ops").messages()
    assert 1 == len([m for m in operators if m.text.startswith("Nobody is left")])
    assert RequestState.PENDING is place.now(request).state


def test_when_the_giver_has_left_nobody_can_agree(place: Place) -> None:
    """Those who decide are there; it takes both."""
    place.acme.slack.deactivate("U0GIL")
    request = place.asks(Way(("named",), donor=GROWTH))
    tell_if_nobody_is_left(place.bot, request, place.acme.clock())

    assert 1 == len(place.recorded("request.nobody_left"))


@pytest.mark.parametrize(
    "way", [Way(("named",)), TWO, Way(("empty", "named")), Way(("named",), donor=GROWTH)]
)
def test_as_long_as_somebody_is_left_nothing_is_said(place: Place, way: Way) -> None:
    """One who may is enough; of two lists it takes two people."""
    request = place.asks(way)
    tell_if_nobody_is_left(place.bot, request, place.acme.clock())

    assert [] == place.recorded("request.nobody_left")


def test_when_slack_does_not_answer_nothing_is_known(place: Place) -> None:
    """An outage is no reason to tell anybody that nobody is left."""
    request = place.asks(Way(("empty",)))
    place.acme.slack.faults.add("usergroups.users.list", "status", times=None)
    tell_if_nobody_is_left(place.bot, request, place.acme.clock())

    assert [] == place.recorded("request.nobody_left")
