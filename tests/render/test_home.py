"""The Home tab as it is shown: whoever looks, whatever things are called, Slack takes it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.views import View as SdkView
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot.domain.alerts import AlertFigures
from bot.domain.budgets import BudgetId
from bot.domain.grace import Word
from bot.domain.money import Micros, micros
from bot.domain.policy import Basis
from bot.render.home import AlertOnHome, Asked, Home, OnHome, Unclaimed, View, digest, home_view
from bot.render.home.view import BLOCKS
from bot.sandbox.slack.checks import is_too_large, view_problems
from tests.domain.values import BUDGET, FRESH, HOUR, NEW_YORK, NOW, STALE, UNLIMITED, standing
from tests.render.samples import (
    APPROVED,
    CHANGED,
    CONFIRMED,
    GROWTH,
    HELD_OFF,
    PLATFORM,
    at_its_limit,
    card,
    figures,
    progress,
)

EMPTY = Home(
    own=True,
    budgets=(),
    alerts=(),
    to_decide=(),
    requests=(),
    exceptions=(),
    unclaimed=None,
    freshness=FRESH,
    basis=Basis.NET,
    zone=NEW_YORK,
    command="/budget",
)
BLIND = standing("81", daily="8", freshness=STALE)
CRITICAL = replace(figures("104.20"), glass=True)
HOMES = {
    "nobody": replace(EMPTY, own=False),
    "owner": replace(
        EMPTY,
        budgets=(
            OnHome(standing("81", daily="8"), standing("990", budget=PLATFORM)),
            OnHome(standing("3", budget=GROWTH), asks=False, instead_of="U0LEE"),
        ),
        alerts=(AlertOnHome(7, figures("81")),),
        exceptions=(card(APPROVED, CONFIRMED, granted=micros("50")),),
    ),
    "owner at the limit": replace(
        EMPTY,
        budgets=(OnHome(standing("104.20"), glass=9),),
        alerts=(
            AlertOnHome(7, at_its_limit()),
            AlertOnHome(8, at_its_limit(), answered=True),
            AlertOnHome(9, replace(at_its_limit(**HELD_OFF), glass=True)),
        ),
    ),
    "approver": replace(
        EMPTY,
        own=False,
        budgets=(OnHome(standing("20", budget=GROWTH)), OnHome(standing("3", budget=UNLIMITED))),
        alerts=(
            AlertOnHome(7, replace(at_its_limit(), glass=True), has_last_word=False, owns=False),
        ),
        to_decide=(
            Asked(card(votes=("U0PAT",), questions=2, answered=1)),
            Asked(card(donor="Growth", id=43, revision=2, changed=CHANGED), gives=True),
        ),
        requests=(card(id=44),),
        exceptions=(card(APPROVED, progress(), granted=micros("50"), id=45),),
    ),
    "owner of what no rule claims": replace(
        EMPTY, unclaimed=Unclaimed(standing("3", budget=UNLIMITED), micros("60"))
    ),
    "blind": replace(
        EMPTY,
        budgets=(OnHome(BLIND),),
        unclaimed=Unclaimed(standing("0", budget=UNLIMITED, freshness=STALE), Micros(0)),
        freshness=STALE,
    ),
}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)
COUNTS = st.sampled_from([0, 1, 2, 7, 8, 9, 23, 26, 50, 51, 120])
DOLLARS = st.integers(0, 10**15).map(Micros)


def crowded(
    name: str = "Search",
    reason: str = "why",
    spent: Micros = micros("81"),  # noqa: B008 a number
    *,
    budgets: int = 0,
    waiting: int = 0,
    glass: int | None = None,
) -> Home:
    """So many budgets, and so many of each thing that waits; all of them called alike."""
    shelf = [replace(BUDGET, id=BudgetId(f"b{n}"), name=name) for n in range(budgets)]
    parent = standing(spent, budget=replace(PLATFORM, name=name))
    told = replace(at_its_limit(**HELD_OFF), glass=True, name=name)
    held = progress(targets=())
    return Home(
        own=True,
        budgets=[
            OnHome(standing(spent, budget=b, freshness=STALE), parent, glass=glass, instead_of="U1")
            for b in shelf
        ],
        alerts=[AlertOnHome(n, told) for n in range(waiting)],
        to_decide=[Asked(card(name=name, reason=reason, id=n, donor=name)) for n in range(waiting)],
        requests=[card(name=name, id=n) for n in range(waiting)],
        exceptions=[card(APPROVED, held, name=name, id=n) for n in range(waiting)],
        unclaimed=Unclaimed(standing(spent, budget=UNLIMITED), spent),
        freshness=STALE,
        basis=Basis.NET,
        zone=NEW_YORK,
        command="/budget",
    )


def buttons(view: View) -> list[tuple[str, str]]:
    """What can be pressed, and the value it carries; in the order of the tab."""
    return [
        (element["action_id"], element["value"])
        for block in view["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory", {})]
        if element.get("type") == "button"
    ]


def texts(view: View) -> Iterator[dict[str, Any]]:
    """Every text of ours in mrkdwn."""
    for block in view["blocks"]:
        for text in [block.get("text"), *block.get("elements", ())]:
            if text and text["type"] == "mrkdwn":
                yield text


def said(view: View) -> str:
    """All of it, to look for words in."""
    return json.dumps(view, ensure_ascii=False)


@pytest.mark.parametrize("name", HOMES)
def test_a_home_tab_looks_like_this(name: str, snapshot: SnapshotAssertion) -> None:
    """A change of its words is reviewed as a file."""
    assert snapshot.use_extension(JSONSnapshotExtension) == home_view(HOMES[name])


@pytest.mark.parametrize("name", HOMES)
def test_slack_takes_the_home_tab(name: str) -> None:
    """By Slack's published rules for this surface, and by the models of its own SDK."""
    view = home_view(HOMES[name])

    assert [] == view_problems(view, ("home",))
    SdkView(**view).validate_json()
    kinds = {block["type"] for block in view["blocks"]}
    assert kinds <= {"section", "header", "context", "actions", "divider", "image"}


