"""Everybody concerned hears that the glass was broken, at once."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.overages import OWNER, OverageRequest, approvers_of
from bot.effects import messages
from bot.effects.deciders import not_the_requester
from bot.effects.request_cards import card_of, subject
from bot.parts import Bot
from bot.render.request import request_card

__all__ = ["card_of", "shout"]


def shout(tx: Session, bot: Bot, request: OverageRequest, budget: Budget, now: datetime) -> None:
    """
    The card, with its outcome, to the approvals channel, the operators, owner and backup, and to
    everybody whom any route of the budget names, groups too.

    They are copies of the card as any others: they show when the limit is lifted, and when it ends.
    """
    about, rendered = subject(request.id), request_card(card_of(tx, bot, request))
    channels = bot.policy.organization.channels
    for name, channel in (("approvals", channels.approvals), ("operators", channels.operators)):
        key, to = f"{about}:{name}", {"channel": channel}
        messages.post(tx, key, to, rendered, now, subject=about, priority=2)
    lists = {name for route in budget.overage.routes for name in route.approvers} | {OWNER}
    named = [ref for name in sorted(lists) for ref in approvers_of(name, budget, bot.policy)]
    if budget.backup is not None:
        named.append(budget.backup)
    for ref in dict.fromkeys(not_the_requester(tx, request, named)):
        key = f"{about}:dm:{ref}"
        messages.post(tx, key, {"person": ref}, rendered, now, subject=about, priority=2)
    for name in sorted(lists - {OWNER}):
        group = bot.policy.approvers[name].usergroup
        if group is not None:
            key, told = f"{about}:group:{group}", {"request": request.id, "told": 1}
            messages.post_to_group(tx, key, group, rendered, now, subject=about, about=told)
