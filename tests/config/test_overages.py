"""Who may ask for more, and when those who decide are reminded: what the policy file says."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.budgets import (
    ApproverList,
    BreakGlass,
    Budget,
    BudgetId,
    Funding,
    PersonRef,
    WhoAsks,
)
from bot.domain.spans import Span
from tests.config.policy_text import changed, error_lines, load

SEARCH = "  - id: search\n"
HOUR = timedelta(hours=1)


def search(tmp_path: Path, lines: str) -> Budget:
    """The budget search with further lines."""
    text = changed((SEARCH, SEARCH + lines))
    return load(text, tmp_path).policy.tree.budgets[BudgetId("search")]


def test_without_a_word_everybody_may_ask(tmp_path: Path) -> None:
    """The defaults: any member asks, and those who decide are reminded after a quarter of an hour."""
    budget = search(tmp_path, "")

    assert budget.overage.ask is WhoAsks.ANYONE
    assert budget.overage.remind_after == HOUR / 4
    assert budget.team is None
    assert budget.overage.funding == tuple(Funding)
    assert (False, None) == (budget.critical, budget.overage.break_glass)


def test_a_critical_budget_has_a_small_and_short_break_glass(tmp_path: Path) -> None:
    """Without numbers of its own it is ten per cent for a day; what is written wins."""
    lines = "    critical: true\n"
    own = "    overage: {break_glass: {max_percent: 5%, max_term: 4h}}\n"

    assert BreakGlass(10, 24 * HOUR) == search(tmp_path, lines).overage.break_glass
    assert BreakGlass(5, 4 * HOUR) == search(tmp_path, lines + own).overage.break_glass
    assert None is search(tmp_path, own).overage.break_glass


def test_a_team_is_read(tmp_path: Path) -> None:
    """What a budget says about its own requests."""
    budget = search(
        tmp_path,
        "    team: {people: [kim@example.com], usergroup: S0604QSJC}\n"
        "    overage: {ask: team, remind_after: 30m, funding: [transfer]}\n",
    )

    assert budget.team == ApproverList("team", (PersonRef("kim@example.com"),), "S0604QSJC")
    assert budget.overage.ask is WhoAsks.TEAM
    assert budget.overage.remind_after == HOUR / 2
    assert budget.overage.funding == (Funding.TRANSFER,)


@pytest.mark.parametrize(
    ("lines", "span"),
    [
        ("", Span()),
        ("    grace: 2h\n", Span(2 * HOUR)),
        ("    grace: 1 working day\n", Span(working_days=1)),
        ("    grace: off\n", Span()),
    ],
)
def test_a_grace_is_read(tmp_path: Path, lines: str, span: Span) -> None:
    """Hours or working days; without a word the response comes at once."""
    assert span == search(tmp_path, lines).grace


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    grace: 2h\n    at_limit: notify\n", "has no effect: at_limit is notify"),
        (
            "    grace: 2h\n    at_limit: block\n    enforce: {litellm: {team: s}}\n",
            "litellm count by themselves, and refuse at the limit without it",
        ),
        ("    grace: 2h\n    at_limit: block\n", None),
        ("    grace: 27d\n    at_limit: block\n", None),
        ("    grace: 28d\n    at_limit: block\n", "28d is as long as a month: the response at the"),
        ("    at_limit: block\n    enforce: {litellm: {team: s}}\n", None),
    ],
)
def test_a_grace_that_puts_nothing_off_is_warned_of(
    tmp_path: Path, lines: str, said: str | None
) -> None:
    """Where nothing happens at the limit, or something refuses by itself."""
    found = load(changed((SEARCH, SEARCH + lines)), tmp_path).warnings
    about = [fault for fault in map(str, found) if "grace" in fault]

    assert ([] if said is None else [True]) == [said is not None and said in f for f in about]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    team: {}\n", "team: names nobody"),
        ("    overage: {ask: everybody}\n", "overage.ask: "),
        ("    overage: {break_glass: {max_percent: 0.5}}\n", "break_glass.max_percent: "),
        ("    overage: {funding: []}\n", "overage.funding: "),
        ("    overage: {funding: [bank]}\n", "overage.funding[0]: "),
        ("    critical: 1\n", "critical: "),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, lines: str, said: str) -> None:
    """Each fault says which field it is about."""
    assert said in "\n".join(error_lines(changed((SEARCH, SEARCH + lines)), tmp_path))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    lead_time: 13 working days\n", []),
        ("    lead_time: 14 working days\n", ["2 times 14 working days are as long as a month"]),
        ("    lead_time: 28 working days\n", ["28 working days is as long as a month: alerts by"]),
        ("    period: week\n    lead_time: 7d\n", ["7d is as long as a week: alerts by time come"]),
        ("    lead_time: 32d\n", ["32d is longer than a month: alerts by time come on its"]),
        ("    period: quarter\n    lead_time: 40d\n", []),
        ("    period: day\n", []),  # nobody has written the three working days
    ],
)
def test_a_lead_time_longer_than_the_period_is_warned_of(
    tmp_path: Path, lines: str, said: list[str]
) -> None:
    """Its stages by time would come on the first day, whatever is spent."""
    found = load(changed((SEARCH, SEARCH + lines)), tmp_path).warnings
    about = [fault for fault in map(str, found) if " a month" in fault or " a week" in fault]

    assert len(said) == len(about)
    assert all(words in fault for words, fault in zip(said, about, strict=True))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    backup: Dana@example.com\n", "backup: is the owner"),
        ("    backup: kim@example.com\n", None),
    ],
)
def test_a_backup_who_is_the_owner_is_warned_of(
    tmp_path: Path, lines: str, said: str | None
) -> None:
    """Whoever is away would be asked in their own place."""
    text = changed(("    owner: dana@example.com\n", f"    owner: dana@example.com\n{lines}"))
    found = [str(fault) for fault in load(text, tmp_path).warnings if "backup" in str(fault)]

    assert ([] if said is None else [True]) == [said is not None and said in f for f in found]
