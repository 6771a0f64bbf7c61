"""Acme where some things are shared: a team that may ask, a user group, a budget nobody else asks of."""

from bot.flows import home
from bot.sandbox.slack import View
from store import people
from tests.faults.bench import Bench

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
