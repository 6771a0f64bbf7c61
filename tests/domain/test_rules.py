"""Rules found by name: the same rule as if every one were tried in file order."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.rules import Match, Rule, Rules
from bot.domain.usage import Actor, ApiKey, Directory, NamedActor, UsageRow, Workspace
from tests.store.test_ledger import ROW


def _row(workspace: str | None, key: str | None, actor: Actor | None, team: str | None) -> UsageRow:
    return replace(ROW, workspace_id=workspace, api_key_id=key, actor=actor, team=team)


NAMES = Directory(
    {"w1": Workspace("w1", "Search", {"team": "search"}), "w2": Workspace("w2", "w1")},
    {"k1": ApiKey("k1", "search-prod", "w1"), "k2": ApiKey("k2", "Growth")},
    {"u1": NamedActor("u1", "Ann", "ann@example.com")},
)
some = st.none() | st.sampled_from(
    ["w1", "w2", "SEARCH", "search", "w*", "growth", "k?", "u1", "*"]
)
matches = st.builds(
    Match,
    workspace=some,
    workspace_tags=st.sampled_from([(), (("team", "search"),), (("team", "growth"),)]),
    api_key=some | st.just("search-*"),
    actor=some | st.sampled_from(["Ann@example.com", "*@example.com", "[ab]nn@example.com"]),
    model=st.none() | st.sampled_from(["claude-opus-*", "claude-haiku-5-5"]),
    team=some,
)
rules = st.lists(matches.map(lambda m: Rule(m, (("b", 10_000),))), max_size=12)
rows = st.builds(
    _row,
    st.sampled_from([None, "w1", "w2", "w3"]),
    st.sampled_from([None, "k1", "k2", "growth"]),
    st.none()
    | st.builds(
        Actor,
        st.sampled_from(["user_actor", "api_actor"]),
        st.sampled_from(["u1", "k1", "u9"]),
        st.sampled_from([None, "ann@example.com", "BOB@example.com"]),
    ),
    st.sampled_from([None, "search", "Growth"]),
)


@given(rules, st.lists(rows, min_size=1, max_size=6))
def test_the_first_rule_is_the_one_that_trying_each_would_find(
    listed: Sequence[Rule], used: Sequence[UsageRow]
) -> None:
    """Whatever the rules name, with globs or without, by id, name, address or tag."""
    found = Rules(listed)
    for row in used:
        tried = next((rule for rule in listed if rule.match.holds(row, NAMES)), None)
        assert tried is found.first(row, NAMES)


def test_only_rules_that_can_hold_are_tried() -> None:
    """Among ten thousand teams, one team's row is held against its own rule and the nameless ones."""
    listed = [Rule(Match(workspace=f"team-{n}"), ((f"b{n}", 10_000),)) for n in range(10_000)]
    found = Rules([*listed, Rule(Match(model="claude-*"), (("rest", 10_000),))])
    names = Directory({"w7": Workspace("w7", "Team-7")})
    row = _row("w7", None, None, None)

    assert listed[7] is found.first(row, names)
    assert 2 == len(list(found._candidates(row, names)))
