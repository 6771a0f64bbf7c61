"""Whose Home tab shows which budgets and alerts, and what it costs to keep it up to date."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.flows import delegations, escalation, home, rehearsal
from bot.sandbox.slack import View
from store import homes, outbox, people
from tests.faults.bench import Bench, bench

POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}
  digest: {day: mon, at: "09:00"}
approvers:
  finance: {people: [fin@example.com]}
  leads: {usergroup: S0LEADS}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    ask: anyone
    routes: [{up_to: 50%, approvers: [finance, leads]}]
unattributed: {owner: ops@example.com}
budgets:
  - id: platform
    name: Platform
    owner: U0PAM
    limit: 90
  - id: search
    name: Search ranking
    parent: platform
    owner: Dana@example.com
    backup: lee@example.com
    limit: 100
    at_limit: block
    grace: 2h
    critical: true
    team: {people: [tom@example.com], usergroup: S0TEAM}
    overage: {ask: team}
    match: [{workspace: team-search}]
  - id: growth
    name: Growth
    owner: gil@example.com
    limit: 300
    team: {people: [tom@example.com]}
    overage: {ask: owner}
    match: [{workspace: team-growth}]
"""


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """$81 of the $100 for Search are spent, and a dollar that nobody claims."""
    with bench(tmp_path, database_url, POLICY) as place:
        for name in ("pam", "gil", "una", "zoe"):
            place.slack.add_person(f"{name}@example.com", name=name.title(), id=f"U0{name.upper()}")
        place.slack.add_usergroup("S0TEAM", "team", ["U0KIM"])
        for workspace in ("team-growth", "elsewhere"):
            place.usage.add_workspace(workspace)
        place.usage.spend(place.clock(), "81", workspace="team-search")
        place.usage.spend(place.clock(), "19", workspace="elsewhere")
        place.later(minutes=1)
        place.turn()
        yield place


def opens(acme: Bench, name: str, event: str = "Ev1") -> View:
    """Somebody opens it, and it is published."""
    id_ = f"U0{name.upper()}"
    person = acme.bot.slack.person(id_)
    with acme.bot.db.transaction() as tx:
        people.remember(tx, id_, person, acme.clock())
    assert home.opened(acme.bot, id_, f"{event}{id_}", acme.clock())
    acme.deliver()
    return tab(acme, name)


def tab(acme: Bench, name: str) -> View:
    """As it stands now."""
    view = acme.slack.person(f"{name}@example.com").home()
    assert view is not None
    return view


def refreshes(acme: Bench) -> int:
    """What has changed is published anew; to how many."""
    count = home.refresh(acme.bot, acme.clock())
    acme.deliver()
    return count


def spends(acme: Bench, usd: str) -> None:
    """The search team, and the tick that sees it."""
    acme.usage.spend(acme.clock(), usd, workspace="team-search")
    acme.later(minutes=1)
    acme.turn()


def titles(view: View) -> list[str]:
    """Its parts."""
    return [block["text"]["text"] for block in view.blocks if block["type"] == "header"]


def rows(view: View) -> list[str]:
    """The budgets on it, by their block."""
    ids = (block["block_id"] for block in view.blocks if block["type"] == "section")
    return [id_.removeprefix("budget_") for id_ in ids if id_.startswith("budget_")]


def offers(view: View) -> list[str]:
    """What can be pressed."""
    return [action for action, _, _ in view.buttons()]


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
    acme: Bench, name: str, budgets: list[str]
) -> None:
    """Owner, backup, and where the policy lets the team ask, whoever it names as the team."""
    view = opens(acme, name)

    assert budgets == rows(view)
    assert "Your budgets" in titles(view)


def test_somebody_without_a_budget_sees_the_top_of_the_tree(acme: Bench) -> None:
    """What no rule claims among it; nothing is said to be theirs, and no alert waits for them."""
    view = opens(acme, "zoe")

    assert ["Budgets"] == titles(view)
    assert ["platform", "unattributed", "growth"] == rows(view)
    assert ["request:open"] == offers(view)


