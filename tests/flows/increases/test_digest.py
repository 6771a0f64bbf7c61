"""The week's increase requests stand beside the overage requests, and the doctor asks the queue."""

from datetime import timedelta

import pytest

from bot.flows import digest, doctor, rehearsal
from tests.flows.increases.place import Place

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_digest_names_what_was_decided_and_what_waits(place: Place) -> None:
    """With who decided, and whether Anthropic has confirmed."""
    place.found("tom")
    place.approves()
    place.delivers()
    place.asks("kim")
    place.polls()
    place.clock.ahead(timedelta(days=7) - timedelta(hours=1, minutes=-1))
    place.turn()
    assert digest.send_if_due(place.bot, place.clock())
    place.deliver()
    text = place.slack.channel("#ai-budgets").messages()[-1].text

    assert "increase request #1 of <@U0TOM>: approved by <@U0FIN>, a monthly limit of $700" in text
    assert "Open requests: increase request #2 of <@U0KIM>, since Mon 2 Nov 10:00" in text


def test_the_doctor_asks_the_queue(place: Place) -> None:
    """A key that may not read it is found before a member presses."""
    place.asks("tom")
    found = {f.name: f for f in doctor.examine(place.bot, place.clock())}
    assert (True, "Anthropic answers, 1 pending") == (
        found["increase requests"].ok,
        found["increase requests"].text,
    )
    fault = {"status": 403, "type": "permission_error"}
    place.usage.faults.add("error", "increase_requests", **fault)  # type: ignore[arg-type]
    found = {f.name: f for f in doctor.examine(place.bot, place.clock())}

    assert not found["increase requests"].ok
    assert "write:spend_limits" in found["increase requests"].text


def test_what_waits_for_anthropic_is_listed(place: Place) -> None:
    """A dry run can say it in a line."""
    place.found("tom")
    mark = rehearsal.newest(place.bot)
    place.approves()

    assert "to Anthropic: the decision on increase request #1" in rehearsal.said_since(
        place.bot, mark
    )
