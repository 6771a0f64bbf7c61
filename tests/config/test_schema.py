"""The JSON Schema of the policy file, as an editor uses it."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.config.budgets import json_schema
from bot.config.document import parse
from tests.config.policy_text import changed

EXAMPLE = Path(__file__).parents[2] / "budgets.example.yaml"


def errors(text: bytes) -> list[str]:
    """Where an editor would underline."""
    validator = Draft202012Validator(json_schema())
    value = parse(text, Path("budgets.yaml")).value
    return [error.json_path for error in validator.iter_errors(value)]


def test_is_a_schema() -> None:
    """The schema is valid itself."""
    Draft202012Validator.check_schema(json_schema())


PEOPLE = changed(
    (
        "unattributed: {",
        "sources: [{kind: anthropic}, {kind: claude_code, workspace: Claude Code}]\nunattributed: {",
    )
)


STAGES = changed(
    (
        "unattributed: {",
        "defaults: {thresholds: {look: {forecast: off}, respond: 80%, "
        "intervene: {share: 95, lead_times: false}}}\nunattributed: {",
    )
)


@pytest.mark.parametrize(
    "text",
    [EXAMPLE.read_bytes(), changed().encode(), PEOPLE.encode(), STAGES.encode()],
    ids=["example", "small", "people", "stages"],
)
def test_accepts(text: bytes) -> None:
    """What loads is also right for an editor."""
    assert [] == errors(text)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("name: Acme", "nmae: Acme"), "$.organization"),
        (("    limit: 12000\n", ""), "$.budgets[1]"),
        (("    limit: 40000\n", "    limit: 40000\n    at_limit: blok\n"), "$.budgets[0]"),
        (("unattributed: {", "defaults: {period: year}\nunattributed: {"), "$.defaults.period"),
        (
            ("unattributed: {", "defaults: {thresholds: {respond: {leads: 2}}}\nunattributed: {"),
            "$.defaults.thresholds",
        ),
        (
            ("unattributed: {", "defaults: {thresholds: {look: {lead_times: 2}}}\nunattributed: {"),
            "$.defaults.thresholds",
        ),
        (
            (
                "unattributed: {",
                "defaults: {thresholds: {respond: {lead_times: 11}}}\nunattributed: {",
            ),
            "$.defaults.thresholds",
        ),
        (("unattributed: {", "sources: [{kind: cloud}]\nunattributed: {"), "$.sources[0].kind"),
    ],
)
def test_refuses(change: tuple[str, str], expected: str) -> None:
    """Misspelt fields, missing fields and unknown words are underlined."""
    assert expected in errors(changed(change).encode())


def test_offers_no_null_default() -> None:
    """Editors do not fill in defaults that only mean: left out."""
    assert "default" not in str(json_schema()["$defs"]["BudgetEntry"]["properties"]["backup"])
