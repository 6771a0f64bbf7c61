"""`enforce`: where a budget's limit is held, what is inherited, and what two budgets may not share."""

from pathlib import Path

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, Enforce
from tests.config.policy_text import changed, error_lines, load

ALL = (
    "{litellm: {team: team-search}, mlflow: {policy: bp-123}, "
    'anthropic: {api_key: [apikey_1, "search-*"], workspace: team-search}}'
)


def searching(enforce: str, *more: tuple[str, str], critical: str = "") -> str:
    """The good file, with `enforce` for the budget search."""
    return changed(("limit: 12000", f"limit: 12000\n    enforce: {enforce}{critical}"), *more)


def inheriting(defaults: str, own: str = "") -> str:
    """`enforce` in defaults, and perhaps in search; platform keeps clear of it."""
    written = f"\n    enforce: {own}" if own else ""
    return changed(
        ("approvers:", f"defaults:\n  enforce: {defaults}\napprovers:"),
        ("limit: 40000", "limit: 40000\n    enforce: {}"),
        ("limit: 12000", f"limit: 12000{written}"),
    )


def enforce_of(text: str, folder: Path, budget: str = "search") -> Enforce:
    """What the policy says of a budget's targets."""
    return load(text, folder).policy.tree.budgets[BudgetId(budget)].enforce


def test_a_budget_names_what_it_is_called_at_each_target(tmp_path: Path) -> None:
    """One name or several, and the webhook hears of it as well."""
    found = enforce_of(searching(ALL), tmp_path)

    assert (True, (LITELLM, MLFLOW, ANTHROPIC)) == (found.webhook, found.kinds)
    assert {"team": ("team-search",)} == found.refs(LITELLM)
    assert {"policy": ("bp-123",)} == found.refs(MLFLOW)
    expected = {"api_key": ("apikey_1", "search-*"), "workspace": ("team-search",)}
    assert expected == found.refs(ANTHROPIC)
    assert {} == found.refs("webhook")


def test_without_a_word_only_the_webhook_hears_of_a_budget(tmp_path: Path) -> None:
    """What nobody names is nowhere written, and `webhook: false` ends that too."""
    assert Enforce(webhook=True) == enforce_of(changed(), tmp_path)
    assert Enforce(webhook=False) == enforce_of(searching("{webhook: false}"), tmp_path)
    assert Enforce() == enforce_of(changed(), tmp_path, "unattributed")


@pytest.mark.parametrize(
    ("own", "webhook", "refs"),
    [
        ("", False, {LITELLM: {"team": ("all",)}, MLFLOW: {"policy": ("bp-1",)}}),
        ("{litellm: {key: k}}", False, {LITELLM: {"key": ("k",)}, MLFLOW: {"policy": ("bp-1",)}}),
        ("{litellm: {}}", False, {MLFLOW: {"policy": ("bp-1",)}}),
        ("{litellm: null}", False, {MLFLOW: {"policy": ("bp-1",)}}),
        ("{webhook: true}", True, {LITELLM: {"team": ("all",)}, MLFLOW: {"policy": ("bp-1",)}}),
        ("{}", True, {}),
        ("null", True, {}),
        ("~", True, {}),
    ],
)
def test_a_kind_is_inherited_whole_until_a_budget_says_otherwise(
    tmp_path: Path, own: str, webhook: bool, refs: dict[str, object]
) -> None:
    """Names of two places never mix, and an empty value or null takes away what defaults say."""
    defaults = "{webhook: false, litellm: {team: all}, mlflow: {policy: bp-1}}"
    found = enforce_of(inheriting(defaults, own), tmp_path)

    assert (webhook, refs) == (found.webhook, {kind: found.refs(kind) for kind in found.kinds})


@pytest.mark.parametrize(
    ("enforce", "told"),
    [
        ("{litelm: {team: a}}", "unknown field 'litelm'; did you mean 'litellm'?"),
        ("{litellm: {teem: a}}", "unknown field 'teem'; did you mean 'team'?"),
        ("{mlflow: {team: a}}", "unknown field 'team'"),
        ("{litellm: {team: []}}", "litellm.team: must be a name in quotes, or a list of them"),
        ("{litellm: {team: 5}}", "litellm.team: must be a name in quotes, or a list of them"),
        (
            '{anthropic: {spend_limit: [a, ""]}}',
            "anthropic.spend_limit: must be a name in quotes, or a list",
        ),
        ("{webhook: maybe}", "webhook: must be true or false"),
        ("litellm", "enforce: must be a group of fields"),
    ],
)
def test_a_mistake_is_named_with_line_field_and_remedy(
    tmp_path: Path, enforce: str, told: str
) -> None:
    """As for every other field."""
    (line,) = error_lines(searching(enforce), tmp_path)

    assert line.startswith("17: budgets[1].enforce")
    assert told in line


def test_two_budgets_may_not_hold_the_same(tmp_path: Path) -> None:
    """Both would write its limit in turns, so the second is refused, wherever it was written."""
    twice = searching(
        "{litellm: {team: [other, shared]}}",
        ("limit: 40000", "limit: 40000\n    enforce: {litellm: {team: shared}}"),
    )
    assert [
        "18: budgets[1].enforce.litellm.team: 'shared' is held by budgets[0] too: both would write "
        "its limit; keep one"
    ] == error_lines(twice, tmp_path)
    inherited = changed(("approvers:", "defaults:\n  enforce: {mlflow: {policy: p}}\napprovers:"))
    (told,) = error_lines(inherited, tmp_path)
    assert "'p' is held by budgets[0] too" in told


def test_the_same_name_of_another_thing_is_shared_by_nobody(tmp_path: Path) -> None:
    """A team and a key may have one name, and so may things of two targets."""
    text = searching(
        "{litellm: {key: search}, anthropic: {workspace: search}}",
        ("limit: 40000", "limit: 40000\n    enforce: {litellm: {team: search}}"),
    )

    assert [] == error_lines(text, tmp_path)
    assert () == load(text, tmp_path).warnings


def test_a_glob_that_takes_in_what_another_budget_names_is_warned_of(tmp_path: Path) -> None:
    """It may be meant for keys that do not exist yet, so the bot runs all the same."""
    text = searching(
        '{anthropic: {api_key: "search-*"}}',
        ("limit: 40000", "limit: 40000\n    enforce: {anthropic: {api_key: search-batch}}"),
    )
    (told,) = load(text, tmp_path).warnings

    assert "budgets[1].enforce.anthropic.api_key: 'search-*' takes in 'search-batch'" in told
    assert "which budgets[0] holds" in told


def test_names_of_keys_beside_a_workspace_mean_keys_of_that_workspace(tmp_path: Path) -> None:
    """So `*` may stand in two budgets, as long as their workspaces differ."""
    one = ("limit: 40000", 'limit: 40000\n    enforce: {anthropic: {api_key: "*", workspace: a}}')
    text = searching('{anthropic: {api_key: ["*", "search-*"], workspace: b}}', one)

    assert [] == error_lines(text, tmp_path)
    assert () == load(text, tmp_path).warnings
    (told,) = error_lines(
        text.replace("workspace: b", "workspace: [x, b]").replace(
            "workspace: a", "workspace: [x, b]"
        ),
        tmp_path,
    )[:1]
    assert "'*' is held by budgets[0] too" in told


def test_a_response_that_nothing_carries_out_is_warned_of(tmp_path: Path) -> None:
    """Without the webhook and without a name, `block` would only be a word."""
    text = searching("{webhook: false}", critical="\n    at_limit: block")
    (told,) = load(text, tmp_path).warnings

    assert "budgets[1].enforce: nothing would block" in told
