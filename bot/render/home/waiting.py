"""What waits for somebody: decisions, answers, their own requests, exceptions that they may end."""

from dataclasses import replace

from slackblocks import Block

from bot.domain.alerts import AlertFigures
from bot.domain.budgets import Stage
from bot.domain.money import dollars
from bot.render.alert import MARK
from bot.render.alert import asked as asked_for
from bot.render.answer import answers, meanwhile
from bot.render.blocks import actions, moment, quoted, section
from bot.render.card import Card, facts_of, questions_text, so_far
from bot.render.decision_buttons import agreeing, deciding, own
from bot.render.figures import spent_of_limit
from bot.render.grace import response_text
from bot.render.home.values import NAME, AlertOnHome, Asked, named
from bot.render.outcome import ending, progress_text

WORDS = 600  # characters of somebody's reason


def to_decide(asked: Asked) -> list[Block]:
    """As on the card, in fewer words; the same buttons with the same values."""
    card, r = asked.card, asked.card.request
    text = (
        f"*#{r.id}* {facts_of(_short(card))} Spent when asked: "
        f"{spent_of_limit(r.figures.spent, r.figures.limit)}.{so_far(card)}"
    )
    if card.donor:
        text += f" The dollars come from {named(card.donor)}."
    if card.questions:
        text += f" {questions_text(card.questions, card.answered)}"
    text += _expires(card)
    buttons = deciding(r, card.budget_name[:NAME], card.zone)
    if asked.gives and card.donor is not None:
        buttons = agreeing(r, card.donor[:NAME], card.zone)
    return [
        section(text, f"decide_{r.id}"),
        quoted(f"Reason: {r.reason}"[:WORDS], f"decide_{r.id}_reason"),
        actions(buttons, f"decide_{r.id}_buttons"),
    ]


def alert(on: AlertOnHome) -> list[Block]:
    """
    The figures as they were when it fired, what is asked for, and the buttons that it has in the
    DM, as far as this person may press them.
    """
    f = on.figures
    text = (
        f"{MARK[f.stage]} *{f.stage.word}: {named(f.name)}* had spent "
        f"{spent_of_limit(f.spent, f.limit, f.estimated)}."
    )
    if f.stage is Stage.EXHAUSTED:
        text += f" {response_text(f)}"
    if not on.answered:
        text += f" {asked_for(f, on.now)}"
    offered = _offered(f, on)
    buttons = meanwhile(on.id, offered) if on.answered else answers(on.id, offered)
    return [section(text, f"alert_{on.id}"), actions(buttons, f"alert_{on.id}_buttons")]


def _offered(f: AlertFigures, on: AlertOnHome) -> AlertFigures:
    """Nobody is offered what would be refused."""
    grace = f.grace if on.has_last_word else None
    return replace(f, grace=grace, glass=f.glass and on.owns)


def request(card: Card) -> list[Block]:
    """One that they have asked for themselves."""
    r = card.request
    text = (
        f"*#{r.id}* {dollars(r.amount)} more for {named(card.budget_name)} until "
        f"{moment(r.ends_at, card.zone)}. Decided by {card.deciders}.{so_far(card)}{_expires(card)}"
    )
    return [section(text, f"request_{r.id}"), actions(own(r), f"request_{r.id}_buttons")]


def exception(card: Card) -> list[Block]:
    """One that holds; a tick stands only where the targets have confirmed it."""
    r = card.request
    text = (
        f"*#{r.id}* {dollars(r.granted)} more for {named(card.budget_name)}. {progress_text(card)}"
    )
    return [section(text, f"exception_{r.id}", ending(_short(card)))]


def _expires(card: Card) -> str:
    return f" Expires {moment(card.request.expires_at, card.zone)} without a decision."


def _short(card: Card) -> Card:
    return replace(card, budget_name=card.budget_name[:NAME])
