"""`thresholds.spike`: how it is written, inherited and refused."""

from pathlib import Path

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.money import micros
from bot.domain.spike_rule import SpikeRule
from tests.config.policy_text import changed, error_lines, load

UNATTRIBUTED = "unattributed: {owner: finops@example.com}\n"
SEARCH = "  - id: search\n"
BUILT_IN = SpikeRule()
EIGHT = SpikeRule(multiple=8, long_multiple=4)
FIFTY = SpikeRule(minimum=micros(50))


def policy(defaults: str, own: str) -> str:
    """The file with these spikes in the defaults, and with those of search."""
    text = []
    if defaults:
        text.append(
            (UNATTRIBUTED, f"{UNATTRIBUTED}defaults: {{thresholds: {{spike: {defaults}}}}}\n")
        )
    if own:
        text.append((SEARCH, f"{SEARCH}    thresholds: {{spike: {own}}}\n"))
    return changed(*text)


@pytest.mark.parametrize(
    ("defaults", "own", "rule"),
    [
        ("", "", BUILT_IN),
        ("", "{multiple: 8}", EIGHT),
        ("{multiple: 8}", "", EIGHT),
        ("{multiple: 8}", "{minimum: 50}", SpikeRule(8, 4, minimum=micros(50))),
        ("off", "", None),
        ("", "off", None),
        ("{multiple: 8}", "off", None),
        ("off", "{minimum: $50}", FIFTY),
        ("off", "{}", BUILT_IN),
    ],
)
def test_is_inherited(tmp_path: Path, defaults: str, own: str, rule: SpikeRule | None) -> None:
    """Field by field, and a number of one's own wins over an `off` of the defaults."""
    tree = load(policy(defaults, own), tmp_path).policy.tree

    assert rule == tree.budgets[BudgetId("search")].thresholds.spike


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{multiple: 1}", "spike.multiple: must be a whole number from 2 to 100"),
        ("{multiple: 1.5}", "spike.multiple: must be a whole number from 2 to 100"),
        ("{minimum: 0}", "spike.minimum: must be more than 0"),
        ("{times: 5}", "spike: unknown field 'times'; there are multiple, minimum, off"),
        ("5", "spike: must be a group of fields"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, written: str, said: str) -> None:
    """With what can be written."""
    (line,) = error_lines(policy(written, ""), tmp_path)

    assert said in line