@pytest.mark.parametrize("name", HOMES)
def test_every_button_speaks_for_itself(name: str) -> None:
    """Read aloud it says what it is about, and its value is an id: no person, no amount."""
    view = home_view(HOMES[name])

    for block in view["blocks"]:
        for element in [*block.get("elements", ()), block.get("accessory", {})]:
            if element.get("type") == "button":
                assert element["accessibility_label"]
    for _, value in buttons(view):
        assert value in {
            "7",
            "8",
            "9",
            "42",
            "44",
            "45",
            "42.1",
            "43.2",
            "44.1",
            "search",
            "growth",
        }


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


def test_only_the_age_is_no_change() -> None:
    """The same figures an hour later are the same tab; other figures, or blindness, are not."""
    home = HOMES["owner"]
    later = replace(home, freshness=replace(FRESH, as_of=NOW + HOUR))
    other = replace(home, budgets=(OnHome(standing("82", daily="8")),))
    blind = replace(home, budgets=(OnHome(BLIND),))
    seeing = replace(home, budgets=(OnHome(standing("81", daily="8")),))

    assert digest(home_view(home)) == digest(home_view(later))
    assert digest(home_view(home)) != digest(home_view(other))
    assert digest(home_view(seeing)) != digest(home_view(blind))


def offered(**changes: Any) -> list[str]:
    """What can be pressed about one alert."""
    f: AlertFigures = changes.pop("figures", replace(at_its_limit(), glass=True))
    view = home_view(replace(EMPTY, alerts=(AlertOnHome(7, f, **changes),)))
    assert all(value == "7" for _, value in buttons(view))
    return [action for action, _ in buttons(view)]


def test_an_alert_offers_what_somebody_may() -> None:
    """The owner everything that the DM has; a delegate no glass; an approver only the answers."""
    answers = ["alert:ack", "alert:request", "alert:planned"]
    word = ["limit:now", "limit:hold"]

    assert [*answers, *word, "alert:break_glass"] == offered()
    assert [*answers, *word] == offered(owns=False)
    assert answers == offered(owns=False, has_last_word=False)
    assert answers == offered(figures=figures("81"))


