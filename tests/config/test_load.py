"""The example file, and the defaults, as domain values."""

from dataclasses import replace
from datetime import date, time, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.config.load import load_policy
from bot.domain.budgets import (
    UNATTRIBUTED,
    AnswerWithin,
    ApproverList,
    AtLimit,
    BreakGlass,
    Budget,
    BudgetId,
    BudgetTree,
    OveragePolicy,
    PersonRef,
    Route,
    Split,
    Thresholds,
)
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence
from bot.domain.policy import (
    Basis,
    Channels,
    Commitment,
    DigestTime,
    Organization,
    PeoplePolicy,
    Policy,
    SourcePolicy,
)
from bot.domain.rules import Match, Rule
from bot.domain.spans import Span, WorkCalendar
from tests.config.policy_text import changed, error_lines, load

EXAMPLE = Path(__file__).parents[2] / "budgets.example.yaml"
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
ANTHROPIC = SourcePolicy("anthropic", timedelta(minutes=1), 48 * HOUR, 6 * HOUR)

PLATFORM = Budget(
    id=BudgetId("platform"),
    name="Platform",
    owner=PersonRef("pat@example.com"),
    backup=None,
    parent=None,
    channel="#platform",
    limit=micros(40_000),
    cadence=Cadence.MONTH,
    time_zone=NEW_YORK,
    lead_time=Span(working_days=3),
    thresholds=Thresholds(50, 80, 95),
    answer_within=AnswerWithin(Span(working_days=2), Span(8 * HOUR), Span(HOUR)),
    at_limit=AtLimit.NOTIFY,
    overage=OveragePolicy(
        max_percent=50,
        max_term=Span(timedelta(days=14)),
        expires_after=Span(24 * HOUR),
        routes=(
            Route(10, ("owner",)),
            Route(30, ("finance",)),
            Route(None, ("finance", "leads"), both=True),
        ),
    ),
)
SEARCH = replace(
    PLATFORM,
    critical=True,
    overage=replace(PLATFORM.overage, break_glass=BreakGlass(10, timedelta(hours=24))),
    id=BudgetId("search"),
    name="Search ranking",
    parent=BudgetId("platform"),
    owner=PersonRef("dana@example.com"),
    backup=PersonRef("lee@example.com"),
    channel="#team-search",
    limit=micros(12_000),
    lead_time=Span(working_days=5),
    at_limit=AtLimit.THROTTLE,
    match=(
        Match(workspace="team-search"),
        Match(api_key="search-*"),
        Match(actor="*@search.example.com", model="claude-opus-*"),
    ),
)
GROWTH = replace(
    PLATFORM,
    id=BudgetId("growth"),
    name="Growth",
    parent=BudgetId("platform"),
    owner=PersonRef("U02GROWTH1"),
    channel=None,
    limit=micros(8_000),
    time_zone=ZoneInfo("Europe/Berlin"),
    thresholds=Thresholds(50, 75, 95),
    match=(Match(workspace_tags=(("team", "growth"),)),),
)
REST = replace(
    PLATFORM,
    id=UNATTRIBUTED,
    name="Unattributed",
    owner=PersonRef("finops@example.com"),
    channel=None,
    limit=None,
)
SHARES = ((BudgetId("search"), 6_000), (BudgetId("growth"), 4_000))


