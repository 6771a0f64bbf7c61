"""A Home tab has room for a hundred blocks: what is shown first, and what is only counted."""

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.money import Micros
from bot.render.home import home_view
from bot.render.home.view import BLOCKS
from bot.sandbox.slack.checks import is_too_large, view_problems
from tests.render.homes import buttons, crowded, said

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)
COUNTS = st.sampled_from([0, 1, 2, 7, 8, 9, 23, 26, 50, 51, 120])
DOLLARS = st.integers(0, 10**15).map(Micros)


@example("n" * 400, "r" * 1_000, Micros(10**15), 120, 120, 9)
@example("💸" * 400, "&" * 1_000, Micros(10**15), 120, 0, None)
@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES, DOLLARS, COUNTS, COUNTS, st.sampled_from([None, 9]))
def test_it_always_fits(
    name: str, reason: str, spent: Micros, budgets: int, waiting: int, glass: int | None
) -> None:
    """Never more than 100 blocks, never a text that is too long, whatever names and figures."""
    home = crowded(name, reason, spent, budgets=budgets, waiting=waiting, glass=glass)
    view = home_view(home)

    assert len(view["blocks"]) <= 100
    assert [] == view_problems(view, ("home",))
    assert not is_too_large(view)


def test_what_is_left_out_is_counted() -> None:
    """And how to see it."""
    view = home_view(crowded(budgets=62))

    assert "and 12 more: /budget status all" in said(view)
    assert 50 == sum(action == "request:open" for action, _ in buttons(view))


def test_what_was_never_looked_at_is_counted_too() -> None:
    """Whether or not all that was looked at is shown."""
    few, many = crowded(budgets=3), crowded(budgets=53)

    assert "and 4 more: /budget status all" in said(home_view(replace(few, beyond=4)))
    assert "and 7 more: /budget status all" in said(home_view(replace(many, beyond=4)))


def test_what_just_fits_is_shown() -> None:
    """Where nothing waits, fifty budgets, and none of them is said to be left out."""
    view = home_view(crowded(budgets=50))

    assert 50 == sum(action == "request:open" for action, _ in buttons(view))
    assert "more: " not in said(view)


def test_what_waits_comes_first_and_budgets_get_the_room_that_is_left() -> None:
    """Eight of each thing that waits; and of the budgets as many as fill the tab, no fewer."""
    view = home_view(crowded(budgets=90, waiting=9))
    titles = [b["text"]["text"] for b in view["blocks"] if b["type"] == "header"]

    assert [
        "Waiting for your decision",
        "Waiting for your answer",
        "Your open requests",
        "Exceptions that you may end",
        "Your budgets",
        "Usage that no rule claims",
    ] == titles
    for action in ("request:approve", "alert:ack", "request:withdraw", "exception:end"):
        assert 8 == sum(found == action for found, _ in buttons(view)), action
    assert 3 == said(view).count("and 1 more: see the DMs")
    assert 1 == said(view).count("and 1 more: /budget status all")
    assert BLOCKS == len(view["blocks"])
    shown = sum(found == "request:open" for found, _ in buttons(view))
    assert f"and {90 - shown} more: /budget status all" in said(view)


def test_a_glass_takes_a_block_of_its_own() -> None:
    """So half as many budgets fit, and still not a block too many."""
    view = home_view(crowded(budgets=90, waiting=9, glass=99))
    glasses = [value for found, value in buttons(view) if found == "alert:break_glass"]
    rows = sum(found == "request:open" for found, _ in buttons(view))

    assert rows == glasses.count("99")
    assert BLOCKS - 1 <= len(view["blocks"]) <= BLOCKS
