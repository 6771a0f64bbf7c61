"""Who may ask for an overage: the owner, the team that spends it, or every member."""

from datetime import datetime, timedelta

from bot.clients.slack import DeliveryError
from bot.domain.budgets import Budget, WhoAsks
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.parts import Bot
from store import spenders

LATELY = timedelta(days=92)


def check_asker(bot: Bot, budget: Budget, asker: Person, now: datetime) -> None:
    """Raises UserError, which names who may ask."""
    if asker.stranger or asker.deleted or asker.is_bot:
        raise UserError("Only members of this workspace can ask for an overage.", "budget")
    rule = budget.overage.ask
    if rule is WhoAsks.ANYONE or _owns(budget, asker):
        return
    if rule is WhoAsks.OWNER:
        raise UserError(
            f"Only the owner of {budget.name} and their backup ask for more of it; tell them.",
            "budget",
        )
    if not _is_of_the_team(bot, budget, asker, now):
        raise UserError(
            f"Only the team of {budget.name} asks for more of it: its owner, whom the policy "
            "names as the team, and whoever has spent from it in the last three months.",
            "budget",
        )


def _owns(budget: Budget, asker: Person) -> bool:
    return any(asker.is_called(ref) for ref in (budget.owner, budget.backup) if ref)


def _is_of_the_team(bot: Bot, budget: Budget, asker: Person, now: datetime) -> bool:
    team = budget.team
    if team is not None and any(asker.is_called(ref) for ref in team.people):
        return True
    if asker.email is not None:
        family = bot.policy.tree.family(budget.id)
        with bot.db.transaction() as tx:
            if spenders.has_spent(tx, family, asker.email, now - LATELY):
                return True
    if team is None or team.usergroup is None:
        return False
    try:
        return asker.id in bot.slack.usergroup(team.usergroup)
    except DeliveryError as error:
        raise UserError(
            f"Slack did not tell who is in the team, so nothing was asked. Try again in a minute. "
            f"({error})",
            "budget",
        ) from None