def test_example() -> None:
    """The whole example file, without a warning, is these values."""
    loaded = load_policy(EXAMPLE)

    assert () == loaded.warnings
    assert (
        Policy(
            version=sha256(EXAMPLE.read_bytes()).hexdigest()[:12],
            organization=Organization(
                name="Acme",
                time_zone=NEW_YORK,
                calendar=WorkCalendar(
                    NEW_YORK,
                    frozenset({0, 1, 2, 3, 4}),
                    frozenset({date(2026, 11, 26), date(2026, 12, 25)}),
                ),
                channels=Channels("#ai-budgets", "#ai-approvals", "#ai-budget-ops"),
                digest=DigestTime(0, time(9)),
            ),
            basis=Basis.NET,
            sources=(ANTHROPIC,),
            approvers={
                "finance": ApproverList(
                    "finance", (PersonRef("fin@example.com"), PersonRef("U024BE7LH"))
                ),
                "leads": ApproverList("leads", usergroup="S0604QSJC"),
            },
            tree=BudgetTree({budget.id: budget for budget in (PLATFORM, SEARCH, GROWTH, REST)}),
            splits=(Split("shared-gateway", SHARES, (Match(api_key="gateway-prod"),)),),
            rules=(
                *(Rule(match, (("search", 10_000),)) for match in SEARCH.match),
                *(Rule(match, (("growth", 10_000),)) for match in GROWTH.match),
                Rule(Match(api_key="gateway-prod"), SHARES),
            ),
            unattributed_owner=PersonRef("finops@example.com"),
            commitment=Commitment(
                micros(1_200_000), date(2026, 7, 1), date(2027, 6, 30), reserve_percent=5
            ),
            command="/budget",
        )
        == loaded.policy
    )


def test_defaults(tmp_path: Path) -> None:
    """What a file leaves out is what the documentation says."""
    policy = load(changed(), tmp_path).policy
    search = policy.tree.budgets[BudgetId("search")]

    assert (ANTHROPIC,) == policy.sources
    assert () == policy.helps
    assert Basis.NET == policy.basis
    assert DigestTime(0, time(9)) == policy.organization.digest
    assert frozenset({0, 1, 2, 3, 4}) == policy.organization.calendar.working_days
    assert policy.commitment is None
    assert "search" == search.name
    assert PLATFORM.cadence == search.cadence
    assert PLATFORM.lead_time == search.lead_time
    assert PLATFORM.thresholds == search.thresholds
    assert PLATFORM.answer_within == search.answer_within
    assert AtLimit.NOTIFY == search.at_limit
    assert replace(PLATFORM.overage, routes=(Route(None, ("finance", "leads")),)) == search.overage


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            '{kind: claude_code, every: 1h, lookback: 7d, workspace: "team-*"}',
            PeoplePolicy("claude_code", HOUR, 7 * 24 * HOUR, "team-*"),
        ),
        (
            "{kind: claude_code}",
            PeoplePolicy("claude_code", timedelta(minutes=15), 72 * HOUR, "Claude Code"),
        ),
    ],
)
def test_who_used_it_is_no_source(tmp_path: Path, written: str, expected: PeoplePolicy) -> None:
    """It reports no dollars, so no figure can be as old as it is, and it is read less often."""
    text = changed(("unattributed:", f"sources: [{written}, {{kind: anthropic}}]\nunattributed:"))
    policy = load(text, tmp_path).policy

    assert (ANTHROPIC,) == policy.sources
    assert (expected,) == policy.helps


def test_rules_keep_file_order(tmp_path: Path) -> None:
    """A split above a budget gets its rows first."""
    first = "  - {id: first, split: {search: 100%}, match: [{api_key: one}]}\n"
    policy = load(changed(("budgets:\n", f"budgets:\n{first}")), tmp_path).policy

    assert ["one", None, "gateway-prod"] == [rule.match.api_key for rule in policy.rules]


def test_inherits_field_by_field(tmp_path: Path) -> None:
    """A budget that changes one part of a group keeps the other parts from the defaults."""
    text = changed(
        ("unattributed:", "defaults: {overage: {max_percent: 20, max_term: 7d}}\nunattributed:"),
        ("    limit: 12000\n", "    limit: 12000\n    overage: {max_term: 2d}\n"),
    )
    overage = load(text, tmp_path).policy.tree.budgets[BudgetId("search")].overage

    assert (20, Span(timedelta(days=2))) == (overage.max_percent, overage.max_term)


