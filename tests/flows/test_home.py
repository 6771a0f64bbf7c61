"""Whose Home tab shows which budgets and alerts."""

from dataclasses import replace

import pytest

from bot.domain.alerts import AnswerKind
from bot.domain.budgets import BudgetId, BudgetTree
from bot.domain.glass import Wanted
from bot.effects.home import views
from bot.flows import alerts, delegations, escalation, home, overages
from store import open_alerts, people
from tests.faults.bench import SEARCH, Bench
from tests.flows.homes import offers, opens, refreshes, rows, spends, tab, titles


@pytest.mark.parametrize(
    ("name", "budgets"),
    [
        ("dana", ["search"]),
        ("lee", ["search"]),
        ("pam", ["platform"]),  # by id
        ("tom", ["search"]),  # of the team, where the team asks; Growth is its owner's alone
        ("kim", ["search"]),  # in the team's user group
        ("gil", ["growth"]),
    ],
)
def test_your_budgets_are_those_you_answer_for_and_your_teams(
    homes: Bench, name: str, budgets: list[str]
) -> None:
    """Owner, backup, and where the policy lets the team ask, whoever it names as the team."""
    view = opens(homes, name)

    assert budgets == rows(view)
    assert "Your budgets" in titles(view)


def test_somebody_without_a_budget_sees_the_top_of_the_tree(homes: Bench) -> None:
    """What no rule claims among it; nothing is said to be theirs, and no alert waits for them."""
    view = opens(homes, "zoe")

    assert ["Budgets"] == titles(view)
    assert ["platform", "unattributed", "growth"] == rows(view)
    assert ["request:open"] == offers(view)


def test_of_a_wide_tree_a_part_is_looked_at(homes: Bench) -> None:
    """The rest is counted, so that one person's look never costs a whole organization's figures."""
    growth = homes.bot.policy.tree.budgets[BudgetId("growth")]
    wide = {id_: replace(growth, id=id_) for id_ in (BudgetId(f"b{n}") for n in range(30))}
    policy = replace(homes.bot.policy, tree=BudgetTree(wide))
    with homes.bot.db.transaction() as tx:
        bot = replace(homes.bot, policy=policy)
        blocks = views(tx, bot, {"U0ZOE": []}, homes.clock())["U0ZOE"]["blocks"]

    assert 25 == sum(block["block_id"].startswith("budget_b") for block in blocks)
    assert "and 5 more: /budget status all" in str(blocks)


def test_what_no_rule_claims_is_nobodys_budget(homes: Bench) -> None:
    """Whoever owns it reads it apart, in dollars and per cent, below their own or the top ones."""
    view = opens(homes, "ops")

    assert ["Budgets", "Usage that no rule claims"] == titles(view)
    assert ["platform", "growth"] == rows(view)
    assert "$19 of $100 this period (19 %)" in view.all_text()


def test_the_parent_that_binds_is_named(homes: Bench) -> None:
    """Platform has nine dollars left where Search has nineteen."""
    assert "its parent Platform binds first: $9 left of $90" in opens(homes, "dana").all_text()
    assert "binds first" not in opens(homes, "pam").all_text()


@pytest.mark.parametrize(
    ("name", "budgets"),
    [("gil", ["growth"]), ("dana", ["search"]), ("tom", ["search"]), ("zoe", ["platform"])],
)
def test_more_is_offered_to_whom_the_policy_lets_ask(
    homes: Bench, name: str, budgets: list[str]
) -> None:
    """Of each budget on the tab; Zoe sees Growth, too, where only its owner asks."""
    buttons = opens(homes, name).buttons()

    assert budgets == [value for action, _, value in buttons if action == "request:open"]


def test_an_alert_waits_for_those_who_answer_for_the_budget(homes: Bench) -> None:
    """Owner and backup; not for the team, nor for those above it."""
    for name in ("dana", "lee"):
        assert "respond: Search ranking" in opens(homes, name).all_text(), name
    for name in ("tom", "kim", "pam", "fin"):
        assert "respond: Search ranking" not in opens(homes, name).all_text(), name


def test_an_alert_that_nobody_answers_waits_for_the_approvers_too(homes: Bench) -> None:
    """By name, and by the user group they are in; they have no last word and no glass."""
    spends(homes, "24")
    for name in ("fin", "pat", "zoe"):
        opens(homes, name)
    assert "Waiting for your answer" not in titles(tab(homes, "fin"))
    for _ in range(12):
        homes.later(hours=1)
        homes.turn()
        escalation.escalate(homes.bot, homes.clock())
        homes.deliver()
    refreshes(homes)

    for name in ("fin", "pat"):
        view = tab(homes, name)
        assert "Waiting for your answer" in titles(view), name
        assert not {"limit:hold", "limit:now", "alert:break_glass"} & set(offers(view)), name
    assert "Waiting for your answer" not in titles(tab(homes, "zoe"))


