"""What is said around a decision: reminders, that nobody is left, and what a transfer took."""

from datetime import datetime

from bot.domain.money import dollars
from bot.domain.standings import Standing
from bot.render.blocks import Rendered, escape, header, message, moment, people, section
from bot.render.card import Card, facts_of
from bot.render.figures import spent_of_limit


def waiting_lead(card: Card, then: datetime | None, now: Standing | None = None) -> str:
    """
    Begins the card when it comes again; `then` is when it comes the next time.

    `now`: where the budget stands, because the card's figures are those of the asking.
    """
    r = card.request
    text = (
        f"Reminder: nobody has decided yet, since {moment(r.asked_at, card.zone)}. "
        if not card.votes
        else "Reminder: one more approval is needed. "
    )
    text += f"It expires {moment(r.expires_at, card.zone)} without a decision."
    if now is not None:
        stands = spent_of_limit(now.spent, now.limit, now.estimated)
        as_of = now.freshness.as_of
        aged = f", as of {moment(as_of, card.zone)}" if as_of else ""
        text += f" The budget stands at {stands} now{aged}."
    if then is None:
        return f"{text} This is the last reminder."
    return f"{text} The next reminder comes {moment(then, card.zone)}."


def reminder_note(card: Card, then: datetime | None) -> Rendered:
    """The same as an answer to the card in its thread."""
    text = f"{waiting_lead(card, then)} Waiting for {card.deciders}."
    return message(text, section(text, "reminder"))


def no_longer_yours(card: Card) -> Rendered:
    """In the place of a card, for somebody who was asked before the request was changed."""
    r = card.request
    about = f"Overage request #{r.id}"
    text = (
        f"{facts_of(card)} It is decided by {card.deciders} now, so there is nothing for you to do."
    )
    return message(
        f"{about}. {text}", header(f"{about}: {card.budget_name}"), section(text, "facts")
    )


def donor_note(card: Card) -> Rendered:
    """What the owner of the budget is told that a transfer takes from, once it is approved."""
    r = card.request
    name = escape(card.donor or "")
    text = (
        f"{name} has {dollars(r.granted)} less until {moment(r.until, card.zone)}: request #{r.id} "
        f"moves them to {escape(card.budget_name)}, approved by {people(r.decided_by)}. "
        "Then they are back."
    )
    return message(text, section(text, "transfer"))


def nobody_note(card: Card) -> Rendered:
    """Told at once when nobody is left who may decide a request."""
    r = card.request
    text = (
        f"Nobody is left who may decide overage request #{r.id} for {escape(card.budget_name)} "
        f"({dollars(r.amount)}): it is decided by {card.deciders}, and of them nobody is an active member "
        "of this workspace other than whoever asks. An operator can name somebody in the policy "
        f"file; until {moment(r.expires_at, card.zone)} it stays open."
    )
    return message(text, section(text, "nobody"))
