"""Decided elsewhere, vanished, lost, refused: the card says what is true, and nothing is done twice."""

from datetime import timedelta

import pytest

from bot.domain.increases import IncreaseState
from bot.flows import enforcement, increases
from store import outbox
from store.outbox import Lane
from tests.faults.bench import close
from tests.flows.increases.place import POLICY, Place

LATER = timedelta(minutes=5)


def elsewhere(place: Place, status: str, admin: str = "kim") -> None:
    """An administrator decides the last request in claude.ai."""
    newest = list(place.queue.requests)[-1]
    place.queue.resolve_elsewhere(newest, status, place.members[admin], place.clock())


def test_decided_elsewhere_before_anybody_here(place: Place) -> None:
    """The next reading finds it; the card says who, and has no buttons any more."""
    place.found()
    elsewhere(place, "approved")
    place.clock.ahead(LATER)
    place.polls()

    assert "Decided elsewhere: Anthropic says it was already approved by Kim" in place.card()
    assert [] == [m.text for m in place.cards() if m.buttons()]
    assert IncreaseState.ELSEWHERE is place.now().state
    assert ["increase.asked", "increase.elsewhere"] == place.recorded()
    assert 0 == place.calls("approve")
    told = place.approves()
    assert told is not None
    assert told.startswith("Increase request #1 is over: Decided elsewhere")


@pytest.mark.parametrize("status", ["approved", "denied"])
def test_an_approval_here_comes_too_late(place: Place, status: str) -> None:
    """Nothing was changed by it: the card says what holds, and whoever decided reads it."""
    place.found()
    elsewhere(place, status)
    assert None is place.approves()
    place.delivers()

    assert f"Anthropic says it was already {status} by Kim" in place.card()
    assert "<@U0FIN> had approved a monthly limit of $700 here; what holds is" in place.card()
    assert "already" in place.dms("fin")[-1]
    assert "✓" not in place.card()
    assert [] == place.unsent()


@pytest.mark.parametrize("status", ["approved", "denied"])
def test_a_denial_here_comes_too_late(place: Place, status: str) -> None:
    """To Anthropic a second denial is no error, and still it was somebody else's."""
    place.found()
    elsewhere(place, status)
    place.denies()
    place.delivers()

    assert f"Anthropic says it was already {status} by Kim" in place.card()
    assert "<@U0FIN> had denied it here" in place.card()
    assert IncreaseState.ELSEWHERE is place.now().state


def test_a_member_who_left_takes_the_request_along(place: Place) -> None:
    """It is in no list any more, and nobody has decided it."""
    place.found()
    place.usage.delete_user("tom@example.com")
    place.clock.ahead(LATER)
    place.polls()

    assert "Gone: the member has left the organization. Nothing was changed" in place.card()
    assert IncreaseState.GONE is place.now().state


def test_a_request_that_vanished(place: Place) -> None:
    """Before a decision and after one: Anthropic does not know it any more."""
    place.found("tom")
    place.asks("gus")
    place.polls()
    place.approves(number=2)
    place.queue.requests.clear()
    place.delivers()
    place.clock.ahead(LATER)
    place.polls()

    for number in (1, 2):
        assert "Gone: Anthropic does not know this request any more." in place.card(number)
    assert ["increase.gone"] * 2 == [kind for kind in place.recorded() if kind.endswith("gone")]
    assert [] == place.unsent()


def test_a_404_while_it_is_still_in_the_queue_is_no_proof(place: Place) -> None:
    """An address that is wrong for a moment must not end a request."""
    place.found()
    place.usage.faults.add("error", "/approve", status=404, type="not_found_error")
    place.approves()
    place.delivers()

    assert IncreaseState.APPROVED is place.now().state
    assert place.now().refused is not None


@pytest.mark.parametrize("decides", ["approves", "denies"])
def test_a_lost_reply_is_found_out(place: Place, decides: str) -> None:
    """It was carried out, and the connection broke: the repeat finds that it was us, once."""
    place.found()
    verb = {"approves": "approve", "denies": "deny"}[decides]
    place.usage.faults.add("lose", f"/{verb}")
    assert None is getattr(place, decides)()
    place.delivers()
    assert "✓" not in place.card()
    place.delivers(seconds=5)

    assert "Anthropic has confirmed" in place.card()
    assert 2 == place.calls(verb)
    assert [place.members["tom"]] == place.queue.mails
    assert 1 == place.recorded().count("increase.confirmed")
    assert [] == place.unsent()


def test_a_key_that_approved_something_else_was_not_us(place: Place) -> None:
    """Another program has granted $900: what we wanted does not hold, and nobody reads that it does."""
    increase = place.found()
    place.queue.approve(increase.request, {"amount": "90000"}, place.clock())
    place.approves(limit="700")
    place.delivers()

    assert "already approved by the key" in place.card()
    assert "✓" not in place.card()
    assert "90000" == place.limit_of()


