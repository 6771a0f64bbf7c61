"""Who may decide on increase requests: off unless the policy file says so, and by lists that exist."""

from pathlib import Path

import pytest

from bot.app import what_is_missing
from bot.config.settings import load_settings
from bot.domain.errors import ConfigError
from bot.domain.policy import IncreasePolicy
from bot.targets import build_queue
from tests.config.policy_text import changed, error_lines, load

NAME = "  name: Acme\n"


def deciding(approvers: str) -> str:
    """The good file, with increase requests decided by these lists."""
    return changed((NAME, f"{NAME}  increase_requests: {approvers}\n"))


def test_it_is_off_without_a_word(tmp_path: Path) -> None:
    """Most organizations have no such queue, and a key that may write limits is no small thing."""
    assert None is load(changed(), tmp_path).policy.increases


def test_the_lists_are_read(tmp_path: Path) -> None:
    """A list that is named twice decides once."""
    policy = load(deciding("{approvers: [finance, leads, finance]}"), tmp_path).policy

    assert IncreasePolicy(("finance", "leads")) == policy.increases


@pytest.mark.parametrize(
    ("approvers", "told"),
    [
        (
            "{approvers: [finence]}",
            "3: organization.increase_requests.approvers[0]: there is no approver list 'finence'; "
            "did you mean 'finance'?",
        ),
        (
            "{approvers: [finance, owner]}",
            "3: organization.increase_requests.approvers[1]: 'owner' is nobody here: an increase "
            "request is a member's, and no budget's; name an approver list",
        ),
        (
            "{approvers: []}",
            "3: organization.increase_requests.approvers: must have at least one item",
        ),
        (
            "{}",
            "3: organization.increase_requests.approvers: is missing: names of approver lists: who "
            "may decide",
        ),
        (
            "{approvers: [finance], both: true}",
            "3: organization.increase_requests: unknown field 'both'",
        ),
    ],
)
def test_a_fault_names_the_place_and_the_remedy(tmp_path: Path, approvers: str, told: str) -> None:
    """Nobody finds out at the first request that it could not be decided."""
    (line,) = error_lines(deciding(approvers), tmp_path)

    assert line.startswith(told)


def test_it_needs_a_key(tmp_path: Path) -> None:
    """Without the key nothing starts, and the line says which one and what it must be allowed."""
    policy = load(deciding("{approvers: [finance]}"), tmp_path).policy
    with pytest.raises(ConfigError) as caught:
        build_queue(load_settings({}, None), policy)

    (line,) = caught.value.lines
    assert line in what_is_missing(load_settings({}, None), policy)
    assert line.startswith("ANTHROPIC_ADMIN_KEY: is missing, and organization.increase_requests")
    assert "read:spend_limits and write:spend_limits" in line


def test_without_the_policy_no_key_is_asked_for(tmp_path: Path) -> None:
    """A bot without the queue starts without it."""
    policy = load(changed(), tmp_path).policy

    assert None is build_queue(load_settings({}, None), policy)
