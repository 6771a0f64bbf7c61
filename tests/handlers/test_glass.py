"""Break-glass: at night, by the owner alone, once, and everybody hears of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.overages import RequestKind, RequestState
from bot.flows import records
from tests.handlers.desk import APPROVALS, Desk
from tests.story.town import POLICY, at, town

SEARCH = "    at_limit: block\n    match: [{workspace: team-search}]\n"
CRITICAL = POLICY.replace(SEARCH, f"    critical: true\n{SEARCH}").replace(
    "approvers: [finance]}", "approvers: [finance, leads], both: true}"
)
OPERATORS = "#ai-budget-ops"


@pytest.fixture
def night(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """Three in the morning; search is critical, and 103 % are spent."""
    with town(tmp_path, database_url, "http", at("2026-11-03 03:00"), CRITICAL) as place:
        desk = Desk(place)
        place.spends("22")
        place.turn()
        yield desk


def test_the_owner_raises_it_alone_and_everybody_hears(night: Desk) -> None:
    """From the alert: the limit is lifted, and channel, operators, backup, approvers, group know."""
    dana, town = night.person("dana"), night.town
    alert = next(m for m in reversed(dana.dms()) if m.text.startswith("exhausted"))
    form = night.form(dana, "alert:break_glass", alert)
    assert "on your word alone" in form.all_text()
    assert "up to $10, for at most 24 hours" in form.all_text()
    assert night.submits(dana, amount="10", hours="4", reason="checkout is down").ok
    town.settles()

    said = "Break-glass #1. <@U0DANA> has broken the glass of Search ranking: $10 more until"
    for channel in (APPROVALS, OPERATORS):
        assert any(text.startswith(said) for text in town.said_in(channel)), channel
    for name in ("lee", "fin", "pat"):
        told = next(text for text in town.said_to(name) if text.startswith(said))
        assert "Tue 3 Nov 07:00, on their word alone." in told
        assert "Reason: checkout is down" in told
        assert "Granted by <@U0DANA> to themselves" in told
        assert "Limit lifted to $110 ✓" in told
    assert "Granted by <@U0DANA> to themselves" in town.said_to("dana")[-2]
    assert 110 == town.limit_at_gateway()
    request = night.requests()[0]
    assert (RequestKind.BREAK_GLASS, RequestState.APPROVED) == (request.kind, request.state)
    kinds = [row["kind"] for row in records.audit_rows(town.bot.bot, None, None)]
    assert 1 == kinds.count("break_glass")
    town.goes_to("2026-11-03 07:01")
    assert 100 == town.limit_at_gateway()
    town.goes_to("2026-11-09 09:01")
    digest = town.said_in("#ai-budgets")[-1]
    assert "Break-glass, for review: #1 Search ranking: $10 until Tue 3 Nov 07:00" in digest
    assert "“checkout is down”" in digest


def test_once_in_a_period(night: Desk) -> None:
    """The second is told who and when; the next month it can be done again."""
    dana, lee = night.person("dana"), night.person("lee")
    line = "/budget break-glass search 5 checkout is down"
    first = dana.types(line)
    assert first.text.startswith("Break-glass #1 for Search ranking ($5): Granted by <@U0DANA>")
    assert dana.types(line).text.startswith("Break-glass #1 ")
    again = lee.types("/budget break-glass search 5 still down")
    assert "was broken already in this period: request #1" in again.text
    assert "was broken already" in lee.types("/budget break-glass search").text
    assert 1 == len(night.requests())
    night.town.goes_to("2026-12-01 10:00")
    assert lee.types("/budget break-glass search 5 down again").text.startswith("Break-glass #")
    assert 2 == len(night.requests())


REFUSED = [
    ("tom", "search 5 because", "Only the owner of Search ranking and their backup"),
    ("fin", "search 5 because", "Only the owner of Search ranking and their backup"),
    ("tom", "search", "Only the owner of Search ranking"),
    ("lee", "growth 5 because", "Growth is not marked critical"),
    ("dana", "search 10.01 because", "at most $10 (10 % of its allocation)"),
    ("dana", "search abc because", "“abc” is not an amount"),
    ("dana", "serch 5 because", "There is no budget “serch”"),
    ("dana", "", "Type `/budget break-glass BUDGET AMOUNT REASON`"),
]


def test_nobody_else_and_no_more_than_the_policy_allows(night: Desk) -> None:
    """Each refusal says what would do, and nothing is recorded."""
    for name, line, expected in REFUSED:
        answer = night.person(name).types(f"/budget break-glass {line}")
        assert expected in answer.text, (name, line, answer.text)
    assert [] == night.requests()
    assert 100 == night.town.limit_at_gateway()


def test_an_open_request_is_no_obstacle(night: Desk) -> None:
    """What was asked for by day waits for its approvers; the night does not."""
    night.asks("20", who="dana")

    assert night.person("dana").types("/budget break-glass search 5 down").text.startswith("Break")
    assert [RequestState.PENDING, RequestState.APPROVED] == [r.state for r in night.requests()]


def test_a_mistake_stands_beside_its_field(night: Desk) -> None:
    """The form stays open with what was typed."""
    dana = night.person("dana")
    assert dana.types("/budget break-glass search").ok
    night.slack.wait_until(dana.view)
    for values, field, text in (
        ({"amount": "11", "reason": "down"}, "amount", "at most $10"),
        ({"amount": "5", "hours": "25"}, "hours", "Whole hours, from 1 to 24."),
        ({"hours": "0"}, "hours", "Whole hours"),
        ({"hours": "2", "reason": "  \n"}, "reason", "what it is for"),
    ):
        answer = night.submits(dana, **values)
        assert text in answer.errors[field]
    assert [] == night.requests()


def test_whoever_slack_does_not_know_breaks_nothing(night: Desk) -> None:
    """A decision needs an answer of Slack's, and so does this one."""
    night.slack.faults.add("users.info", "status", times=None)
    answer = night.person("dana").types("/budget break-glass search 5 down")

    assert "Slack did not tell who you are, so nothing was granted" in answer.text
    assert [] == night.requests()


def test_an_owner_who_may_not_decide_grants_nothing(tmp_path: Path) -> None:
    """The policy may name a guest as backup; that makes nobody a decider."""
    policy = CRITICAL.replace("backup: lee@example.com", "backup: guest@example.com")
    with town(
        tmp_path, f"sqlite:///{tmp_path}/budgets.db", "http", at("2026-11-03 03:00"), policy
    ) as place:
        desk = Desk(place)
        answer = desk.person("guest").types("/budget break-glass search 5 down")

    assert "Nothing was granted: a guest cannot decide." in answer.text
