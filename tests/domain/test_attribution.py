"""Attribution: every row lands somewhere, the first rule wins, and a split loses nothing."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.attribution import Charge, attribute, divide
from bot.domain.money import Micros, micros
from bot.domain.rules import Match, Rule
from bot.domain.usage import Actor, ApiKey, Directory, NamedActor, Tokens, UsageRow, Workspace
from tests.domain.values import HOUR, NOW

NAMES = Directory(
    workspaces={
        "wrkspc_1": Workspace("wrkspc_1", "Team-Search", {"team": "search", "env": "prod"}),
        "wrkspc_2": Workspace("wrkspc_2", "growth"),
    },
    api_keys={"apikey_1": ApiKey("apikey_1", "search-batch [eu]", "wrkspc_1")},
    actors={
        "user_9": NamedActor("user_9", "Dana Ruiz", "dana@growth.example.com"),
        "user_8": NamedActor("user_8", "ann@search.example.com", "eve@growth.example.com"),
        "svac_1": NamedActor("svac_1", "nightly-eval"),
    },
)
ROW = UsageRow(
    source="anthropic",
    starts_at=NOW - HOUR,
    ends_at=NOW,
    workspace_id="wrkspc_1",
    api_key_id="apikey_1",
    actor=Actor("user", "user_1", "ann@search.example.com", "Ann"),
    model="claude-opus-5-5",
    product="api",
    net=micros("10"),
    list=micros("12"),
    tokens=Tokens(1_001, 7, 3, 1, 500),
    requests=11,
)
WHOLE = 10_000


def rule(budget: str, **match: str) -> Rule:
    """A rule that gives whole rows to a budget."""
    return Rule(Match(**match), ((budget, WHOLE),))  # type: ignore[arg-type]


def landed(*rules: Rule, row: UsageRow = ROW) -> list[str]:
    """The budgets a row goes to."""
    return [c.budget for c in attribute([row], rules, NAMES, otherwise="unattributed")]


@pytest.mark.parametrize(
    "match",
    [
        Match(workspace="wrkspc_1"),
        Match(workspace="team-search"),
        Match(workspace="TEAM-*"),
        Match(workspace_tags=(("team", "search"),)),
        Match(workspace_tags=(("team", "search"), ("env", "prod"))),
        Match(api_key="apikey_1"),
        Match(api_key="search-*"),
        Match(api_key="*[[]eu]"),
        Match(actor="user_1"),
        Match(actor="*@Search.example.com"),
        Match(model="claude-opus-*"),
        Match(model="claude-opus-5-?"),
        Match(product="api"),
        Match(workspace="team-search", actor="ann@*", model="*opus*", product="api"),
    ],
)
def test_a_rule_holds_when_everything_it_names_holds(match: Match) -> None:
    """Ids and names, with globs, whatever their case; tags exactly."""
    assert match.holds(ROW, NAMES)


@pytest.mark.parametrize(
    "match",
    [
        Match(workspace="team"),  # no glob, so no part of a name
        Match(workspace="growth"),
        Match(workspace_tags=(("team", "search"), ("env", "dev"))),
        Match(workspace_tags=(("team", "SEARCH"),)),
        Match(workspace_tags=(("owner", "ann"),)),
        Match(api_key="batch-*"),
        Match(actor="Ann"),  # a display name is nobody's identity
        Match(workspace="team-search", model="claude-haiku-*"),
    ],
)
def test_one_thing_that_does_not_hold_is_enough(match: Match) -> None:
    """A rule with two parts claims nothing by one of them."""
    assert not match.holds(ROW, NAMES)


@pytest.mark.parametrize(
    "match",
    [
        Match(workspace="*"),
        Match(workspace_tags=(("team", "search"),)),
        Match(api_key="*"),
        Match(actor="*"),
        Match(model="*"),
        Match(product="*"),
    ],
)
def test_what_the_source_does_not_know_matches_nothing(match: Match) -> None:
    """Not even a star: usage without a workspace is in no workspace."""
    bare = replace(ROW, workspace_id=None, api_key_id=None, actor=None, model=None, product=None)

    assert not match.holds(bare, NAMES)


def test_an_unknown_id_is_still_an_id() -> None:
    """A workspace that was made a minute ago has no name yet, and its id counts."""
    new = replace(ROW, workspace_id="wrkspc_new")

    assert Match(workspace="wrkspc_new").holds(new, NAMES)
    assert not Match(workspace_tags=(("team", "search"),)).holds(new, NAMES)


@pytest.mark.parametrize(
    ("actor", "pattern"),
    [
        (Actor("service_account_actor", "svac_1"), "nightly-*"),
        (Actor("service_account_actor", "svac_1"), "svac_1"),
        (Actor("service_account_actor", "svac_new"), "svac_new"),
        (Actor("user_actor", "user_9", "dana@growth.example.com", "Dana"), "dana ruiz"),
        (Actor("user_actor", "user_9", "dana@search.example.com"), "*@search.example.com"),
        (Actor("user_actor", "user_9", "dana@search.example.com"), "*@growth.example.com"),
        (Actor("user_actor", "user_9", None, "Deleted User"), "*@growth.example.com"),
        (Actor("user_actor", "user_9"), "Dana *"),
        (Actor("api_actor", "apikey_1"), "search-batch*"),
    ],
)
def test_an_actor_is_known_by_the_directory_too(actor: Actor, pattern: str) -> None:
    """By the name of a user, service account or key, and by the e-mail a deleted user had."""
    assert Match(actor=pattern).holds(replace(ROW, actor=actor), NAMES)


@pytest.mark.parametrize(
    ("actor", "pattern"),
    [
        (Actor("user_actor", "user_9", None, "Deleted User"), "deleted user"),
        (Actor("user_actor", "user_new", None, "nightly-eval"), "nightly-*"),
        (Actor("user_actor", "user_8", None, "Eve"), "*@search.example.com"),
        (Actor("service_account_actor", "svac_new"), "nightly-*"),
        (Actor("user_actor", "user_9"), "svac_*"),
    ],
)
def test_a_name_that_anybody_could_choose_is_no_identity(actor: Actor, pattern: str) -> None:
    """Neither the row's own name, nor one that looks like somebody else's address."""
    assert not Match(actor=pattern).holds(replace(ROW, actor=actor), NAMES)


def test_a_deleted_user_stays_on_the_budget() -> None:
    """Spend that is read again after the deletion lands where it was, in one run with the old."""
    before = replace(ROW, actor=Actor("user_actor", "user_9", "dana@growth.example.com", "Dana"))
    after = replace(ROW, actor=Actor("user_actor", "user_9", None, "Deleted User"))
    stranger = replace(ROW, actor=Actor("user_actor", "user_7", None, "Deleted User"))
    rules = [rule("growth", actor="*@growth.example.com")]
    charges = attribute([before, after, stranger, after], rules, NAMES, otherwise="unattributed")

    assert ["growth", "growth", "unattributed", "growth"] == [c.budget for c in charges]


def test_the_first_rule_in_file_order_gets_the_row() -> None:
    """A later rule that fits as well gets nothing."""
    narrow, wide = rule("batch", api_key="search-*"), rule("search", workspace="team-search")

    assert ["batch"] == landed(narrow, wide)
    assert ["search"] == landed(wide, narrow)


def test_what_no_rule_claims_is_unattributed() -> None:
    """Nothing falls through: every dollar lands on a budget that has an owner."""
    assert ["unattributed"] == landed()
    assert ["unattributed"] == landed(rule("growth", workspace="growth"))


def test_rows_that_differ_are_told_apart() -> None:
    """Two people behind one key go to two budgets, however the matches are remembered."""
    bob = replace(ROW, actor=Actor("user", "user_2", "bob@growth.example.com"))
    rules = [rule("search", actor="*@search.*"), rule("growth", actor="*@growth.*")]
    charges = attribute([ROW, bob, ROW, bob], rules, NAMES, otherwise="unattributed")

    assert ["search", "growth", "search", "growth"] == [c.budget for c in charges]


def test_a_whole_row_keeps_its_figures() -> None:
    """A charge says what the source said."""
    (charge,) = attribute([ROW], [rule("search", workspace="*")], NAMES, otherwise="unattributed")

    assert Charge("search", ROW, ROW.net, ROW.list) == charge


def test_a_split_divides_dollars_tokens_and_requests() -> None:
    """60 to 40: what both budgets show together was used once, not twice."""
    split = Rule(Match(api_key="search-*"), (("search", 6_000), ("growth", 4_000)))
    search, growth = attribute([ROW], [split], NAMES, otherwise="unattributed")

    assert ("search", "growth") == (search.budget, growth.budget)
    assert (micros("6"), micros("4")) == (search.net, growth.net)
    assert (micros("7.2"), micros("4.8")) == (search.list, growth.list)
    assert (ROW.tokens.total, ROW.requests) == (
        search.row.tokens.total + growth.row.tokens.total,
        search.row.requests + growth.row.requests,
    )


def shares() -> st.SearchStrategy[list[int]]:
    """Basis points that sum to the whole: cuts in a line of 10,000."""
    cuts = st.lists(st.integers(1, WHOLE - 1), max_size=8, unique=True)
    return cuts.map(lambda cut: [b - a for a, b in pairwise([0, *sorted(cut), WHOLE])])


@given(st.integers(-(10**15), 10**15), shares())
def test_a_division_loses_and_invents_nothing(amount: int, parts: list[int]) -> None:
    """The shares sum to the amount exactly, and each is off by less than a micro-dollar."""
    divided = divide(amount, parts)

    assert amount == sum(divided)
    assert all(abs(d * WHOLE - amount * p) < WHOLE for d, p in zip(divided, parts, strict=True))


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**9), shares())
def test_a_split_row_is_the_row_again(net: int, gross: int, tokens: int, parts: list[int]) -> None:
    """Net, list and tokens of all the charges together are those of the row."""
    row = replace(ROW, net=Micros(net), list=Micros(gross), tokens=Tokens(output=tokens))
    split = Rule(Match(model="*"), tuple((f"b{i}", part) for i, part in enumerate(parts)))
    charges = attribute([row], [split], NAMES, otherwise="unattributed")

    assert (net, gross, tokens) == (
        sum(c.net for c in charges),
        sum(c.list for c in charges),
        sum(c.row.tokens.output for c in charges),
    )
    assert all((c.net, c.list) == (c.row.net, c.row.list) for c in charges)


def test_who_gets_the_odd_micro_dollar_is_always_the_same() -> None:
    """The largest remainder first, then the order of the file: a repeated poll changes nothing."""
    assert [34, 33, 33] == divide(100, [3_334, 3_333, 3_333])
    assert [0, 1, 0] == divide(1, [3_333, 3_334, 3_333])
    assert [1, 0] == divide(1, [5_000, 5_000])