def test_an_answered_alert_offers_the_last_word_alone() -> None:
    """Until the grace is over; it does not ask again for what was said."""
    home = replace(EMPTY, alerts=(AlertOnHome(7, at_its_limit(), answered=True),))

    word = ["limit:now", "limit:hold", "alert:request"]
    assert word == offered(figures=at_its_limit(), answered=True)
    assert [*word, "alert:break_glass"] == offered(answered=True)
    assert "Usage is blocked from" in said(home_view(home))
    assert "Please say" not in said(home_view(home))


def test_a_budget_offers_its_glass_beside_the_question() -> None:
    """With the alert's number; and nothing is asked for by whom the policy does not let ask."""
    both = replace(EMPTY, budgets=(OnHome(standing("104"), glass=9),))
    glass = replace(EMPTY, budgets=(OnHome(standing("104"), asks=False, glass=9),))
    neither = replace(EMPTY, budgets=(OnHome(standing("104"), asks=False),))

    assert [("request:open", "search"), ("alert:break_glass", "9")] == buttons(home_view(both))
    assert [("alert:break_glass", "9")] == buttons(home_view(glass))
    assert [] == buttons(home_view(neither))


def test_a_budget_without_a_limit_has_nothing_to_ask_for() -> None:
    """Nor does it run out."""
    view = home_view(replace(EMPTY, budgets=(OnHome(standing("3", budget=UNLIMITED)),)))

    assert [] == buttons(view)
    assert "$3 (no limit)" in said(view)
    assert "lasts" not in said(view)


def test_whoever_gives_the_dollars_is_asked_to_agree() -> None:
    """Where they also decide, they decide; and without a donor there is nothing to agree to."""
    transfer, plain = card(donor="Growth"), card()

    def labels(asked: Asked) -> list[str]:
        view = home_view(replace(EMPTY, to_decide=(asked,)))
        found = [e for b in view["blocks"] if b["type"] == "actions" for e in b["elements"]]
        return [element["text"]["text"] for element in found]

    assert ["Agree", "Deny…", "Ask…"] == labels(Asked(transfer, gives=True))
    assert ["Approve", "Approve less…", "Deny…", "Ask…"] == labels(Asked(transfer))
    assert ["Approve", "Approve less…", "Deny…", "Ask…"] == labels(Asked(plain, gives=True))


def test_names_are_no_mentions() -> None:
    """What somebody has called a budget notifies nobody and links nowhere."""
    view = home_view(crowded("<!channel> <http://x|y>", "<!here>", budgets=1, waiting=1, glass=9))

    for text in texts(view):
        assert text["verbatim"]
        assert "<!" not in text["text"]
        assert "<http" not in text["text"]


def test_a_long_name_and_a_long_reason_are_cut() -> None:
    """A name at 80 characters and a reason at 600, so that what waits is seen at a glance."""
    view = home_view(crowded("n" * 200, "r" * 900, budgets=1, waiting=1))
    most = "n" * 79 + "…"

    assert most in said(view)
    assert "n" * 81 not in said(view)
    assert "Reason: " + "r" * 592 in said(view)
    assert "r" * 593 not in said(view)


def test_the_word_that_was_said_is_said() -> None:
    """Who has held it off, and a tick only where the targets have confirmed."""
    lifted = card(APPROVED, CONFIRMED, granted=micros("50"))
    on_its_way = card(APPROVED, progress(), granted=micros("50"))
    held = AlertOnHome(7, at_its_limit(**HELD_OFF, over_at=None), answered=True)

    assert Word.HOLD == (held.figures.grace.word if held.figures.grace else None)
    assert "<@U0DANA> has held it off once" in said(home_view(replace(EMPTY, alerts=(held,))))
    assert "✓" in said(home_view(replace(EMPTY, exceptions=(lifted,))))
    assert "✓" not in said(home_view(replace(EMPTY, exceptions=(on_its_way,))))
