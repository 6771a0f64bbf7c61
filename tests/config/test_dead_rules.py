"""Rules that are never reached, and rules that are."""

from pathlib import Path

import pytest

from bot.config.budgets import PolicyFile
from bot.config.dead_rules import dead_rules
from bot.config.document import parse
from tests.config.policy_text import changed


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("{workspace: a}", "{workspace: a}", True),
        ("{workspace: A}", "{workspace: a}", True),
        ("{workspace: 'a-*'}", "{workspace: 'a-*'}", True),
        ("{workspace: {tag: {x: a, y: b}}}", "{workspace: {tag: {y: b, x: a}}}", True),
        ("{workspace: a}", "{workspace: a, model: m}", False),
        ("{workspace: 'a-*'}", "{workspace: a-1}", False),
        ("{workspace: 'a-?'}", "{workspace: a-1, model: m}", False),
        ("{model: 'm-*', workspace: 'a-*'}", "{workspace: a-1, model: m-1}", False),
        ("{actor: '*'}", "{actor: '*@example.com'}", False),
        ("{workspace: a, model: m}", "{workspace: a}", None),
        ("{workspace: 'a-*'}", "{workspace: 'a*'}", None),
        ("{workspace: 'a*'}", "{workspace: 'a-*'}", None),
        ("{workspace: a-1}", "{workspace: 'a-*'}", None),
        ("{workspace: a}", "{api_key: a}", None),
        ("{workspace: {tag: {x: a}}}", "{workspace: a}", None),
    ],
)
def test_pairs(earlier: str, later: str, expected: bool | None) -> None:
    """Only what is certainly dead is told: True for the same rule, False for one that is covered."""
    text = changed(("{workspace: team-search}", earlier), ("{api_key: gateway-prod}", later))
    file = PolicyFile.model_validate(parse(text.encode(), Path("budgets.yaml")).value)
    found = [(dead.loc, dead.earlier, dead.same) for dead in dead_rules(file)]

    where = (("budgets", 2, "match", 0), "budgets[1].match[0]")
    assert ([] if expected is None else [(*where, expected)]) == found
