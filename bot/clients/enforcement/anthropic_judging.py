"""What is left to do so that Anthropic holds an order; decides, and neither reads nor writes."""

from collections.abc import Callable

from bot.clients.enforcement.anthropic_found import Found
from bot.clients.enforcement.anthropic_keys import judge_keys
from bot.clients.enforcement.anthropic_names import (
    KEY,
    SPEND,
    USER,
    WORKSPACE,
    Places,
    name_keys,
)
from bot.clients.enforcement.anthropic_rates import SLOW, judge_rates
from bot.clients.enforcement.anthropic_record import Record
from bot.clients.enforcement.anthropic_spend import judge_spend
from bot.clients.enforcement.anthropic_steps import Verdict
from bot.clients.enforcement.orders import Order
from bot.domain.limits import RESPONSE, Mode

_NEEDED = {
    Mode.BLOCK: "to block needs api_key in `enforce` (`*` with a workspace: all of its keys)",
    Mode.THROTTLE: "to throttle needs workspace in `enforce`",
}
_LEVERS = {Mode.BLOCK: KEY, Mode.THROTTLE: WORKSPACE}


def judge(
    order: Order,
    places: Places,
    found: Found,
    known: Record,
    verdict: Verdict,
    is_own: Callable[[str | None], bool],
) -> Verdict:
    """
    Spend limits first, because they are the widest, then rate limits, then keys.

    A budget that is let through or throttled has its keys on: only to block switches them off.
    """
    _check_refs(order, verdict, can_spend=found.spend is not None)
    named = name_keys(
        order.refs.get(KEY, ()),
        found.keys,
        places.workspaces if WORKSPACE in order.refs else None,
        is_own,
        verdict,
    )
    spend = judge_spend(verdict, order, places.spend, found.spend, known)
    rates = judge_rates(
        verdict,
        found.rates,
        places.workspaces,
        known,
        throttle=order.mode is Mode.THROTTLE,
        overrule=known.gap(order.version),
        force=order.force,
    )
    keys = judge_keys(
        verdict,
        named,
        found.keys,
        known,
        let_on=order.mode is not Mode.BLOCK,
        overrule=order.force or known.gap(order.version),
        force=order.force,
    )
    if order.mode is Mode.THROTTLE and places.workspaces and not rates:
        verdict.refused.append("the workspace has no requests per minute that could be lowered")
    verdict.record = Record(keys, rates, spend, order.version)
    if (order.mode is Mode.THROTTLE and rates) or known.lowered():
        verdict.notes.append(SLOW)
    return verdict


def _check_refs(order: Order, verdict: Verdict, *, can_spend: bool) -> None:
    """
    What the mode needs must be named; what the response at the limit will need is only noted.

    To refuse a budget that is let through would leave it cut off for a fault in its policy.
    """
    refs = {name for name, values in order.refs.items() if values}
    for name in sorted(refs - {KEY, WORKSPACE, SPEND}):
        if name == USER:
            verdict.refused.append(
                "a member has no keys or rate limits: name them as spend_limit in `enforce`"
            )
        else:
            verdict.refused.append(f"{name} is nothing that Anthropic can hold: check `enforce`")
    if not refs:
        verdict.refused.append("`enforce` names nothing at Anthropic")
    elif refs == {SPEND} and not can_spend:
        verdict.refused.append(
            "this organization has no spend-limit writes, and `enforce` names nothing else: add "
            "api_key or workspace"
        )
    if not _can(order.mode, refs, can_spend=can_spend):
        verdict.refused.append(_NEEDED[order.mode])
    elif not _can(RESPONSE[order.at_limit], refs, can_spend=can_spend):
        verdict.notes.append(
            f"at_limit is {order.at_limit}, and {_NEEDED[RESPONSE[order.at_limit]]}"
        )
    elif order.mode is Mode.THROTTLE and WORKSPACE not in refs:
        verdict.notes.append("a spend limit cannot throttle: it blocks at the limit")


def _can(mode: Mode, refs: set[str], *, can_spend: bool) -> bool:
    """A spend limit blocks by itself, so it stands in for the other two."""
    return mode is Mode.ALLOW or _LEVERS[mode] in refs or (SPEND in refs and can_spend)
