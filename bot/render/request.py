"""An overage request: the card that approvers decide on, and the receipt of whoever asks."""

from slackblocks import Block

from bot.domain.money import Micros, dollars
from bot.domain.overages import RequestKind, RequestState
from bot.render.blocks import (
    Rendered,
    actions,
    context,
    escape,
    header,
    message,
    moment,
    one_line,
    quoted,
    section,
)
from bot.render.card import Card, facts_of, questions_text, so_far, title
from bot.render.changes import changed_text
from bot.render.decision_buttons import agreeing, deciding, own
from bot.render.figures import runway_text, spent_of_limit
from bot.render.outcome import end_blocks, outcome


def request_card(card: Card, *, for_donor: bool = False) -> Rendered:
    """
    The same card everywhere; once decided it shows the outcome instead of the buttons.

    `for_donor`: for the owner of the budget that a transfer takes from, who is asked to agree.
    """
    r = card.request
    facts = facts_of(card)
    seen = (
        f"Spent when asked: {spent_of_limit(r.figures.spent, r.figures.limit)}; "
        f"{_runway(card)}. "
        f"With it the limit is {dollars(Micros(r.figures.limit + r.amount))}."
    )
    if r.figures.as_of:
        seen += f" Figures as of {moment(r.figures.as_of, card.zone)}."
    if card.donor:
        seen += f" The dollars come from {escape(card.donor)}, which has as much less meanwhile."
    if card.source:
        seen += f" {card.source}"
    top = [
        header(f"{title(r)}: {card.budget_name}"),
        section(f"*{facts}*\n{seen}", "facts"),
        quoted(f"Reason: {r.reason}", "reason"),
    ]
    text = f"{title(r)}. {facts} {seen} Reason: {one_line(r.reason)}."
    if r.state is RequestState.PENDING:
        ask, blocks = _open(card, for_donor)
        return message(f"{text} {ask}", *top, *blocks)
    said = outcome(card)
    tail: list[Block] = [section(said, "outcome")]
    given = None if r.kind is RequestKind.BREAK_GLASS else r.decision_reason  # it stands above
    if given:
        tail.append(quoted(f"Reason given: {given}", "decision_reason"))
    if not for_donor:  # whoever gave the dollars cannot take them back
        tail += end_blocks(card)
    note = f" Reason given: {one_line(given)}" if given else ""
    return message(f"{text} {said}{note}", *top, *tail)


def receipt(card: Card) -> Rendered:
    """What the requester sees after asking."""
    r = card.request
    text = (
        f"Overage request #{r.id}: {dollars(r.amount)} more for {escape(card.budget_name)} until "
        f"{moment(r.ends_at, card.zone)}.{changed_text(card.changed, card.zone)} "
        f"Decided by {card.deciders}.{so_far(card)} "
        f"Expires {moment(r.expires_at, card.zone)} without a decision."
    )
    return message(text, section(text, "receipt"), actions(own(r)))


def _runway(card: Card) -> str:
    f = card.request.figures
    return runway_text(
        f.runs_out_at, f.daily_rate, f.spent >= f.limit, card.zone, f.confidence, f.p50
    )


def _open(card: Card, for_donor: bool) -> tuple[str, list[Block]]:
    r = card.request
    ask = (
        f"Decided by {card.deciders}.{so_far(card)} Expires {moment(r.expires_at, card.zone)} "
        "without a decision."
    )
    if card.questions:
        ask += f" {questions_text(card.questions, card.answered)}"
    buttons = agreeing if for_donor and card.donor else deciding
    about = card.donor if for_donor and card.donor else card.budget_name
    return ask, [context(ask, "deciders"), actions(buttons(r, about, card.zone))]
