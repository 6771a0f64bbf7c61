"""Overage requests for operators: what waits, and who somebody is that decides by command."""

from bot.clients.slack import DeliveryError
from bot.domain.errors import UserError
from bot.effects.request_cards import card_of
from bot.parts import Bot
from bot.render.card import Card
from store import overages


def waiting(bot: Bot) -> list[Card]:
    """Every open request, the oldest first, as its card stands."""
    with bot.db.transaction() as tx:
        return [card_of(tx, bot, request) for request in overages.open_requests(tx)]


def account(bot: Bot, ref: str) -> str:
    """
    The Slack user id of an e-mail address or id.

    Raises:
        UserError: Slack does not know them, or does not answer.
    """
    try:
        return bot.slack.person(ref).id
    except DeliveryError as error:
        if error.code in {"users_not_found", "user_not_found"}:
            raise UserError(f"--as: nobody in Slack is called {ref}.") from None
        raise UserError(f"Slack did not tell who {ref} is: {error}") from None
