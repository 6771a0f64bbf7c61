"""The Home tab as it is shown: whoever looks, whatever things are called, Slack takes it."""

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.models.views import View as SdkView
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot.domain.alerts import AlertFigures
from bot.domain.grace import Word
from bot.domain.money import micros
from bot.domain.standings import Freshness
from bot.render.home import AlertOnHome, Asked, OnHome, digest, home_view
from bot.sandbox.slack.checks import view_problems
from tests.domain.values import DAY, FRESH, HOUR, NOW, UNLIMITED, standing
from tests.render.homes import BLIND, EMPTY, HOMES, buttons, crowded, said, texts
from tests.render.samples import (
    APPROVED,
    CONFIRMED,
    HELD_OFF,
    at_its_limit,
    card,
    figures,
    progress,
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

    def pressable(asked: Asked) -> list[dict[str, Any]]:
        view = home_view(replace(EMPTY, to_decide=(asked,)))
        return [e for b in view["blocks"] if b["type"] == "actions" for e in b["elements"]]

    def labels(asked: Asked) -> list[str]:
        return [element["text"]["text"] for element in pressable(asked)]

    def spoken(asked: Asked) -> str:
        return str(pressable(asked)[0]["accessibility_label"])

    assert "Agree to $50 less for Growth, request 42" == spoken(Asked(transfer, gives=True))
    assert "Approve request 42, $50 for Search ranking" == spoken(Asked(transfer))
    assert ["Agree", "Deny…", "Ask…"] == labels(Asked(transfer, gives=True))
    assert ["Approve", "Approve less…", "Deny…", "Ask…"] == labels(Asked(transfer))
    assert ["Approve", "Approve less…", "Deny…", "Ask…"] == labels(Asked(plain, gives=True))


def test_blind_figures_say_since_when() -> None:
    """Since the source went away, or as old as they are; what was never read says that."""
    old, never = Freshness(NOW - DAY, stale=True), Freshness(None, stale=True, reason="no poll yet")

    def shown(freshness: Freshness) -> str:
        on = OnHome(standing("0", freshness=freshness))
        return said(home_view(replace(EMPTY, budgets=(on,), freshness=freshness)))

    assert 2 == shown(old).count("blind since Sun 22 Nov 09:00")
    assert "blind since" not in shown(FRESH)
    assert "no figures yet (no poll yet)" in shown(never)
    assert "blind since" not in shown(never)


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
