"""The Home tab as it is shown: whoever looks, whatever things are called, Slack takes it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.views import View as SdkView
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot.domain.budgets import BudgetId
from bot.domain.money import micros
from bot.domain.policy import Basis
from bot.render.home import Asked, Home, Live, OnHome, digest, home_view
from bot.sandbox.slack.checks import is_too_large, view_problems
from tests.domain.values import BUDGET, DAY, FRESH, HOUR, NEW_YORK, NOW, STALE, UNLIMITED, standing
from tests.render.samples import GROWTH, PLATFORM, card, figures

EMPTY = Home((), (), (), (), (), (), FRESH, Basis.NET, NEW_YORK, "/budget")  # type: ignore[arg-type]
BLIND = standing("81", daily="8", freshness=STALE)
HOMES = {
    "nobody": replace(EMPTY, own=False),
    "owner": replace(
        EMPTY,
        own=True,
        budgets=(
            OnHome(standing("81", daily="8"), standing("990", budget=PLATFORM)),
            OnHome(standing("3", budget=UNLIMITED)),
        ),
        alerts=((7, figures("81")),),
        exceptions=(Live(42, micros("50"), NOW + DAY, "Search ranking", NEW_YORK),),
    ),
    "approver": replace(
        EMPTY,
        own=False,
        budgets=(OnHome(standing("20", budget=GROWTH)),),
        to_decide=(Asked(card()), Asked(card(donor="Growth", id=43), gives=True)),
        requests=(card(id=44),),
    ),
    "blind": replace(EMPTY, own=True, budgets=(OnHome(BLIND),), freshness=STALE),
}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)


def crowded(name: str, reason: str, many: int) -> Home:
    """So many of each thing, all of them called alike."""
    budgets = [replace(BUDGET, id=BudgetId(f"b{n}"), name=name) for n in range(many)]
    parent = replace(PLATFORM, name=name)
    return Home(
        own=True,
        budgets=[OnHome(standing("81", budget=b), standing("990", budget=parent)) for b in budgets],
        alerts=[(n, figures("81", budget=b)) for n, b in enumerate(budgets)],
        to_decide=[Asked(card(name=name, reason=reason, id=n)) for n in range(many)],
        requests=[card(name=name, id=n) for n in range(many)],
        exceptions=[Live(n, micros("5"), NOW + DAY, name, NEW_YORK) for n in range(many)],
        freshness=FRESH,
        basis=Basis.NET,
        zone=NEW_YORK,
        command="/budget",
    )


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


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES, st.sampled_from([0, 1, 8, 9, 25, 26, 60]))
def test_it_always_fits(name: str, reason: str, many: int) -> None:
    """Never more than 100 blocks, never a text that is too long, whatever names there are."""
    view = home_view(crowded(name, reason, many))

    assert len(view["blocks"]) <= 100
    assert [] == view_problems(view, ("home",))
    assert not is_too_large(view)


def test_what_is_left_out_is_counted() -> None:
    """And how to see it."""
    said = json.dumps(home_view(crowded("Search", "why", 37)))

    assert "and 12 more: /budget status all" in said


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


def test_names_are_no_mentions() -> None:
    """What somebody has called a budget notifies nobody and links nowhere."""
    said = json.dumps(home_view(crowded("<!channel> <http://x|y>", "<!here>", 1)))

    for block in json.loads(said)["blocks"]:
        text = block.get("text") or {}
        if text.get("type") == "mrkdwn":
            assert "<!" not in text["text"]
            assert "<http" not in text["text"]