@pytest.mark.parametrize(("status", "type_"), [(429, "rate_limit_error"), (500, "api_error")])
def test_a_busy_anthropic_is_asked_again(place: Place, status: int, type_: str) -> None:
    """Within seconds, and never before it said; the decision stays accepted meanwhile."""
    place.found()
    fault = {"status": status, "type": type_, "retry_after": 7 if status == 429 else None}
    place.usage.faults.add("error", "/approve", **fault)  # type: ignore[arg-type]
    place.approves()
    place.delivers()
    place.delivers(seconds=0.5)
    assert None is place.limit_of()
    place.delivers(seconds=7)

    assert "70000" == place.limit_of()
    assert "✓" in place.card()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_silence_is_told_once(place: Place) -> None:
    """After ten minutes operators and the card say so; it goes on, and in the end it holds."""
    place.found()
    place.usage.faults.add("status", "/approve", times=None, status=503)
    place.approves()
    for _ in range(4):
        place.delivers(minutes=5)
    (told,) = [text for text in place.operators() if "does not take" in text]
    assert "increase request #1 of <@U0TOM> since Mon 2 Nov 10:0" in told
    assert "Anthropic has not answered as it should since Mon 2 Nov 10:0" in place.card()
    place.usage.faults.clear()
    place.delivers(minutes=5)

    assert "✓" in place.card()
    assert "has not answered" not in place.card()


def test_a_refusal_waits_for_an_operator(place: Place) -> None:
    """The key may not write: the card and the operators say so, and a redrive carries it out."""
    place.found()
    fault = {"status": 403, "type": "permission_error"}
    place.usage.faults.add("error", "/approve", **fault)  # type: ignore[arg-type]
    place.approves()
    place.delivers()
    assert "Anthropic refuses it: the key may not do this" in place.card()
    (told,) = [text for text in place.operators() if "Anthropic refuses what was decided" in text]
    (entry,) = place.unsent()
    assert f"`budget-bot outbox redrive {entry.id}`" in told
    enforcement.redrive(place.bot, entry.id, place.clock())
    place.delivers(seconds=1)

    assert "✓" in place.card()
    assert "refuses" not in place.card()
    assert "70000" == place.limit_of()


def test_what_was_refused_here_may_be_decided_elsewhere(place: Place) -> None:
    """Then there is nothing left for an operator to send."""
    place.found()
    fault = {"status": 403, "type": "permission_error"}
    place.usage.faults.add("error", "/approve", **fault)  # type: ignore[arg-type]
    place.approves()
    place.delivers()
    elsewhere(place, "denied")
    place.clock.ahead(LATER)
    place.polls()

    assert "already denied by Kim" in place.card()
    assert [] == place.unsent()


def test_a_crash_after_the_decision_loses_nothing(place: Place) -> None:
    """The next process sends what the last one has decided."""
    place.found()
    other = place.replica()
    increases.deny(other, 1, "U0FIN", "use Haiku", place.clock())
    close(other)
    place.delivers()

    assert "Anthropic has confirmed the denial" in place.card()


def test_a_crash_after_the_call_does_nothing_twice(place: Place) -> None:
    """Claimed, carried out, and the process died: when the lease is over it is found to be done."""
    place.found()
    place.approves()
    increase = place.now()
    with place.bot.db.transaction() as tx:
        outbox.claim(tx, Lane.INCREASES, place.clock(), limit=1, lease=timedelta(seconds=45))
    assert place.bot.queue is not None
    place.bot.queue.approve(increase.request, increase.granted)  # type: ignore[arg-type]
    place.delivers(seconds=10)
    assert "✓" not in place.card()
    place.delivers(seconds=40)

    assert "✓" in place.card()
    assert [place.members["tom"]] == place.queue.mails


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_switched_off_in_between(place: Place) -> None:
    """What was decided waits for an operator, and old buttons say where to decide."""
    place.found("tom")
    place.asks("gus")
    place.polls()
    place.approves()
    line = "  increase_requests: {approvers: [finance, leads]}\n"
    place.town.write_policy(POLICY.replace(line, ""))
    place.close()
    place.bot = place.replica()
    place.delivers()

    assert "organization.increase_requests is no longer in the policy file" in place.card(1)
    assert "Decide it in claude.ai." in str(place.approves(number=2))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_just_carried_out_is_not_called_elsewhere(place: Place) -> None:
    """The queue was read before it was asked for, and it is decided and sent while it is looked up."""
    increase = place.found()

    def meanwhile(_: dict[str, object]) -> object:
        place.approves()
        return place.queue.approve(increase.request, {"amount": "70000"}, place.clock())

    place.usage.faults.add("edit", "increase_requests", edit=lambda body: {**body, "data": []})
    place.usage.faults.add("edit", increase.request, edit=meanwhile)
    increases.poll(place.bot, place.clock())
    assert IncreaseState.APPROVED is place.now().state
    place.delivers()

    assert "Anthropic has confirmed the new limit" in place.card()
