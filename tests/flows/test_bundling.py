"""Several alerts in one message, and alerts that rest: what fails, and what it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import BudgetId, BudgetTree, PersonRef, Stage
from bot.effects import bundles
from bot.effects.bundles import Fired, by_owner
from bot.flows import records
from bot.flows.escalation import escalate
from bot.flows.tick import pipeline, tick
from bot.flows.tick.alerting import Outcome, alert
from bot.parts import Bot
from bot.render.bundle import MOST, MOST_TEXT, Part, bundle_message
from bot.sandbox.slack.checks import message_problems
from store import watching
from tests.faults.bench import POLICY, Bench, bench, deliver_all
from tests.flows.test_ticking import failing_for
from tests.render.samples import figures

HEAD = (
    POLICY.split("budgets:\n")[0]
    + "budgets:\n  - {id: company, name: Company, owner: pat@example.com, limit: 200, "
    "at_limit: throttle}\n"
)
TEAMS = "".join(
    f"""\
  - id: {name}
    name: {name.title()}
    parent: company
    owner: {owner}@example.com
    backup: kim@example.com
    limit: {limit}
    match: [{{workspace: team-{name}}}]
"""
    for name, owner, limit in (
        ("red", "dana", 100),
        ("green", "Dana", 100),  # the same person: an address has no case
        ("blue", "lee", 400),
    )
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """A company of $200; red and green ($100 each) are Dana's, blue ($400) is Lee's."""
    with bench(tmp_path, database_url, HEAD + TEAMS) as place:
        for name in ("red", "green", "blue"):
            place.usage.add_workspace(f"team-{name}")
        place.turn()
        yield place


def spend(acme: Bench, **amounts: str) -> None:
    """By team; a minute passes."""
    for name, usd in amounts.items():
        acme.town.spends(usd, workspace=f"team-{name}")
    acme.later(minutes=1)


def noted(acme: Bench, kind: str) -> list[str]:
    """The budgets and stages that the record has such entries of."""
    rows = records.audit_rows(acme.bot, None, None)
    parts = [str(row["subject"]).split(":") for row in rows if row["kind"] == kind]
    return [f"{part[1]} {part[4]}" for part in parts]


def failing(*_arguments: object) -> None:
    """Stands in for a statement that the database refuses."""
    raise RuntimeError("the disk is full")


def test_an_address_has_no_case(acme: Bench) -> None:
    """One person, however the policy file writes their address; a report counts alerts."""
    spend(acme, red="60", green="60")

    assert 3 == acme.tick().alerts
    acme.deliver()
    (told,) = acme.town.said_to("dana")
    assert "look: Red" in told
    assert "look: Green" in told


def test_where_no_message_can_be_made_of_them_they_are_one_each(
    acme: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails takes nothing with it: every alert is recorded, and reaches its owner."""
    spend(acme, red="60", green="60")
    monkeypatch.setattr(bundles, "send_together", failing)
    acme.turn()

    assert ["look: Green", "look: Red"] == sorted(
        text.split(" has")[0] for text in acme.town.said_to("dana")
    )
    assert ["company look", "green look", "red look"] == sorted(noted(acme, "alert.fired"))


