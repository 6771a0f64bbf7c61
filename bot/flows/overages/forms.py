"""The forms of those who decide; a request that is over, or was changed, says so instead."""

from datetime import date, datetime

from bot.domain.errors import UserError
from bot.domain.money import dollars
from bot.domain.overages import Terms
from bot.domain.terms import Seen, at_most, last_day
from bot.effects.request_cards import card_of
from bot.flows.overages.outcomes import GONE, NotDecided, load
from bot.flows.overages.seen import why_not_now
from bot.parts import Bot
from bot.render import decision_modals as modals
from bot.render.blocks import moment
from bot.render.card import Card
from bot.render.decision_modals import View
from store import overages, questions


def why_not(bot: Bot, seen: Seen, now: datetime) -> NotDecided | None:
    """Why there is nothing to decide about what was shown, before Slack is asked anything."""
    found = _card(bot, seen, now)
    return found if isinstance(found, NotDecided) else None


def deny_form(bot: Bot, seen: Seen, about: str, now: datetime) -> View | NotDecided:
    """`about` comes back with the form: what was pressed, and where."""
    card = _card(bot, seen, now)
    return card if isinstance(card, NotDecided) else modals.deny_modal(about, _sentence(card))


def adjust_form(bot: Bot, seen: Seen, about: str, now: datetime) -> View | NotDecided:
    card = _card(bot, seen, now)
    if isinstance(card, NotDecided):
        return card
    asked = card.request.asked
    day = last_day(asked.ends_at, card.zone)
    return modals.adjust_modal(about, _sentence(card), dollars(asked.amount), day)


def question_form(bot: Bot, seen: Seen, about: str, now: datetime) -> View | NotDecided:
    card = _card(bot, seen, now)
    return card if isinstance(card, NotDecided) else modals.question_modal(about, _sentence(card))


def answer_form(bot: Bot, question_id: int, actor_id: str) -> View | NotDecided:
    """For the requester, as long as there is something to answer."""
    with bot.db.transaction() as tx:
        question = questions.load(tx, question_id)
        request = overages.load(tx, question.request) if question else None
    if question is None or request is None:
        raise UserError(GONE)
    if request.requester != actor_id:
        return NotDecided("Only whoever asked for the overage can answer.")
    if question.answered_at is not None:
        return NotDecided("You have answered already; your answer stands in the thread.")
    return modals.answer_modal(question_id, question.question)


def terms_of(
    bot: Bot, seen: Seen, amount: str | None, day: date | None, now: datetime
) -> Terms | NotDecided:
    """
    What somebody wants to approve, in the zone of the request's budget; no `amount`: all of it.

    Raises:
        UserError: with the field, `amount` or `ends_at`, and what would be accepted.
    """
    card = _card(bot, seen, now)
    if isinstance(card, NotDecided):
        return card
    asked = dollars(card.request.amount) if amount is None else amount
    return at_most(card.request, asked, day, card.zone, now)


def _card(bot: Bot, seen: Seen, now: datetime) -> Card | NotDecided:
    with bot.db.transaction() as tx:
        request = load(tx, seen.request)
        over = why_not_now(tx, bot, request, seen.revision, now)
        return over if over is not None else card_of(tx, bot, request)


def _sentence(card: Card) -> str:
    r = card.request
    return (
        f"Request #{r.id}: {dollars(r.amount)} more for {card.budget_name} "
        f"until {moment(r.ends_at, card.zone)}."
    )
