"""Several budgets of one owner at once, and budgets below one that is exhausted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.domain.alerts import AnswerKind
from bot.domain.people import Person
from bot.flows import alerts, records
from bot.sandbox.slack import Message
from tests.story.town import POLICY, Town, at, town

HEAD = POLICY.split("budgets:\n")[0]
THREE = (
    HEAD
    + "budgets:\n"
    + "".join(
        f"""\
  - id: {name}
    name: {name.title()}
    owner: {owner}@example.com
    backup: {backup}@example.com
    limit: 100
    match: [{{api_key: "{name}-*"}}]
"""
        for name, owner, backup in (
            ("red", "dana", "lee"),
            ("green", "dana", "kim"),
            ("blue", "dana", "lee"),
            ("grey", "tom", "kim"),
        )
    )
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Three budgets of Dana's and one of Tom's; nothing was spent yet."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), THREE) as place:
        place.turn()
        yield place


def spend(acme: Town, **amounts: str) -> None:
    """By the name of each budget's key."""
    for name, usd in amounts.items():
        acme.spends(usd, workspace="default", api_key=f"{name}-1")


def buttons(message: Message, action: str) -> list[str]:
    """The values of the buttons of a kind, from top to bottom."""
    found = [e for b in message.blocks if b["type"] == "actions" for e in b["elements"]]
    return [element["value"] for element in found if element["action_id"] == action]


def test_what_crosses_together_is_told_together(acme: Town) -> None:
    """One DM, the worst budget first, all of each in its text; whoever owns one gets it alone."""
    spend(acme, red="55", green="97", blue="85", grey="85")
    acme.goes_to("2026-11-03 10:00")

    (told,) = acme.person("dana").dms()
    (alone,) = acme.person("tom").dms()
    for words in ("intervene: Green has spent $97 of $100", "respond: Blue", "look: Red"):
        assert words in told.text
    assert told.text.index("Green") < told.text.index("Blue") < told.text.index("Red")
    assert "🚨 intervene: Green 97 % and 2 more" == told.blocks[0]["text"]["text"]
    assert 3 == len(set(buttons(told, "alert:ack")))
    assert alone.text.startswith("respond: Grey has spent")
    names = [block["block_id"] for block in told.blocks]
    assert len(names) == len(set(names)) <= 50


def answers(acme: Town, number: str) -> None:
    """Dana says that she is on it, to one alert of her first message."""
    dana = acme.person("dana")
    dana.presses("alert:ack", dana.dms()[0], value=number)
    acme.slack.wait_until(lambda: dana.view() is not None)
    dana.closes()
    acme.settles()


def test_each_is_answered_by_itself(acme: Town) -> None:
    """The message shows the answer to one, and keeps the buttons of the others."""
    spend(acme, red="85", green="85", blue="85")
    acme.goes_to("2026-11-03 10:00")
    dana = acme.person("dana")
    first, second, third = buttons(dana.dms()[0], "alert:ack")
    answers(acme, second)

    (told,) = dana.dms()
    assert [first, third] == buttons(told, "alert:ack")
    assert 1 == told.text.count("is on it")


def test_a_reminder_is_about_one_alert(acme: Town) -> None:
    """What was answered comes back when its term is over, the rest as unanswered, each by itself."""
    spend(acme, red="85", green="85")
    acme.goes_to("2026-11-03 10:00")
    red, _ = buttons(acme.person("dana").dms()[0], "alert:ack")
    answers(acme, red)
    acme.goes_to("2026-11-04 09:01")

    over, unanswered = sorted(acme.said_to("dana")[1:])
    assert over.startswith("Reminder: <@U0DANA> is on it")
    assert "respond: Red has spent" in over
    assert unanswered.startswith("Reminder: no answer since")
    assert "respond: Green has spent" in unanswered


