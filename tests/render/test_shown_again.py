"""An alert that is shown again: what it asks by then, and for whom each copy is."""

from datetime import timedelta

from bot.effects.messages import with_block
from bot.render.alert import LEAD, alert_message, asked
from tests.render.samples import figures

FOR_LEE = "For you as the backup: <@U0DANA> has been asked without an answer."


def test_a_time_to_answer_that_is_over_is_told_as_over() -> None:
    """Nobody is asked to act by a moment that has gone."""
    f = figures("95")
    before, after = f.answer_by - timedelta(minutes=1), f.answer_by

    assert asked(f) == asked(f, before)
    assert asked(f).startswith("Please act now by ")
    assert "; the time to answer was over " in asked(f, after)


def test_a_copy_goes_on_to_say_for_whom_it_is() -> None:
    """The backup's begins with that, as a block and when it is read aloud; the owner's has none."""
    f = figures("95")
    first, again = alert_message(7, f, lead=FOR_LEE), alert_message(7, f, now=f.answer_by)
    lees = with_block(again, first.blocks, LEAD)
    danas = with_block(again, alert_message(7, f).blocks, LEAD)

    assert lees.text == f"{FOR_LEE} {again.text}"
    assert [b["block_id"] for b in first.blocks][:2] == [b["block_id"] for b in lees.blocks][:2]
    assert danas == again
