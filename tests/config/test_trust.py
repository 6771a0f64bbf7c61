"""`trust_forecast_after`: how it is written, inherited, refused and warned about."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.config.budgets import json_schema
from bot.config.document import parse
from bot.domain.budgets import BudgetId
from tests.config.policy_text import changed, error_lines, load

OFF_BY_TIME = "look: {forecast: off}, respond: {lead_times: off}, intervene: {lead_times: off}"


def policy(defaults: str = "", own: str = "") -> str:
    """The good file with thresholds in `defaults`, and of search's own."""
    text = changed()
    if defaults:
        text = text.replace("unattributed:", f"defaults: {{thresholds: {defaults}}}\nunattributed:")
    if own:
        line = "    limit: 12000\n"
        text = text.replace(line, f"{line}    thresholds: {own}\n")
    return text


@pytest.mark.parametrize(
    ("defaults", "own", "platform", "search"),
    [
        ("", "", 28, 28),
        ("{trust_forecast_after: 42d}", "", 42, 42),
        ("{trust_forecast_after: 42d}", "{trust_forecast_after: 14d}", 42, 14),
        ("{trust_forecast_after: off}", "{respond: 75%}", None, None),
        ("{trust_forecast_after: off}", "{trust_forecast_after: 62d}", None, 62),
        ("{trust_forecast_after: 30d}", "{trust_forecast_after: off}", 30, None),
        ("{trust_forecast_after: 30d}", "{trust_forecast_after: false}", 30, None),
        ("{trust_forecast_after: 30d}", "{trust_forecast_after: ~}", 30, 30),
        ("{trust_forecast_after: 672h}", "", 28, 28),
    ],
)
def test_is_inherited(
    tmp_path: Path, defaults: str, own: str, platform: int | None, search: int | None
) -> None:
    """28 days without a word; a budget's own word counts, and off is a word."""
    tree = load(policy(defaults, own), tmp_path).policy.tree

    found = [
        tree.budgets[BudgetId(id_)].thresholds.trust_forecast_after
        for id_ in ("platform", "search")
    ]
    assert [platform, search] == found


@pytest.mark.parametrize(
    "written", ["13d", "63d", "92d", "28", "36h", "0d", "true", "4 working days", "never", "[28d]"]
)
def test_is_refused(tmp_path: Path, written: str) -> None:
    """Fewer days than weekdays need, more than are learned from, and what is no number of days."""
    (said,) = error_lines(policy(f"{{trust_forecast_after: {written}}}"), tmp_path)

    place = "8: defaults.thresholds.trust_forecast_after"
    assert f"{place}: must be 14d to 62d, in whole days, or off" in said


def test_shares_alone_are_warned_of(tmp_path: Path) -> None:
    """Whoever counts nothing by time and leaves the forecast on is told how to switch it off."""
    silent = "nothing counts by time, and yet a forecast may overrule a share"
    found = load(policy(f"{{{OFF_BY_TIME}}}"), tmp_path).warnings
    own = load(policy("", f"{{{OFF_BY_TIME}}}"), tmp_path).warnings

    assert [f"8: defaults.thresholds: {silent}; write trust_forecast_after: off"] == lines(found)
    assert [f"17: budgets[1].thresholds: {silent}; write trust_forecast_after: off"] == lines(own)


@pytest.mark.parametrize(
    "written",
    [
        f"{{{OFF_BY_TIME}, trust_forecast_after: off}}",
        "{look: {forecast: off}, respond: {lead_times: off}}",
        "{trust_forecast_after: 28d}",
    ],
)
def test_nobody_else_is_warned(tmp_path: Path, written: str) -> None:
    """With the switch off, or with a rule of time, it is what was meant."""
    assert [] == lines(load(policy(written), tmp_path).warnings)


def lines(found: object) -> list[str]:
    """As `budget-bot check` prints them, but for what is not about thresholds."""
    assert isinstance(found, tuple | list)
    return [str(one).partition("budgets.yaml:")[2] for one in found if "thresholds" in str(one)]


@pytest.mark.parametrize(
    ("written", "good"),
    [("28d", True), ("off", True), ("false", True), ("'off'", True), ("28", False), ("on", False)],
)
def test_an_editor_knows_it(written: str, *, good: bool) -> None:
    """The schema that `budget-bot schema` prints takes and refuses it."""
    text = policy(f"{{trust_forecast_after: {written}}}").encode()
    value = parse(text, Path("budgets.yaml")).value

    assert good is Draft202012Validator(json_schema()).is_valid(value)