def test_what_no_rule_claims_is_nobodys_budget(acme: Bench) -> None:
    """Whoever owns it reads it apart, in dollars and per cent, below their own or the top ones."""
    view = opens(acme, "ops")

    assert ["Budgets", "Usage that no rule claims"] == titles(view)
    assert ["platform", "growth"] == rows(view)
    assert "$19 of $100 this period (19 %)" in view.all_text()


def test_the_parent_that_binds_is_named(acme: Bench) -> None:
    """Platform has nine dollars left where Search has nineteen."""
    assert "its parent Platform binds first: $9 left of $90" in opens(acme, "dana").all_text()
    assert "binds first" not in opens(acme, "pam").all_text()


@pytest.mark.parametrize(
    ("name", "budgets"),
    [("gil", ["growth"]), ("dana", ["search"]), ("tom", ["search"]), ("zoe", ["platform"])],
)
def test_more_is_offered_to_whom_the_policy_lets_ask(
    acme: Bench, name: str, budgets: list[str]
) -> None:
    """Of each budget on the tab; Zoe sees Growth, too, where only its owner asks."""
    buttons = opens(acme, name).buttons()

    assert budgets == [value for action, _, value in buttons if action == "request:open"]


def test_an_alert_waits_for_those_who_answer_for_the_budget(acme: Bench) -> None:
    """Owner and backup; not for the team, nor for those above it."""
    for name in ("dana", "lee"):
        assert "respond: Search ranking" in opens(acme, name).all_text(), name
    for name in ("tom", "kim", "pam", "fin"):
        assert "respond: Search ranking" not in opens(acme, name).all_text(), name


def test_an_alert_that_nobody_answers_waits_for_the_approvers_too(acme: Bench) -> None:
    """By name, and by the user group they are in; they have no last word and no glass."""
    spends(acme, "24")
    for name in ("fin", "pat", "zoe"):
        opens(acme, name)
    assert "Waiting for your answer" not in titles(tab(acme, "fin"))
    for _ in range(12):
        acme.later(hours=1)
        acme.turn()
        escalation.escalate(acme.bot, acme.clock())
        acme.deliver()
    refreshes(acme)

    for name in ("fin", "pat"):
        view = tab(acme, name)
        assert "Waiting for your answer" in titles(view), name
        assert not {"limit:hold", "limit:now", "alert:break_glass"} & set(offers(view)), name
    assert "Waiting for your answer" not in titles(tab(acme, "zoe"))


def test_what_is_delegated_is_theirs_for_as_long(acme: Bench) -> None:
    """With the alert and the last word, and whose it is; not the glass, which stays the owner's."""
    spends(acme, "24")
    opens(acme, "una")
    assert "Your budgets" not in titles(tab(acme, "una"))
    delegations.delegate(acme.bot, "U0DANA", "<@U0UNA> until tomorrow", acme.clock())
    opens(acme, "dana")  # by then Slack has been asked who she is
    refreshes(acme)
    view = tab(acme, "una")

    assert ["search"] == rows(view)
    assert "yours while <@U0DANA> is away" in view.all_text()
    assert {"alert:ack", "limit:hold"} <= set(offers(view))
    assert "alert:break_glass" not in offers(view)
    assert "is away" not in tab(acme, "dana").all_text()
    acme.later(days=2)
    refreshes(acme)
    assert "Your budgets" not in titles(tab(acme, "una"))


def test_an_owner_whose_address_slack_hides_is_found_by_the_look_up(acme: Bench) -> None:
    """The policy names an address, and Slack once said whose it is."""
    with acme.bot.db.transaction() as tx:
        person = replace(acme.bot.slack.person("dana@example.com"), email=None)
        people.remember(tx, "dana@example.com", person, acme.clock())
        other = replace(acme.bot.slack.person("gil@example.com"), email=None)
        people.remember(tx, "gil@example.com", other, acme.clock())
    home.opened(acme.bot, "U0DANA", "Ev", acme.clock())
    acme.deliver()

    assert ["search"] == rows(tab(acme, "dana"))


