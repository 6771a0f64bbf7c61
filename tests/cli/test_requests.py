"""Deciding from the command line: the same flow and refusals as a click, and Slack shows it."""

import getpass
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import build
from bot.clock import utc_now
from bot.config.load import load_policy
from bot.domain.budgets import BudgetId
from bot.domain.people import Person
from bot.flows import overages, records
from bot.flows.tick import tick
from bot.parts import Bot
from tests.cli.test_commands import budget_bot
from tests.faults.bench import close, deliver_all
from tests.story.town import Town


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Town]:
    """A town as of today, because a command reads the wall clock; nothing runs by itself."""
    place = Town(tmp_path, f"sqlite:///{tmp_path}/budgets.db", "http", utc_now())
    with place.slack, place.usage, place.gateway:
        yield place


@pytest.fixture
def bot(acme: Town) -> Iterator[Bot]:
    """A bot that has read its usage, with Tom's request for $20."""
    settings = acme.settings()
    made = build(settings, load_policy(settings.budget_bot_config).policy)
    now = utc_now()
    tick(made, now)
    tom = Person("U0TOM", "Tom", "tom@example.com")
    overages.ask(made, BudgetId("search"), tom, "20", "launch week", None, "view:1", now)
    deliver_all(made, at=now)
    yield made
    close(made)


def recorded(bot: Bot, kind: str) -> dict[str, object]:
    """The one row of the record of a kind."""
    (row,) = [row for row in records.audit_rows(bot, None, None) if row["kind"] == kind]
    return {**row["data"], "actor": row["actor"]}


@pytest.mark.usefixtures("bot")
def test_what_waits_is_listed(acme: Town) -> None:
    """With all it takes to decide; `requests` and `requests list` are the same."""
    for words in (("requests",), ("requests", "list")):
        done = budget_bot(acme, *words, COLUMNS="200")
        assert 0 == done.returncode, done.stderr
        for part in ("1", "Search ranking", "U0TOM", "$20", "finance", "launch week"):
            assert part in done.stdout


def test_an_approval_is_one(acme: Town, bot: Bot) -> None:
    """The limit is lifted, every copy shows it, and the record says who typed it where."""
    done = budget_bot(acme, "requests", "approve", "1", "--as", "fin@example.com")

    assert (0, "request 1 is approved\n") == (done.returncode, done.stdout), done.stderr
    assert 120 == acme.limit_at_gateway()
    assert "Approved by <@U0FIN>" in acme.person("fin").dms()[0].text
    assert any("Approved by <@U0FIN>" in text for text in acme.said_to("tom"))
    row = recorded(bot, "request.approved")
    assert ("U0FIN", "command line", getpass.getuser()) == (
        row["actor"],
        row["via"],
        row["os_user"],
    )
    assert "no request waits for a decision\n" == budget_bot(acme, "requests").stdout
    again = budget_bot(acme, "requests", "approve", "1", "--as", "U0FIN")
    assert (1, "") == (again.returncode, again.stdout)
    assert "Request #1 was approved already by <@U0FIN>" in again.stderr


def test_less_is_approved(acme: Town, bot: Bot) -> None:
    """With a word for the requester."""
    words = ("requests", "approve", "1", "--as", "U0FIN", "--amount", "12.50", "--reason", "so far")
    assert 0 == budget_bot(acme, *words).returncode
    (decision,) = records.decisions(bot, None, None)

    assert ("12.50", "so far") == (decision["granted_usd"], decision["decision_reason"])


@pytest.mark.usefixtures("bot")
def test_a_denial_needs_a_reason(acme: Town) -> None:
    """As in Slack; and the requester reads it."""
    done = budget_bot(acme, "requests", "deny", "1", "--as", "U0FIN")
    assert 2 == done.returncode
    assert "--reason: say in a few words why" in done.stderr
    words = ("requests", "deny", "1", "--as", "U0FIN", "--reason", "batch it")
    assert 0 == budget_bot(acme, *words).returncode

    assert any("Reason given: batch it" in text for text in acme.said_to("tom"))


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("approve", "1", "--as", "tom@example.com"), 1, "nobody decides their own request"),
        (("approve", "1", "--as", "dana@example.com"), 1, "you are not on the list"),
        (("approve", "1", "--as", "guest@example.com"), 1, "a guest cannot decide"),
        (("approve", "1", "--as", "nobody@example.com"), 2, "nobody in Slack is called nobody@"),
        (("approve", "1.2", "--as", "U0FIN"), 1, "was changed since this was shown"),
        (("approve", "7", "--as", "U0FIN"), 2, "This request is not known any more."),
        (("approve", "x", "--as", "U0FIN"), 2, "This request is not known any more."),
        (("approve", "1", "--as", "U0FIN", "--amount", "21"), 2, "$20 was asked for"),
        (("approve", "1", "--as", "U0FIN", "--until", "soon"), 2, "--until 'soon' is not a day"),
    ],
)
def test_what_a_click_is_refused_is_refused_here(
    acme: Town, bot: Bot, words: tuple[str, ...], code: int, text: str
) -> None:
    """In words on stderr, and nothing is decided."""
    done = budget_bot(acme, "requests", *words)

    assert code == done.returncode
    assert text in done.stderr
    assert [] == records.decisions(bot, None, None)


def test_an_exception_is_ended(acme: Town, bot: Bot) -> None:
    """By whoever may, and once; everybody else reads who may."""
    budget_bot(acme, "requests", "approve", "1", "--as", "fin@example.com")
    refused = budget_bot(acme, "requests", "end", "1", "--as", "kim@example.com")
    assert (1, "") == (refused.returncode, refused.stdout)
    assert "Ending it is up to the budget's owner" in refused.stderr
    assert 120 == acme.limit_at_gateway()

    done = budget_bot(acme, "requests", "end", "#1", "--as", "dana@example.com")
    assert (0, "the exception of request 1 is ended\n") == (done.returncode, done.stdout)
    assert 100 == acme.limit_at_gateway()
    row = recorded(bot, "exception.ended_early")
    assert ("U0DANA", "command line") == (row["actor"], row["via"])
    again = budget_bot(acme, "requests", "end", "1", "--as", "dana@example.com")
    assert 1 == again.returncode
    assert "over already: it ended" in again.stderr
