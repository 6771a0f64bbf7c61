"""Grace at the limit: told with the alert, held off or cut short by the owner, never on stale figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.grace import Word
from bot.domain.people import Person
from bot.effects import orders
from bot.flows import graces, records
from bot.sandbox.slack import Message
from store import limits, outbox, watching
from tests.story.town import POLICY, Town, at, town

# The month of test_month, and the races, go through both databases; what is told is the same.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOW, HOLD = "limit:now", "limit:hold"
GRACE = POLICY.replace("    at_limit: block\n", "    at_limit: throttle\n    grace: 2h\n", 1)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Tuesday 23:00: search has spent $120 of its $100."""
    assert GRACE != POLICY
    with town(tmp_path, database_url, "http", at("2026-11-03 22:00"), GRACE) as place:
        place.turn()
        place.spends("120")
        place.goes_to("2026-11-03 23:00")
        yield place


def mode(acme: Town) -> str | None:
    """What the gateway does with the team's calls."""
    return acme.gateway.holds("search").mode


def grace_until(acme: Town) -> str | None:
    """What the newest version says to the gateway, to the minute: the clock runs on."""
    with acme.bot.bot.db.transaction() as tx:
        held = limits.load(tx, BudgetId("search"))
        sent = outbox.find(tx, orders.key("search", held.version)) if held else None
    assert sent is not None
    found = sent.request["body"]["data"].get("grace_until")
    return None if found is None else str(found)[:16]


def the_alert(acme: Town) -> Message:
    """Dana's, that the limit is reached."""
    dms = acme.person("dana").dms()
    return next(m for m in dms if m.text.startswith("exhausted: Search ranking"))


def buttons(message: Message) -> set[str]:
    """By what they do."""
    found = [e for b in message.blocks if b["type"] == "actions" for e in b["elements"]]
    return {element["action_id"] for element in found}


def kinds(acme: Town) -> list[str]:
    """What the record says of the grace, in order."""
    rows = list(records.audit_rows(acme.bot.bot, None, None))
    return [row["kind"] for row in rows if row["kind"].startswith("grace.")]


def presses(acme: Town, name: str, action: str) -> None:
    """Somebody presses a button of that alert."""
    acme.person(name).presses(action, the_alert(acme))


def test_the_response_comes_after_the_grace(acme: Town) -> None:
    """The alert says when; then the owner reads that it has come, once, and the buttons go."""
    assert "Usage is throttled from Wed 4 Nov 01:00 on." in the_alert(acme).text
    assert {NOW, HOLD} <= buttons(the_alert(acme))
    assert ("allow", "2026-11-04T06:00") == (mode(acme), grace_until(acme))

    acme.goes_to("2026-11-04 00:59")
    assert "allow" == mode(acme)
    acme.goes_to("2026-11-04 01:01")
    assert ("throttle", None) == (mode(acme), grace_until(acme))
    acme.goes_to("2026-11-04 01:05")
    acme.goes_to("2026-11-04 09:00")

    over = [text for text in acme.said_to("dana") if "the time to act is over" in text]
    assert [
        "⛔ Search ranking: the time to act is over, so usage is throttled from now on. "
        "Spent $120 of $100 (120 %)."
    ] == over
    assert "Usage is throttled since Wed 4 Nov 01:01." in the_alert(acme).text
    assert not {NOW, HOLD} & buttons(the_alert(acme))
    assert ["grace.over"] == kinds(acme)


def test_while_it_runs_the_budget_is_not_looked_at(acme: Town) -> None:
    """A tick has nothing to do there before the end, or the next forecast."""
    with acme.bot.bot.db.transaction() as tx:
        due = watching.due(tx, at("2026-11-03 23:02"))
        due_then = watching.due(tx, at("2026-11-04 01:01"))

    assert (False, True) == ("search" in due, "search" in due_then)


def test_the_owner_holds_it_off_once(acme: Town) -> None:
    """At night, by the same length; operators, approvers and the backup read it, and then it comes."""
    presses(acme, "dana", HOLD)
    acme.slack.wait_until(lambda: grace_until(acme) == "2026-11-04T08:00")
    acme.settles()

    said = "<@U0DANA> holds the response off, once, until Wed 4 Nov 03:00"
    for told in (
        acme.said_in("#ai-budget-ops"),
        acme.said_in("#ai-approvals"),
        acme.said_to("lee"),
    ):
        assert 1 == sum(said in text for text in told)
    assert "throttled from Wed 4 Nov 03:00 on. <@U0DANA> has held it off" in the_alert(acme).text
    assert HOLD not in buttons(the_alert(acme))
    assert "<@U0DANA> is on it (Tue 3 Nov 23:00), until Wed 4 Nov 00:00." in the_alert(acme).text
    acme.goes_to("2026-11-04 01:01")
    assert "allow" == mode(acme)
    acme.goes_to("2026-11-04 03:01")
    assert "throttle" == mode(acme)
    assert ["grace.hold", "grace.over"] == kinds(acme)


def test_a_second_time_it_is_not_held_off(acme: Town) -> None:
    """An old copy still has the button; it is said who did, and until when."""
    old = the_alert(acme)
    presses(acme, "dana", HOLD)
    acme.slack.wait_until(lambda: kinds(acme) == ["grace.hold"])
    acme.person("dana").presses(HOLD, old)

    said = acme.person("dana").ephemerals
    acme.slack.wait_until(lambda: any("held it off already, until" in m.text for m in said()))
    assert ["grace.hold"] == kinds(acme)