def test_the_groups_are_asked_for_when_it_is_opened(acme: Bench) -> None:
    """And remembered with the tab: a change is shown without asking Slack again."""
    opens(acme, "kim")
    asked = [c for c in acme.slack.journal if c.method == "usergroups.users.list"]
    spends(acme, "4")
    assert 1 == refreshes(acme)

    assert ["search"] == rows(tab(acme, "kim"))
    assert "$85 of $100" in tab(acme, "kim").all_text()
    again = [c for c in acme.slack.journal if c.method == "usergroups.users.list"]
    assert len(asked) == len(again)


def test_groups_that_slack_does_not_tell_of_hold_nothing_up(acme: Bench) -> None:
    """The tab is published without them, and the next opening asks again."""
    acme.slack.faults.add("usergroups.users.list", "error", error="missing_scope", times=2)
    assert ["Budgets"] == titles(opens(acme, "kim"))

    assert ["search"] == rows(opens(acme, "kim", "Ev2"))


def test_openings_that_wait_are_published_once(acme: Bench) -> None:
    """The newest stands for those that nobody has begun to send."""
    for number in range(3):
        home.opened(acme.bot, "U0DANA", f"Ev{number}", acme.clock())
    acme.deliver()

    assert 1 == sum(call.method == "views.publish" for call in acme.slack.journal)


def test_one_that_is_being_sent_is_not_taken_back(acme: Bench) -> None:
    """The new one comes after it, so that the older state cannot arrive last."""
    acme.slack.faults.add("views.publish", "ratelimited", retry_after=30)
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    acme.deliver()
    home.opened(acme.bot, "U0DANA", "Ev2", acme.clock())
    with acme.bot.db.transaction() as tx:
        first = outbox.find(tx, "home:U0DANA:opened:Ev1")
    assert first is not None
    assert "pending" == first.state
    acme.later(seconds=31)
    acme.deliver()

    assert [] == acme.open()


def test_an_opening_takes_the_place_of_a_change_that_waits(acme: Bench) -> None:
    """What it would have shown is shown by the other."""
    opens(acme, "dana")
    acme.usage.spend(acme.clock(), "4", workspace="team-search")
    acme.later(minutes=1)
    acme.tick()
    assert 1 == home.refresh(acme.bot, acme.clock())
    home.opened(acme.bot, "U0DANA", "Ev2", acme.clock())
    acme.deliver()

    assert 2 == sum(call.method == "views.publish" for call in acme.slack.journal)
    assert 0 == refreshes(acme)


def test_only_the_last_entries_of_a_day_ago_are_kept(acme: Bench) -> None:
    """So they do not fill the outbox, and what a tab shows is known as long as it is kept."""
    opens(acme, "dana", "Ev1")
    opens(acme, "dana", "Ev2")
    for usd in ("1", "1"):
        spends(acme, usd)
        assert 1 == refreshes(acme)
    acme.later(days=1, minutes=1)
    home.refresh(acme.bot, acme.clock())
    with acme.bot.db.transaction() as tx:
        kept = [e for e in outbox.written_since(tx, 0) if e.kind == homes.KIND]
        openers = homes.openers(tx, acme.clock(), 200)

    done = [e for e in kept if e.state != "pending"]
    assert [homes.OPENED, homes.CHANGED] == [e.subject for e in done]
    assert "home:U0DANA:opened:Ev2U0DANA" == done[0].key
    assert ["U0DANA"] == openers


def test_it_is_kept_for_thirty_days(acme: Bench) -> None:
    """Since they last looked, to the day."""
    opens(acme, "dana")
    acme.later(days=29, hours=23)
    home.refresh(acme.bot, acme.clock())
    with acme.bot.db.transaction() as tx:
        assert ["U0DANA"] == homes.openers(tx, acme.clock(), 200)
    acme.later(hours=1)
    with acme.bot.db.transaction() as tx:
        assert [] == homes.openers(tx, acme.clock(), 200)


def test_a_dry_run_tells_whose_tab_would_be_published(acme: Bench) -> None:
    """As it tells every message."""
    opens(acme, "dana")
    acme.usage.spend(acme.clock(), "4", workspace="team-search")
    acme.later(minutes=1)
    acme.tick()
    mark = rehearsal.newest(acme.bot)
    home.refresh(acme.bot, acme.clock())

    assert ["to U0DANA: their Home tab"] == rehearsal.said_since(acme.bot, mark)
