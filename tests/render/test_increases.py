"""What a card of an increase request promises: a tick and no buttons only where that is true."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.increases import IncreaseState
from bot.render.increase import decider_note, increase_card, member_note
from bot.sandbox.slack.blockkit.rules import texts_of
from tests.domain.values import HOUR, NOW
from tests.render.increase_samples import INCREASE_MESSAGES, shown

DECIDED = {IncreaseState.APPROVED, IncreaseState.DENIED}


@given(
    st.sampled_from(IncreaseState),
    st.sampled_from([None, NOW + HOUR]),
    st.sampled_from([None, "403"]),
    st.sampled_from([None, "already denied by Kim"]),
)
def test_a_tick_needs_anthropics_word(
    state: IncreaseState, confirmed_at: object, refused: str | None, elsewhere: str | None
) -> None:
    """Accepted here is not confirmed there, and what was decided elsewhere was not ours."""
    card = shown(state, confirmed_at=confirmed_at, refused=refused, elsewhere=elsewhere)
    for message in (increase_card(card), member_note(card), decider_note(card)):
        text = "\n".join([message.text, *texts_of(message.blocks)])
        assert ("✓" in text) == (confirmed_at is not None and state in DECIDED)
    rows = [b["elements"] for b in increase_card(card).blocks if b["type"] == "actions"]
    assert bool(rows) == (state is IncreaseState.PENDING)


def test_the_text_alone_says_it() -> None:
    """What stands in the blocks of a card stands in its text."""
    said = {name: render().text for name, render in INCREASE_MESSAGES.items()}

    for name, part in (
        ("increase pending", "<@U0TOM> asks for a higher monthly limit in Claude."),
        ("increase pending", "falls on Search ranking with $61 ($81 of $100 (81 %), respond)"),
        ("increase pending", "passes on no amount and no reason"),
        ("increase of a stranger to Slack", "Ann &lt;b&gt; (ann@example.com) asks for a"),
        (
            "increase of a stranger to Slack",
            "Limit now: none. Spent of it so far: $0, or Anthropic",
        ),
        ("increase of nobody's usage", "Which budget their usage falls on is not known."),
        ("increase accepted", "accepted here and on its way to Anthropic"),
        ("increase confirmed", "a monthly limit of $700. Anthropic has confirmed the new limit ✓"),
        ("increase denied", "confirmed the denial ✓ 10:00. The limit stays as it is. Reason given"),
        ("increase refused", "and Anthropic refuses it: the key may not do this. The operators"),
        ("increase that waits for Anthropic", "has not answered as it should since Mon 23 Nov"),
        ("increase decided elsewhere", "says it was already approved by Kim at 2026-11-23"),
        ("increase that came too late", "<@U0FIN> had approved a monthly limit of $700 here"),
        ("increase gone", "Gone: Anthropic does not know this request any more. <@U0FIN> had"),
        ("increase refused, for operators", "`budget-bot outbox redrive 3`"),
    ):
        assert part in said[name]
