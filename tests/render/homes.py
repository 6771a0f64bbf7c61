"""Home tabs with figures that can be checked by eye, and what is looked for on them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot.domain.budgets import BudgetId
from bot.domain.money import Micros, micros
from bot.domain.policy import Basis
from bot.render.home import AlertOnHome, Asked, Home, OnHome, Unclaimed, View
from tests.domain.values import BUDGET, FRESH, NEW_YORK, STALE, UNLIMITED, standing
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
        to_decide=[
            Asked(card(name=name, reason=reason, id=n, donor=name), gives=n % 2 == 1)
            for n in range(waiting)
        ],
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