def says(acme: Town, word: Word, **who: object) -> str | None:
    """Somebody who has a copy of the alert says it; what they are answered."""
    actor = Person(**{"id": "U0KIM", "name": "Kim", "email": "kim@example.com", **who})  # type: ignore[arg-type]
    return graces.say(acme.bot.bot, 1, word, actor, acme.clock())


LEE = {"id": "U0LEE", "email": "lee@example.com"}


def test_the_backup_may_have_it_at_once(acme: Town) -> None:
    """The gateway is told in the same moment, and the owner reads who did not want to wait."""
    assert None is says(acme, Word.NOW, **LEE)
    acme.settles()

    assert "throttle" == mode(acme)
    assert any("<@U0LEE> did not want to wait" in text for text in acme.said_to("dana"))
    acme.goes_to("2026-11-04 01:01")
    assert ["grace.now", "grace.over"] == kinds(acme)
    assert "because <@U0LEE> did not want to wait" in (says(acme, Word.HOLD, **LEE) or "")


def test_the_owner_may_have_it_at_once(acme: Town) -> None:
    """One click; the buttons go, and the alert says since when."""
    presses(acme, "dana", NOW)
    acme.slack.wait_until(lambda: mode(acme) == "throttle")
    acme.settles()

    assert "Usage is throttled since Tue 3 Nov 23:00." in the_alert(acme).text
    assert not {NOW, HOLD} & buttons(the_alert(acme))


def test_whom_the_owner_delegated_to_may(acme: Town) -> None:
    """While the owner is away their alerts and their word are somebody else's, and no longer."""
    assert "Only the budget's owner" in (says(acme, Word.HOLD) or "")
    acme.person("dana").types("/budget delegate @kim until Friday")

    assert None is says(acme, Word.HOLD)
    assert ["grace.hold"] == kinds(acme)


@pytest.mark.parametrize("word", Word)
@pytest.mark.parametrize(
    "who",
    [
        {"id": "U0TOM", "email": "tom@example.com"},
        {"id": "U0FIN", "email": "fin@example.com"},
        {**LEE, "guest": True},
        {**LEE, "stranger": True},
        {**LEE, "deleted": True},
        {**LEE, "is_bot": True},
    ],
    ids=["somebody", "approver", "guest", "outsider", "deactivated", "bot"],
)
def test_nobody_else_has_the_word(acme: Town, who: dict[str, object], word: Word) -> None:
    """They read whose it is."""
    assert "Only the budget's owner and backup can say this" in (says(acme, word, **who) or "")
    assert ([], "allow") == (kinds(acme), mode(acme))


def test_on_stale_figures_nobody_is_cut_off(acme: Town) -> None:
    """The grace is over and we are blind: it waits for fresh figures, also when pressed."""
    acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    acme.goes_to("2026-11-04 00:00")
    presses(acme, "dana", NOW)
    said = acme.person("dana").ephemerals
    acme.slack.wait_until(lambda: any("figures are stale" in m.text for m in said()))
    acme.goes_to("2026-11-04 01:30")
    assert "allow" == mode(acme)

    acme.usage.faults.clear()
    acme.goes_to("2026-11-04 01:40")
    assert "throttle" == mode(acme)


def card(acme: Town) -> Message:
    """Fin's card of the request for $40 more."""
    dms = acme.person("fin").dms
    acme.slack.wait_until(lambda: any(m.text.startswith("Overage request #1.") for m in dms()))
    return next(m for m in dms() if m.text.startswith("Overage request #1."))


def gets_more(acme: Town) -> None:
    """Tom asks for $40, and Fin approves."""
    acme.person("tom").types("/budget request search 40 launch")
    acme.person("fin").presses("request:approve", card(acme))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 140)
    acme.settles()


def test_a_raised_limit_ends_it(acme: Town) -> None:
    """Another limit has another grace: the old buttons say so, and at the new one it begins anew."""
    old = the_alert(acme)
    gets_more(acme)
    assert None is grace_until(acme)
    acme.person("dana").presses(NOW, old)
    said = acme.person("dana").ephemerals
    acme.slack.wait_until(lambda: any("this grace is, too" in m.text for m in said()))

    acme.spends("30")
    acme.goes_to("2026-11-04 00:30")
    assert ("allow", "2026-11-04T07:30") == (mode(acme), grace_until(acme))


def test_no_limit_has_a_second_grace(acme: Town) -> None:
    """It was over while an exception held; when that is ended, the response is there at once."""
    gets_more(acme)
    acme.goes_to("2026-11-04 02:00")
    assert "allow" == mode(acme)
    acme.person("fin").presses("exception:end", card(acme))
    acme.slack.wait_until(lambda: mode(acme) == "throttle")
    acme.settles()

    assert any("Usage is throttled now." in text for text in acme.said_to("tom"))


def test_an_exception_that_ends_within_the_grace_says_when(acme: Town) -> None:
    """Nobody reads that usage is throttled while it is let through."""
    gets_more(acme)
    acme.goes_to("2026-11-03 23:30")
    acme.person("fin").presses("exception:end", card(acme))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 100)
    acme.settles()

    told = next(text for text in acme.said_to("tom") if "the limit is back" in text)
    assert "Usage is throttled from Wed 4 Nov 01:00 on." in acme.said_to("tom")[-1], told
    assert "allow" == mode(acme)


def test_spend_that_falls_below_the_limit_ends_it(acme: Town) -> None:
    """A correction comes in: nothing is cut when the grace would be over."""
    (spent,) = acme.usage.events
    acme.usage.revise(spent, usd="60")
    acme.goes_to("2026-11-03 23:10")
    assert None is grace_until(acme)
    acme.goes_to("2026-11-04 01:10")

    assert ("allow", []) == (mode(acme), kinds(acme))
