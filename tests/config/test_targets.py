"""Which enforcement targets are made, and what is missing for them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app import what_is_missing
from bot.clients.enforcement import EnforcementTarget
from bot.config.settings import Settings, load_settings
from bot.domain.budgets import BudgetId
from bot.domain.errors import ConfigError
from bot.domain.policy import Policy
from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, WEBHOOK
from bot.parts import Bot, targets_of
from bot.targets import KINDS, build_targets
from tests.config.policy_text import changed, load

SECRET = "whsec_" + "c2VjcmV0" * 4
HOOK = {"ENFORCEMENT_WEBHOOK_URL": "https://x.example/l", "ENFORCEMENT_WEBHOOK_SECRET": SECRET}
SET = {
    ANTHROPIC: {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin-1"},
    LITELLM: {"LITELLM_BASE_URL": "https://l.example", "LITELLM_API_KEY": "sk-1"},
    MLFLOW: {"MLFLOW_BASE_URL": "https://m.example"},
}
NAMED = {
    ANTHROPIC: "{anthropic: {workspace: team-search}}",
    LITELLM: "{litellm: {team: team-search}}",
    MLFLOW: "{mlflow: {policy: bp-1}}",
}


def policy(folder: Path, enforce: str = "{}") -> Policy:
    """The good file, with `enforce` for the budget search."""
    text = changed(("limit: 12000", f"limit: 12000\n    enforce: {enforce}"))
    return load(text, folder).policy


def given(**environ: str) -> Settings:
    """Settings of these variables alone."""
    return load_settings(environ, None)


def test_without_settings_and_names_there_is_no_target(tmp_path: Path) -> None:
    """The bot then tells and records, and holds nothing."""
    assert {} == build_targets(given(**SET[ANTHROPIC]), policy(tmp_path))


def test_the_webhook_is_there_once_it_is_set_up(tmp_path: Path) -> None:
    """For every budget, whatever the policy names."""
    targets = build_targets(given(**HOOK), policy(tmp_path))

    assert [(WEBHOOK, WEBHOOK)] == [(kind, target.kind) for kind, target in targets.items()]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_target_is_there_when_a_budget_names_it(tmp_path: Path, kind: str) -> None:
    """With what it needs, under its kind."""
    targets = build_targets(given(**HOOK, **SET[kind]), policy(tmp_path, NAMED[kind]))
    for target in targets.values():
        target.close()

    assert {WEBHOOK: WEBHOOK, kind: kind} == {k: target.kind for k, target in targets.items()}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_target_that_lacks_a_variable_is_told_with_the_remedy(tmp_path: Path, kind: str) -> None:
    """Before anything starts, by the name of the variable."""
    named = policy(tmp_path, NAMED[kind])
    variable = next(iter(SET[kind]))
    with pytest.raises(ConfigError, match=rf"{variable}: is missing; "):
        build_targets(given(), named)

    told = what_is_missing(given(SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="s"), named)
    assert any(line.startswith(f"{variable}: is missing; ") for line in told)


@pytest.mark.parametrize(
    ("enforce", "search"),
    [
        ("{}", {WEBHOOK: {}}),
        ("{webhook: false}", {}),
        (NAMED[LITELLM], {WEBHOOK: {}, LITELLM: {"team": ("team-search",)}}),
        ("{webhook: false, mlflow: {policy: [a, b]}}", {MLFLOW: {"policy": ("a", "b")}}),
    ],
)
def test_a_budget_has_the_webhook_and_what_it_names(
    tmp_path: Path, enforce: str, search: dict[str, object]
) -> None:
    """One that names nothing has the webhook alone; what no rule claims is held nowhere."""
    rules = policy(tmp_path, enforce)
    bot = _bot(rules, build_targets(given(**HOOK), policy(tmp_path)))

    assert search == targets_of(bot, BudgetId("search"))
    assert {WEBHOOK: {}} == targets_of(bot, BudgetId("platform"))
    assert {} == targets_of(bot, BudgetId("unattributed"))
    assert {} == targets_of(bot, BudgetId("gone"))
    without = _bot(rules, {})
    expected = {kind: refs for kind, refs in search.items() if kind != WEBHOOK}
    assert expected == targets_of(without, BudgetId("search"))


def _bot(rules: Policy, targets: Mapping[str, EnforcementTarget]) -> Bot:
    return Bot(
        policy=rules,
        db=None,  # type: ignore[arg-type]
        slack=None,  # type: ignore[arg-type]
        sources={},
        targets=targets,
        clock=None,  # type: ignore[arg-type]
    )
