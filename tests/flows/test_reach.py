"""Whom a limit reaches: what the budget's own rules name, whatever else there is."""

from dataclasses import replace
from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.rules import Match
from bot.domain.usage import ApiKey, Directory, Workspace
from bot.effects.reach import Reach, reach
from store import directory
from store.db import Database
from tests.domain.values import BUDGET

CALLED = st.sampled_from(["team-a", "Team-A", "team-b", "w1", "W2", "x*y", "other"])
PATTERNS = st.none() | st.sampled_from(["team-a", "TEAM-*", "w?", "w1", "*", "[x]*", "nobody"])
TAGS = st.dictionaries(st.sampled_from(["team", "env"]), st.sampled_from(["a", "b"]))


@given(
    st.dictionaries(CALLED, st.tuples(CALLED, TAGS)),
    st.dictionaries(CALLED, CALLED),
    st.lists(st.tuples(PATTERNS, PATTERNS, TAGS), max_size=3),
)
def test_the_index_finds_what_trying_every_name_finds(
    workspaces: dict[str, tuple[str, dict[str, str]]],
    keys: dict[str, str],
    rules: list[tuple[str | None, str | None, dict[str, str]]],
) -> None:
    """By id or name, upper or lower case, by glob or by all of the tags."""
    names = Directory(
        {id_: Workspace(id_, name, tags) for id_, (name, tags) in workspaces.items()},
        {id_: ApiKey(id_, name) for id_, name in keys.items()},
    )
    matches = tuple(
        Match(workspace=w, api_key=k, workspace_tags=tuple(t.items())) for w, k, t in rules
    )
    expected = (
        sorted(
            id_
            for id_, (name, tags) in workspaces.items()
            if any(
                _is_called(w, id_, name) or (t and t.items() <= tags.items()) for w, _, t in rules
            )
        ),
        sorted(
            id_ for id_, name in keys.items() if any(_is_called(k, id_, name) for _, k, _ in rules)
        ),
    )

    assert expected == Reach(names).of(replace(BUDGET, match=matches))


def _is_called(pattern: str | None, *called: str) -> bool:
    return pattern is not None and any(fnmatchcase(c.lower(), pattern.lower()) for c in called)


def test_made_once_until_a_name_is_saved(db: Database) -> None:
    """However many limits are sent in a transaction; and one that is new is reached at once."""
    search = replace(BUDGET, match=(Match(workspace="team-search"),))
    with db.transaction() as tx:
        before = reach(tx)
        assert before is reach(tx)
        assert ([], []) == before.of(search)
        directory.save(tx, "anthropic", Directory({"w1": Workspace("w1", "team-search")}))

        assert (["w1"], []) == reach(tx).of(search)