BY_TIME = "{look: {forecast: 90%}, respond: {lead_times: 5}, intervene: {share: 90, lead_times: 3}}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{respond: 75%}", Thresholds(50, 75, 90, 90, 5, 3)),
        ("{respond: {share: 75%}}", Thresholds(50, 75, 90, 90, 5, 3)),
        ("{respond: {lead_times: 4}, look: {share: 40%}}", Thresholds(40, 80, 90, 90, 4, 3)),
        ("{look: {forecast: off}}", Thresholds(50, 80, 90, None, 5, 3)),
        ("{respond: {lead_times: off}}", Thresholds(50, 80, 90, 90, None, 3)),
        ("{respond: {lead_times: false}}", Thresholds(50, 80, 90, 90, None, 3)),
        ("{intervene: {lead_times: 'off'}}", Thresholds(50, 80, 90, 90, 5, None)),
        ("{intervene: {lead_times: ~}, respond: {}}", Thresholds(50, 80, 90, 90, 5, 3)),
    ],
)
def test_thresholds_by_time(tmp_path: Path, written: str, expected: Thresholds) -> None:
    """A stage is written as a share or as a group, and each part of it is inherited for itself."""
    text = changed(
        ("unattributed:", f"defaults: {{thresholds: {BY_TIME}}}\nunattributed:"),
        ("    limit: 12000\n", f"    limit: 12000\n    thresholds: {written}\n"),
    )
    tree = load(text, tmp_path).policy.tree

    assert Thresholds(50, 80, 90, 90, 5, 3) == tree.budgets[BudgetId("platform")].thresholds
    assert expected == tree.budgets[BudgetId("search")].thresholds


def test_off_is_inherited_and_can_be_undone(tmp_path: Path) -> None:
    """What the defaults switch off stays off, but for a budget that writes a number again."""
    text = changed(
        ("unattributed:", "defaults: {thresholds: {respond: {lead_times: off}}}\nunattributed:"),
        ("    limit: 12000\n", "    limit: 12000\n    thresholds: {respond: {lead_times: 6}}\n"),
    )
    tree = load(text, tmp_path).policy.tree

    assert tree.budgets[BudgetId("platform")].thresholds.respond_lead_times is None
    assert 6 == tree.budgets[BudgetId("search")].thresholds.respond_lead_times


def test_off_in_older_yaml(tmp_path: Path) -> None:
    """A file that says it is YAML 1.1, where off means false, is understood all the same."""
    defaults = "defaults: {thresholds: {look: {forecast: off}}}"
    text = "%YAML 1.1\n---\n" + changed(("unattributed:", f"{defaults}\nunattributed:"))
    search = load(text, tmp_path).policy.tree.budgets[BudgetId("search")]

    assert Thresholds(look_forecast=None) == search.thresholds


def test_lead_times_fall_only_where_both_are_there(tmp_path: Path) -> None:
    """With one of the two switched off there is nothing that could be out of order."""
    written = "{respond: {lead_times: off}, intervene: {lead_times: 4}}"
    text = changed(("unattributed:", f"defaults: {{thresholds: {written}}}\nunattributed:"))

    assert [] == error_lines(text, tmp_path)


def test_null_is_left_out(tmp_path: Path) -> None:
    """An explicit null is the same as no line at all."""
    text = changed(
        ("parent: platform", "parent: null"), ("    owner: pat", "    backup: ~\n    owner: pat")
    )

    assert [] == error_lines(text, tmp_path)


def test_money_is_exact(tmp_path: Path) -> None:
    """A limit with cents does not pass through a float."""
    policy = load(changed(("limit: 40000", "limit: 40_000_000.07")), tmp_path).policy

    assert Micros(40_000_000_070_000) == policy.tree.budgets[BudgetId("platform")].limit


def test_channels_fall_back_to_digest(tmp_path: Path) -> None:
    """One channel is enough."""
    text = changed((', approvals: "#ai-approvals", operators: "#ai-ops"', ""))

    assert (
        Channels("#ai-budgets", "#ai-budgets", "#ai-budgets")
        == load(text, tmp_path).policy.organization.channels
    )


def test_version_follows_the_text(tmp_path: Path) -> None:
    """Any change of the file, a comment too, is another version."""
    one = load(changed(), tmp_path).policy.version
    two = load(changed() + "# changed\n", tmp_path).policy.version

    assert one != two
    assert len(one) == len(two) == 12
