"""Reads what stands at Anthropic now; nothing here writes or remembers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.clients.anthropic_admin import AdminError, AdminLine, Deadline
from bot.clients.anthropic_admin.answers import (
    EffectivePage,
    KeyAnswer,
    RatePage,
    SpendLimitPage,
)
from bot.clients.anthropic_admin.refusals import NOT_ENROLLED, WRITES_NOT_ENABLED
from bot.clients.enforcement.anthropic_rates import FoundRate, read_rate
from bot.clients.enforcement.anthropic_record import RateId, Scope

READS_BETA = "spend-limit-reads-2026-09-26"
NO_SPEND_LIMITS = (WRITES_NOT_ENABLED, NOT_ENROLLED)
_DOLLARS = "USD"


@dataclass(frozen=True, slots=True)
class Found:
    keys: Mapping[str, KeyAnswer]
    rates: Mapping[RateId, FoundRate]
    spend: Mapping[Scope, str | None] | None  # None: the organization cannot have any


def read_rates(
    line: AdminLine, workspaces: Iterable[str], deadline: Deadline
) -> dict[RateId, FoundRate]:
    """By group of models; the inherited ones too, for most workspaces have none of their own."""
    asked = (("group_type", "model_group"), ("include_inherited", "true"))
    found: dict[RateId, FoundRate] = {}
    for workspace in sorted(workspaces):
        name = f"workspaces/{workspace}/rate_limits"
        for page in line.walk(RatePage, name, deadline, asked):
            for answer in page.data:
                if answer.group.type == "model_group" and (rate := read_rate(answer)) is not None:
                    found[workspace, answer.rate_limit_id] = rate
    return found


def read_amounts(
    line: AdminLine, scopes: Iterable[Scope], deadline: Deadline
) -> dict[Scope, str | None] | None:
    """The monthly amounts, None where there is none of its own; None for all without the beta."""
    found: dict[Scope, str | None] = {}
    try:
        for scope in scopes:
            kind, id_ = scope
            found[scope] = (
                _of_member(line, id_, deadline)
                if kind == "user"
                else _of_workspace(line, id_, deadline)
            )
    except AdminError as error:
        if error.code in NO_SPEND_LIMITS:
            return None
        raise
    return found


def _of_workspace(line: AdminLine, id_: str, deadline: Deadline) -> str | None:
    asked = (("scope_type[]", "workspace"), ("workspace_id", id_), ("limit", "100"))
    for page in line.walk(SpendLimitPage, "spend_limits", deadline, asked, READS_BETA):
        for limit in page.data:
            if limit.scope.workspace_id == id_ and limit.period == "monthly":
                return _in_dollars(limit.amount, limit.currency)
    return None


def _of_member(line: AdminLine, id_: str, deadline: Deadline) -> str | None:
    """Only a limit of the member's own counts: what a group or a seat gives is a default."""
    asked = (("user_ids[]", id_), ("period[]", "monthly"))
    for page in line.walk(EffectivePage, "spend_limits/effective", deadline, asked):
        for row in page.data:
            if row.source.type == "user" and row.scope.user_id == id_ and row.period == "monthly":
                return _in_dollars(row.amount, row.currency)
    return None


def _in_dollars(amount: str | None, currency: str) -> str | None:
    if currency != _DOLLARS:
        raise AdminError(
            f"the organization is billed in {currency}, and budgets are in dollars: take "
            "spend_limit out of `enforce`",
            permanent=True,
        )
    return amount