def test_what_is_delegated_is_theirs_for_as_long(homes: Bench) -> None:
    """With the alert and the last word, and whose it is; not the glass, which stays the owner's."""
    spends(homes, "24")
    opens(homes, "una")
    assert "Your budgets" not in titles(tab(homes, "una"))
    delegations.delegate(homes.bot, "U0DANA", "<@U0UNA> until tomorrow", homes.clock())
    opens(homes, "dana")  # by then Slack has been asked who she is
    refreshes(homes)
    view = tab(homes, "una")

    assert ["search"] == rows(view)
    assert "yours while <@U0DANA> is away" in view.all_text()
    assert {"alert:ack", "limit:hold"} <= set(offers(view))
    assert "alert:break_glass" not in offers(view)
    assert "is away" not in tab(homes, "dana").all_text()
    homes.later(days=2)
    refreshes(homes)
    assert "Your budgets" not in titles(tab(homes, "una"))


def test_an_owner_whose_address_slack_hides_is_found_by_the_look_up(homes: Bench) -> None:
    """The policy names an address, and Slack once said whose it is."""
    with homes.bot.db.transaction() as tx:
        person = replace(homes.bot.slack.person("dana@example.com"), email=None)
        people.remember(tx, "dana@example.com", person, homes.clock())
        other = replace(homes.bot.slack.person("gil@example.com"), email=None)
        people.remember(tx, "gil@example.com", other, homes.clock())
    home.opened(homes.bot, "U0DANA", "Ev", homes.clock())
    homes.deliver()

    assert ["search"] == rows(tab(homes, "dana"))


def test_the_groups_are_asked_for_when_it_is_opened(homes: Bench) -> None:
    """And remembered with the tab: a change is shown without asking Slack again."""
    opens(homes, "kim")
    asked = [c for c in homes.slack.journal if c.method == "usergroups.users.list"]
    spends(homes, "4")
    assert 1 == refreshes(homes)

    assert ["search"] == rows(tab(homes, "kim"))
    assert "$85 of $100" in tab(homes, "kim").all_text()
    again = [c for c in homes.slack.journal if c.method == "usergroups.users.list"]
    assert len(asked) == len(again)


def test_groups_that_slack_does_not_tell_of_hold_nothing_up(homes: Bench) -> None:
    """The tab is published without them, and the next opening asks again."""
    homes.slack.faults.add("usergroups.users.list", "error", error="missing_scope", times=2)
    assert ["Budgets"] == titles(opens(homes, "kim"))

    assert ["search"] == rows(opens(homes, "kim", "Ev2"))


def test_the_last_word_is_offered_while_the_grace_runs(homes: Bench) -> None:
    """Also once the alert is answered; not a moment longer, whether a tick has seen the end or not."""
    spends(homes, "24")
    opens(homes, "dana")
    with homes.bot.db.transaction() as tx:
        (alert,) = [a for a in open_alerts.standing(tx, [SEARCH], homes.clock()) if a.stage > 2]
    dana = homes.bot.slack.person("U0DANA")
    alerts.answer(homes.bot, alert.id, AnswerKind.ON_IT, dana, homes.clock())
    refreshes(homes)
    assert {"limit:now", "limit:hold"} <= set(offers(tab(homes, "dana")))
    assert "alert:ack" not in offers(tab(homes, "dana"))
    homes.clock.to(alert.figures.grace.ends_at if alert.figures.grace else homes.clock())
    refreshes(homes)

    assert not {"limit:now", "limit:hold"} & set(offers(tab(homes, "dana")))
    assert "alert:break_glass" in offers(tab(homes, "dana"))


def test_a_limit_that_was_raised_has_no_last_word_any_more(homes: Bench) -> None:
    """The grace was of the limit before."""
    spends(homes, "24")
    opens(homes, "dana")
    assert "limit:hold" in offers(tab(homes, "dana"))
    search = homes.bot.policy.tree.budgets[SEARCH]
    overages.break_glass(homes.bot, search, "U0DANA", Wanted("5", "it is down"), homes.clock())
    homes.later(seconds=1)
    refreshes(homes)

    assert not {"limit:now", "limit:hold"} & set(offers(tab(homes, "dana")))
    assert {"alert:ack", "exception:end"} <= set(offers(tab(homes, "dana")))
