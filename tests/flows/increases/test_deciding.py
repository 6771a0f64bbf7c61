"""A decision is made once, by whoever may; accepted here and confirmed there are two words."""

import pytest

from bot.domain.errors import UserError
from bot.domain.increases import IncreaseState
from bot.domain.money import micros
from bot.flows import records
from tests.flows.increases.place import KEPT_OUT, Place

OWN = "Increase request #1: nobody decides their own request."
KEPT = {
    "gus": "a guest cannot decide",
    "ultra": "a guest cannot decide",
    "sam": "only members of this workspace can decide",
    "neigh": "only members of this workspace can decide",
    "robot": "a bot cannot decide",
    "gone": "a deactivated account cannot decide",
}


def test_an_approval_is_accepted_and_then_confirmed(place: Place) -> None:
    """Until Anthropic has said so no tick stands anywhere, and the member reads nothing."""
    place.found()
    assert None is place.approves(limit="700.50")
    (text,) = {m.text for m in place.messages() if "asks for a higher" in m.text}
    assert "✓" not in text
    assert None is place.limit_of()
    place.delivers()

    assert "a monthly limit of $700.50. Anthropic has confirmed the new limit ✓" in place.card()
    assert "70050" == place.limit_of()
    assert micros("700.50") == place.now().granted
    (told,) = place.dms("tom")
    assert "Approved by <@U0FIN>" in told
    assert "Reason given: carry on" in told
    assert ["increase.asked", "increase.approved", "increase.confirmed"] == place.recorded()


def test_before_anthropic_answers_the_copies_say_accepted(place: Place) -> None:
    """The word for what was decided and has not been carried out."""
    place.found()
    place.usage.faults.add("status", "/approve", status=500)
    place.approves()
    place.delivers()

    assert (
        "It is accepted here and on its way to Anthropic, which has not confirmed" in place.card()
    )
    assert "✓" not in place.card()


def test_a_denial_carries_its_reason(place: Place) -> None:
    """Anthropic passes no reason on, so the member reads it here; the limit stays."""
    place.found()
    assert None is place.denies()
    place.delivers()

    assert "Anthropic has confirmed the denial ✓ 10:00. The limit stays as it is." in place.card()
    assert "denied" == place.queue.requests[place.now().request].status
    assert "Reason given: use Haiku" in place.dms("tom")[0]
    assert None is place.limit_of()


def test_a_decision_takes_the_buttons_away(place: Place) -> None:
    """In every copy."""
    place.found()
    assert all(m.buttons() for m in place.cards())
    place.approves()
    place.delivers()

    assert [] == [m.text for m in place.cards() if m.buttons()]


def test_whoever_comes_later_reads_who_decided(place: Place) -> None:
    """One outcome; the second click changes nothing and hears why."""
    place.found()
    place.approves("fin")
    told = place.denies("pat")

    assert told is not None
    assert told.startswith("Increase request #1 is over: Approved by <@U0FIN> on Mon 2 Nov 10:00")
    assert IncreaseState.APPROVED is place.now().state


@pytest.mark.parametrize(("who", "why"), KEPT.items())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_being_on_the_list_is_not_enough(place: Place, who: str, why: str) -> None:
    """Guests, bots, outsiders and those who left are refused, and the record says so."""
    assert f"U0{who.upper()}" in KEPT_OUT
    place.found()

    assert f"Increase request #1: {why}." == place.approves(who)
    assert f"Increase request #1: {why}." == place.denies(who)
    assert IncreaseState.PENDING is place.now().state
    assert 2 == place.recorded().count("increase.decision_refused")


def test_nobody_decides_for_themselves_or_without_being_named(place: Place) -> None:
    """Kim is on the list, asks, and may not; Dana is an owner, and is not on it."""
    place.found("kim")
    told = place.approves("dana")

    assert OWN == place.approves("kim") == place.denies("kim")
    assert told is not None
    assert told.endswith("people who may decide this request. Who may: finance or leads.")
    assert IncreaseState.PENDING is place.now().state


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_account_of_the_member_does_not_help(place: Place) -> None:
    """The same address is the same person."""
    place.slack.add_person("kim@example.com", name="Kim 2", id="U0KIM2")
    place.slack.add_usergroup("S0LEADS", "leads", ["U0KIM2"])
    place.found("kim")

    assert OWN == place.approves("kim2")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_has_no_address_may_be_the_member(place: Place) -> None:
    """Neither an address nor an account tells the two apart: that is no right to decide."""
    place.slack.add_person("", name="Hid", id="U0HID")
    place.slack.add_usergroup("S0LEADS", "leads", ["U0HID"])
    place.members["ann"] = place.usage.add_user("ann@example.com")
    place.found("ann")
    place.asks("tom")
    place.polls()

    assert "Nobody can say that it is not you who asks" in str(place.approves("hid"))
    assert None is place.approves("hid", number=2)  # Tom's account is another one
    assert None is place.approves("fin")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_members_account_is_asked_for_when_it_is_decided(place: Place) -> None:
    """It may not have been known when the request was found."""
    place.slack.add_person("", name="Hid", id="U0HID")
    place.slack.add_usergroup("S0LEADS", "leads", ["U0HID"])
    place.slack.faults.add("users.lookupByEmail", "status", times=2)
    assert None is place.found("tom").member.account

    assert "tom@example.com) asks for a higher" in place.card()
    assert None is place.approves("hid")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_slack_that_does_not_answer_decides_nothing(place: Place) -> None:
    """Whoever cannot be told from anybody may press again."""
    place.found()
    place.slack.faults.add("users.info", "status", times=None)
    with pytest.raises(UserError, match="so nothing was decided"):
        place.approves()
    place.slack.faults.clear()

    assert IncreaseState.PENDING is place.now().state
    assert None is place.approves()


def test_the_record_has_what_was_seen_and_what_was_granted(place: Place) -> None:
    """For an auditor: who, whom, from what to what, why, and by which policy."""
    place.found()
    place.approves(limit="700")
    rows = records.audit_rows(place.bot, None, None)
    (row,) = [row for row in rows if row["kind"] == "increase.approved"]

    assert ("U0FIN", "growth") == (row["actor"], row["subject"])
    data = row["data"]
    assert [micros(500), micros("431.205"), micros(700), "carry on", "tom@example.com"] == [
        *(data[name] for name in ("limit", "spent", "granted", "reason")),
        data["member"]["email"],
    ]
    assert place.bot.policy.version == data["policy_version"]
    assert records.verify(place.bot).why is None