def test_what_failed_for_one_budget_is_not_in_the_message(
    acme: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is told alone, as if it had been alone; the one that failed is told a tick later."""
    spend(acme, red="60", green="60")
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "alert", failing_for("red", alert))
        acme.turn()
    acme.later(minutes=1)
    acme.turn()

    assert ["look: Green", "look: Red"] == [
        text.split(" has")[0] for text in acme.town.said_to("dana")
    ]


def test_a_tick_that_comes_again_says_nothing_again(acme: Bench) -> None:
    """One message, whatever is replayed."""
    spend(acme, red="85", green="85")
    for _ in range(3):
        acme.turn()
        acme.later(minutes=1)

    assert 1 == len(acme.town.said_to("dana"))


def test_below_an_exhausted_budget_all_is_said_in_one_tick(acme: Bench) -> None:
    """The company is told after its teams had their turn; Lee's alert rests all the same."""
    spend(acme, blue="210")
    acme.turn()

    assert ["company exhausted"] == noted(acme, "alert.fired")
    assert ["blue look"] == noted(acme, "alert.muted")
    assert acme.town.said_to("lee")[0].startswith("Blue reached look; Company above it is exhaus")


def test_where_the_budget_above_could_not_be_told_nothing_rests(
    acme: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has to hear of it: its own alert goes out, and no copy of one that is not there."""
    spend(acme, blue="210")
    monkeypatch.setattr(pipeline, "alert", failing_for("company", alert))
    acme.turn()

    assert ["blue look"] == noted(acme, "alert.fired")
    assert acme.town.said_to("lee")[0].startswith("look: Blue")


def test_a_worse_stage_below_rests_too(acme: Bench) -> None:
    """One copy for an owner, and a line in the record for every alert that rests."""
    spend(acme, blue="210")
    acme.turn()
    spend(acme, blue="130")
    acme.turn()
    spend(acme, blue="50")
    acme.turn()

    assert ["blue look", "blue respond", "blue intervene"] == noted(acme, "alert.muted")
    assert 1 == len(acme.town.said_to("lee"))


def test_where_the_budget_above_only_tells_intervene_is_said(
    tmp_path: Path, database_url: str
) -> None:
    """It cuts nothing, so the budget below can still run into its own limit: its owner is warned."""
    telling = (HEAD + TEAMS).replace("at_limit: throttle", "at_limit: notify")
    with bench(tmp_path, database_url, telling) as acme:
        acme.town.usage.add_workspace("team-blue")
        acme.turn()
        for usd in ("210", "130", "50"):
            spend(acme, blue=usd)
            acme.turn()

        assert ["blue look", "blue respond"] == noted(acme, "alert.muted")
        below, own = acme.town.said_to("lee")
        assert "Milder alerts of Blue (look and respond) rest until Company has room" in below
        assert own.startswith("intervene: Blue")


def test_whoever_has_the_alert_above_gets_no_copy(acme: Bench) -> None:
    """The company's owner owns a team below, too: the record says that its alert rests."""
    same = owned_by(acme, "blue", owner="PAT@example.com")
    spend(acme, blue="210")
    tick(same, acme.clock())
    acme.deliver()

    assert ["blue look"] == noted(acme, "alert.muted")
    assert 1 == len(acme.town.said_to("pat"))


def test_with_room_above_what_rested_is_told(acme: Bench) -> None:
    """Within five minutes after a revision made room, though nothing happened to the team itself."""
    heavy = acme.usage.spend(acme.clock(), "160", workspace="team-blue")
    spend(acme, red="55")
    acme.turn()
    assert ["red look"] == noted(acme, "alert.muted")

    acme.usage.revise(heavy, usd="100")
    acme.later(minutes=5)
    acme.turn()

    assert ["company exhausted", "red look"] == noted(acme, "alert.fired")
    assert acme.town.said_to("dana")[-1].startswith("look: Red")


def test_what_rests_costs_a_tick_nothing(acme: Bench) -> None:
    """It is not due in the next tick, and due again after five minutes."""
    spend(acme, blue="210")
    acme.turn()

    def due_in(minutes: int) -> set[BudgetId]:
        with acme.bot.db.transaction() as tx:
            return watching.due(tx, acme.clock() + timedelta(minutes=minutes))

    assert set() == due_in(4)
    assert {BudgetId("blue")} == due_in(5)


def test_what_fails_while_it_waits_stays_due(acme: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blue waits for the company's alert, and its second turn fails: it is not put off."""
    spend(acme, blue="210")

    def once(*arguments: object, waited: bool = False, **named: object) -> Outcome:
        if waited:
            raise RuntimeError("the disk is full")
        return alert(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "alert", once)
        acme.turn()
    assert ["company exhausted"] == noted(acme, "alert.fired")

    acme.later(seconds=30)
    acme.turn()
    assert ["blue look"] == noted(acme, "alert.muted")


def owned_by(acme: Bench, budget: str, owner: str | None = None, backup: str | None = None) -> Bot:
    """The same bot with another owner or backup of a budget."""
    bot = acme.bot
    budgets = bot.policy.tree.budgets
    before = budgets[BudgetId(budget)]
    changed = replace(
        before,
        owner=PersonRef(owner) if owner else before.owner,
        backup=PersonRef(backup) if backup else before.backup,
    )
    tree = BudgetTree({**budgets, changed.id: changed})
    return replace(bot, policy=replace(bot.policy, tree=tree, version="another"))


@pytest.mark.parametrize(("reached", "who"), [(1, "kim"), (2, "fin")])
def test_whoever_was_asked_instead_gets_no_copy(acme: Bench, reached: int, who: str) -> None:
    """The company's backup, then its approvers, have its alert by the time that a budget below rests."""
    bot = owned_by(acme, "company", backup="kim@example.com")
    spend(acme, red="40", green="40", blue="125")
    tick(bot, acme.clock())
    for _ in range(reached + 1):
        acme.later(hours=6)
        tick(bot, acme.clock())
        escalate(bot, acme.clock())
    deliver_all(bot, at=acme.clock())
    before = len(acme.town.said_to(who))
    assert 1 <= before

    acme.bot = replace(bot, policy=owned_by(acme, "blue", owner=f"{who}@example.com").policy)
    spend(acme, blue="80")
    acme.turn()

    assert "blue look" in noted(acme, "alert.muted")
    assert before == len(acme.town.said_to(who))


def test_a_copy_for_somebody_who_left_goes_to_the_backup(acme: Bench) -> None:
    """Lee is not in Slack any more: Kim reads what binds Lee's budget."""
    acme.slack.deactivate(acme.town.person("lee"))
    spend(acme, blue="210")
    acme.turn()
    acme.deliver()

    (told,) = acme.town.said_to("kim")
    assert "Blue reached look; Company above it is exhausted" in told


def test_below_what_nobody_was_told_of_reminders_go_on(
    acme: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The company's own alert fails again and again: Lee is reminded of blue's."""
    spend(acme, blue="210")
    monkeypatch.setattr(pipeline, "alert", failing_for("company", alert))
    acme.turn()
    acme.later(days=2)
    acme.usage.spend(acme.clock(), "0.01", workspace="team-red")
    acme.turn()
    escalate(acme.bot, acme.clock())
    acme.deliver()

    assert acme.town.said_to("lee")[-1].startswith("Reminder: no answer since")


FIRED = st.lists(
    st.tuples(st.sampled_from(["dana@x.io", "DANA@x.io", "lee@x.io"]), st.integers(40, 130)),
    max_size=14,
)


@given(FIRED, st.integers(0, 300))
def test_however_many_fire_each_is_told_once(fired: list[tuple[str, int]], words: int) -> None:
    """Nobody's alert is in another's message, the worst is first, and every message is one Slack takes."""
    those = [
        Fired(
            number,
            f"alert:{number}",
            f"budget:{number}",
            PersonRef(owner),
            (shown := replace(figures(str(spent)), explained="w" * words)).stage,
            shown,
        )
        for number, (owner, spent) in enumerate(fired, start=1)
    ]
    groups = by_owner(those)

    grouped = [one.alert_id for group in groups for one in group]
    assert len(grouped) == len(set(grouped))
    left: Mapping[str, int] = {
        owner: sum(o.owner.lower() == owner and o.alert_id not in grouped for o in those)
        for owner in ("dana@x.io", "lee@x.io")
    }
    assert all(count <= 1 for count in left.values())
    for group in groups:
        assert 1 == len({one.owner.lower() for one in group})
        assert 2 <= len(group) <= MOST
        stages: list[Stage] = [one.stage for one in group]
        assert sorted(stages, reverse=True) == stages
        rendered = bundle_message([Part(one.alert_id, one.figures) for one in group])
        assert [] == message_problems(rendered.blocks)
        assert len(rendered.text) <= MOST_TEXT
