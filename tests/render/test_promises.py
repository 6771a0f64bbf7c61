"""What no message may say: "lifted" and a tick stand only where the target said it holds."""

from collections.abc import Iterator
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.overages import RequestState
from bot.domain.targets import KINDS
from bot.render.blocks import Rendered
from bot.render.card import Card, Progress
from bot.render.outcome import raise_note, requester_note
from bot.render.request import receipt, request_card
from bot.render.targets import Follower
from bot.sandbox.slack.blockkit.rules import texts_of
from bot.sandbox.slack.checks import message_problems
from tests.domain.values import DAY, HOUR, NOW
from tests.render.samples import card, progress

LATER = st.one_of(st.none(), st.just(NOW + 2 * HOUR), st.just(NOW + DAY))
PROGRESS = st.builds(
    progress,
    target=st.booleans(),
    targets=st.lists(
        st.builds(
            Follower,
            st.sampled_from(KINDS),
            confirmed=st.booleans(),
            accepted=st.booleans(),
            note=st.sampled_from(["", "other replicas may need a minute"]),
            edited=st.sampled_from(["", "max_budget is 20, not 150"]),
            silent_since=LATER,
            refused=st.sampled_from(["", "403"]),
        ),
        unique_by=lambda follower: follower.kind,
    ),
    applied_at=LATER,
    ended_at=LATER,
    restored_at=LATER,
)
STATES = st.sampled_from(RequestState)


def said(message: Rendered) -> str:
    """Everything somebody could read, but for what people wrote themselves."""
    return "\n".join([message.text, *texts_of(message.blocks)])


def about(shown: Card) -> Iterator[Rendered]:
    """Everything that is ever said about a request."""
    yield request_card(shown)
    yield requester_note(shown)
    yield receipt(shown)
    yield raise_note(shown, lifted=True)
    yield raise_note(shown, lifted=False)


@given(STATES, st.one_of(st.none(), PROGRESS))
def test_nothing_is_called_lifted_before_the_target_says_so(
    state: RequestState, how_far: Progress | None
) -> None:
    """Whatever the state of request and target: without a confirmation no "lifted" and no tick."""
    confirmed: datetime | None = None
    if how_far is not None:
        confirmed = how_far.applied_at or how_far.restored_at
    for message in about(card(state, how_far)):
        text = said(message)
        assert confirmed is not None or "✓" not in text
        assert confirmed is not None or "lifted" not in text.lower()
        assert [] == message_problems(message.blocks)


@given(PROGRESS)
def test_a_tick_for_the_end_needs_the_proof_of_the_end(how_far: Progress) -> None:
    """That it was lifted once is no proof that it is back."""
    for message in about(card(RequestState.APPROVED, how_far)):
        text = said(message)
        assert how_far.restored_at is not None or "is back ✓" not in text
        assert how_far.ended_at is None or "lifted" not in text.lower()


@given(STATES.filter(lambda s: s is not RequestState.PENDING), st.one_of(st.none(), PROGRESS))
def test_a_decided_card_has_nothing_to_decide(
    state: RequestState, how_far: Progress | None
) -> None:
    """The outcome stands in the place of the buttons; an exception that holds can be ended."""
    shown = request_card(card(state, how_far))

    rows = [block["elements"] for block in shown.blocks if block["type"] == "actions"]
    left = [button["action_id"] for row in rows for button in row]
    assert left == (["exception:end"] if how_far is not None and how_far.holds else [])
    assert state.value in shown.text.lower()


def test_only_an_approval_is_called_approved() -> None:
    """The word is not in the card of a request that is open, denied, expired or withdrawn."""
    others = [state for state in RequestState if state is not RequestState.APPROVED]

    assert [] == [s for s in others if "approved" in request_card(card(s)).text.lower()]