def test_an_owner_nobody_finds_leads_to_each_backup(acme: Town) -> None:
    """One message cannot be delivered; each alert goes its own budget's way, and operators hear once."""
    acme.slack.deactivate(acme.person("dana"))
    spend(acme, red="85", green="85", blue="85")
    acme.goes_to("2026-11-03 10:00")

    lee, kim = acme.said_to("lee"), acme.said_to("kim")
    assert 2 == len(lee)
    assert 1 == len(kim)
    assert "Green has spent" in kim[0]
    assert [] == [e.key for e in records.undelivered(acme.bot.bot) if e.state == "pending"]
    assert 1 == len([text for text in acme.said_in("#ai-budget-ops") if "dana" in text])


def test_a_worse_stage_of_one_replaces_its_part(acme: Town) -> None:
    """The old message says by what; the others in it still ask."""
    spend(acme, red="55", green="55")
    acme.goes_to("2026-11-03 10:00")
    spend(acme, red="30")
    acme.goes_to("2026-11-03 11:00")
    together, worse = acme.person("dana").dms()

    assert worse.text.startswith("respond: Red")
    assert 1 == len(buttons(together, "alert:ack"))
    assert 1 == together.text.count("Replaced by the newer alert: respond")


TREE = POLICY.replace("limit: 1000", "limit: 120").replace("limit: 300", "limit: 200")


@pytest.fixture
def tree(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Platform ($120, Pat's) above search ($100, Dana's) and growth ($200, Lee's)."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), TREE) as place:
        place.turn()
        yield place


def test_below_an_exhausted_budget_milder_stages_rest(tree: Town) -> None:
    """Growth reaches respond under an exhausted platform: its owner reads what binds, once."""
    tree.spends("10")
    tree.spends("165", workspace="x", api_key="growth-1")
    tree.goes_to("2026-11-03 10:00")
    tree.goes_to("2026-11-03 10:10")
    tree.goes_to("2026-11-03 10:20")

    (pat,) = tree.said_to("pat")
    (lee,) = tree.said_to("lee")
    assert pat.startswith("exhausted: Platform")
    assert lee.startswith("Growth reached respond; Platform above it is exhausted")
    kinds = [row["kind"] for row in records.audit_rows(tree.bot.bot, None, None)]
    assert 1 == kinds.count("alert.muted")
    assert 1 == kinds.count("alert.fired")


def test_it_is_told_when_there_is_room_again(tree: Town) -> None:
    """The budget above gets more, and what had rested below is due."""
    tree.spends("165", workspace="x", api_key="growth-1")
    tree.goes_to("2026-11-03 10:00")
    tree.goes_to("2026-11-03 10:10")
    tree.stop_bot()
    tree.write_policy(TREE.replace("limit: 120", "limit: 900"))
    tree.start_bot()
    tree.goes_to("2026-11-03 11:00")

    assert tree.said_to("lee")[-1].startswith("respond: Growth has spent")


def test_a_limit_of_its_own_is_told_all_the_same(tree: Town) -> None:
    """Exhausted is exhausted, whatever stands above."""
    tree.spends("130")
    tree.goes_to("2026-11-03 10:00")

    assert tree.said_to("dana")[0].startswith("exhausted: Search ranking")


def test_answers_at_once_are_all_shown(acme: Town) -> None:
    """Three buttons of one message pressed together: the message ends with three answers in it."""
    spend(acme, red="85", green="85", blue="85")
    acme.goes_to("2026-11-03 10:00")
    told = acme.person("dana").dms()[0]
    bot, dana = acme.bot.bot, Person("U0DANA", "Dana", "dana@example.com")

    def press(number: str) -> None:
        alerts.answer(bot, int(number), AnswerKind.ON_IT, dana, acme.clock())

    with ThreadPoolExecutor(3) as hands:
        list(hands.map(press, buttons(told, "alert:ack")))
    acme.settles()

    (now,) = acme.person("dana").dms()
    assert [] == buttons(now, "alert:ack")
    assert 3 == now.text.count("is on it")
