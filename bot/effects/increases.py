"""What goes out about an increase request: its card everywhere, its decision for Anthropic, the record."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import PersonRef
from bot.domain.increases import Increase, IncreaseState, main_budget
from bot.effects import messages, recording
from bot.effects.recording import SYSTEM
from bot.parts import Bot
from bot.render.card import deciders_text
from bot.render.increase import IncreaseCard, increase_card
from bot.render.increase_notes import nameless_note, nobody_note
from store import increases, outbox
from store.outbox import Lane, NewEntry, OutboxEntry

KIND = "anthropic.increase"


def subject(increase_id: int) -> str:
    """What every copy of a card is about."""
    return f"increase:{increase_id}"


def card_of(tx: Session, bot: Bot, increase: Increase) -> IncreaseCard:
    since = increase.failing_since
    told = since is not None and outbox.find(tx, silent_key(increase.id, since)) is not None
    return IncreaseCard(
        increase=increase,
        zone=bot.policy.organization.time_zone,
        deciders=deciders_text(lists_of(bot), both=False) or "nobody any more",
        silent_since=since if told else None,
    )


def lists_of(bot: Bot) -> tuple[str, ...]:
    """The approver lists that decide; none when the policy no longer says so."""
    return bot.policy.increases.approvers if bot.policy.increases else ()


def silent_key(increase_id: int, since: datetime) -> str:
    """One outage of Anthropic for one decision; operators hear of it once."""
    return f"{subject(increase_id)}:silent:{since:%Y%m%dT%H%M%S}"


def announce(tx: Session, bot: Bot, increase: Increase, now: datetime) -> None:
    """The card for the approvals channel and for everybody who may decide, but for the member."""
    about, rendered = subject(increase.id), increase_card(card_of(tx, bot, increase))
    channel = {"channel": bot.policy.organization.channels.approvals}
    messages.post(tx, f"{about}:approvals", channel, rendered, now, subject=about, priority=4)
    for ref in _named(bot, increase):
        to: dict[str, str] = {"person": ref}
        messages.post(tx, f"{about}:dm:{ref}", to, rendered, now, subject=about, priority=4)
    for name in lists_of(bot):
        group = bot.policy.approvers[name].usergroup
        if group is not None:
            of_it, key = {"increase": increase.id}, f"{about}:group:{group}"
            messages.post_to_group(tx, key, group, rendered, now, subject=about, about=of_it)
    record(tx, bot, "increase.asked", SYSTEM, increase, now, {})


def is_asked(entry: OutboxEntry) -> bool:
    """Whether a user group is written to about an increase request."""
    return "increase" in entry.request


def write_to_group(
    tx: Session, bot: Bot, entry: OutboxEntry, members: list[str], now: datetime
) -> None:
    """A DM each, unless it was decided while the group was asked for; and none to the member."""
    increase = increases.load(tx, answered(entry), lock=True)
    if increase is None or increase.state is not IncreaseState.PENDING:
        return
    about, rendered = subject(increase.id), increase_card(card_of(tx, bot, increase))
    for member in members:
        if member != increase.member.account:
            key, to = f"{about}:dm:{member}", {"person": member}
            messages.post(tx, key, to, rendered, now, subject=about, priority=4)


def show(tx: Session, bot: Bot, increase: Increase, what: str, now: datetime) -> IncreaseCard:
    """The card as it stands now, in every copy; `what` names the step that led to it."""
    card = card_of(tx, bot, increase)
    state = f"{increase.state}:{what}:{now.isoformat()}"
    messages.update_copies(tx, subject(increase.id), state, increase_card(card), now)
    return card


def send(tx: Session, increase: Increase, now: datetime) -> None:
    """What was decided goes to Anthropic, by the transaction that decided it."""
    key = _answer_key(increase.id)
    entry = NewEntry(key, key, key, Lane.INCREASES, KIND, {"increase": increase.id}, priority=3)
    outbox.add(tx, entry, now)


def take_back(tx: Session, increase: Increase, now: datetime) -> None:
    """Nothing is to be sent any more, by an operator either."""
    outbox.supersede(tx, _answer_key(increase.id), "", now)


def is_answer(entry: OutboxEntry) -> bool:
    return entry.lane is Lane.INCREASES


def answered(entry: OutboxEntry) -> int:
    """The increase request that an entry is about."""
    return int(entry.request["increase"])


def tell_nobody_left(tx: Session, bot: Bot, increase: Increase, now: datetime) -> bool:
    """Operators hear that nobody here could decide it; False: they know."""
    card, key = card_of(tx, bot, increase), f"{subject(increase.id)}:nobody"
    note = nobody_note(card) if increase.member.email else nameless_note(card)
    if not messages.tell_operators(tx, bot, key, note, now, subject=key):
        return False
    record(tx, bot, "increase.nobody_left", SYSTEM, increase, now, {})
    return True


def record(
    tx: Session,
    bot: Bot,
    kind: str,
    actor: str,
    increase: Increase,
    now: datetime,
    data: dict[str, object],
) -> None:
    figures = increase.figures
    common: dict[str, object] = {
        "increase": increase.id,
        "request": increase.request,
        "member": asdict(increase.member),
        "period": increase.period,
        "limit": figures.limit,
        "spent": figures.spent,
        "budgets": [one.budget for one in figures.budgets],
        "as_of": figures.seen_at.isoformat(),
        "asked_policy_version": figures.policy_version,
    }
    recording.note(tx, bot, kind, actor, main_budget(figures), {**common, **data}, now)


def _named(bot: Bot, increase: Increase) -> Sequence[PersonRef]:
    refs = (ref for name in lists_of(bot) for ref in bot.policy.approvers[name].people)
    return [ref for ref in dict.fromkeys(refs) if not increase.member.person.is_called(ref)]


def _answer_key(increase_id: int) -> str:
    return f"{subject(increase_id)}:answer"
