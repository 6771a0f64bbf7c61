"""Several alerts in one message: within Slack's limits, and whole for whoever reads only its text."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.alerts import Answer, AnswerKind, Feedback
from bot.domain.budgets import Stage
from bot.render.answer import Replaced, Shown
from bot.render.bundle import MOST, MOST_TEXT, Part, bundle_message, how_many_fit
from bot.sandbox.slack.checks import block_text_is_too_long, message_problems
from tests.domain.values import NOW
from tests.render.samples import figures


def test_each_has_all_of_it_and_buttons_of_its_own() -> None:
    """As it would stand alone, below a line that says how many there are."""
    parts = [Part(7, figures("96.50", daily="30")), Part(9, figures("81"))]
    rendered = bundle_message(parts)

    names = [block["block_id"] for block in rendered.blocks]
    buttons = [b["elements"] for b in rendered.blocks if b["type"] == "actions"]
    assert len(names) == len(set(names))
    assert [["7"] * 3, ["9"] * 3] == [[one["value"] for one in row] for row in buttons]
    assert "intervene: Search ranking has spent $96.50 of $100 (96 %)" in rendered.text
    assert "respond: Search ranking has spent $81 of $100 (81 %)" in rendered.text
    assert "🚨 intervene: Search ranking 96 % and 1 more" == rendered.blocks[0]["text"]["text"]


def test_the_longest_fits_into_a_message() -> None:
    """As many as go together, with the longest names and notes, all of it answered and judged."""
    note = "<b>&@everyone " * 70
    said = Shown(
        Answer(AnswerKind.PLANNED, "U0DANA", NOW, note[:1000], NOW),
        (Feedback.NOISE, "U0DANA"),
        Replaced(Stage.EXHAUSTED, NOW, "R&D " * 20),
    )
    long = replace(
        figures("96.50", daily="30"),
        name="R&D " * 50,
        explained="e" * 300,
        spike="s" * 300,
    )
    open_one = Part(1, long)
    answered = [Part(number, long, said) for number in range(2, MOST + 1)]
    rendered = bundle_message([open_one, *answered])

    assert [] == message_problems(rendered.blocks)
    assert not block_text_is_too_long(rendered.blocks)
    assert len(rendered.text) < 40_000


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.booleans()), min_size=2))
@example([(30, 250, True)] * MOST)
def test_whatever_was_said_it_can_be_updated(several: list[tuple[int, int, bool]]) -> None:
    """A message that could be sent whole can be updated: its text stays within Slack's 4,000."""
    drawn = [
        (
            number,
            replace(figures("96.50", daily="30"), name="n" * name, spike="s" * words),
            answered,
        )
        for number, (name, words, answered) in enumerate(several[:MOST], start=1)
    ]
    asking = [Part(number, shown) for number, shown, _ in drawn]
    count = how_many_fit(asking)
    note = Shown(
        Answer(AnswerKind.PLANNED, "U0DANA", NOW, "note " * 200, NOW),
        (Feedback.NOISE, "U0DANA"),
        Replaced(Stage.EXHAUSTED, NOW, "R&D " * 20),
    )
    parts = [Part(number, shown, note if yes else None) for number, shown, yes in drawn][:count]

    for rendered in (bundle_message(asking[: max(1, count)]), bundle_message(parts or asking[:1])):
        assert [] == message_problems(rendered.blocks)
        assert rendered.blocks[0]["text"]["text"].endswith(" more")
        assert len(rendered.text) <= MOST_TEXT or len(parts) < 2
