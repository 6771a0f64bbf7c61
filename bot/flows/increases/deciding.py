"""Deciding on an increase request: exactly once, by whoever may, and then Anthropic is told."""

from datetime import datetime

from bot.domain.increases import MAX_REASON, Increase, IncreaseState
from bot.domain.money import Micros
from bot.domain.people import Person, Refusal, refusal
from bot.domain.places import Place
from bot.effects import increases as effects
from bot.flows.increases.electorate import electorate_of
from bot.flows.increases.looking import load, why_over
from bot.parts import Bot
from bot.render.card import deciders_text
from store import increases

CANNOT_TELL = (
    "Nobody can say that it is not you who asks: Anthropic tells no e-mail address of theirs, or "
    "Slack none of yours. Decide it in claude.ai."
)


def approve(
    bot: Bot,
    increase_id: int,
    actor_id: str,
    limit: Micros,
    words: str | None,
    now: datetime,
    place: Place | None = None,
) -> str | None:
    """As `_decide`; `limit` is the new one in all, and stands until somebody changes it."""
    approved = IncreaseState.APPROVED
    return _decide(bot, increase_id, actor_id, approved, limit, words, now, place)


def deny(
    bot: Bot,
    increase_id: int,
    actor_id: str,
    reason: str,
    now: datetime,
    place: Place | None = None,
) -> str | None:
    return _decide(bot, increase_id, actor_id, IncreaseState.DENIED, None, reason, now, place)


def _decide(
    bot: Bot,
    increase_id: int,
    actor_id: str,
    outcome: IncreaseState,
    limit: Micros | None,
    words: str | None,
    now: datetime,
    place: Place | None,
) -> str | None:
    """
    None: this decided; else why it did not.

    Who decides is asked of Slack now. Then one transaction locks the request, checks the right to
    decide, sets the outcome if nobody has, and writes what goes to Anthropic: a crash loses neither.

    Raises:
        UserError: unknown, or Slack did not tell who somebody is.
    """
    with bot.db.transaction() as tx:
        looked = load(tx, increase_id)
        if (over := why_over(tx, bot, looked)) is not None:
            return over
    actor, member, electorate, team = electorate_of(bot, looked, actor_id, now)
    origin: dict[str, object] = {"message_link": place.link} if place else {}
    with bot.db.transaction() as tx:
        increase = load(tx, increase_id, lock=True)
        if (over := why_over(tx, bot, increase)) is not None:
            return over
        refused = refusal(actor, member, electorate, team)
        if refused is not None or not _differ(increase, actor, member):
            why = refused.value if refused else "the member cannot be told from whoever decides"
            data = {"why": why, **origin}
            effects.record(tx, bot, "increase.decision_refused", actor.id, increase, now, data)
            return _refused_text(bot, increase, refused) if refused else CANNOT_TELL
        said = words[:MAX_REASON] if words else None
        if not increases.decide(tx, increase_id, outcome, actor.id, limit, said, now, place):
            return why_over(tx, bot, load(tx, increase_id))
        decided = load(tx, increase_id)
        effects.send(tx, decided, now)
        effects.show(tx, bot, decided, "decided", now)
        data = {"granted": limit, "reason": said, **origin}
        effects.record(tx, bot, f"increase.{outcome.value}", actor.id, decided, now, data)
    bot.wake()
    return None


def _differ(increase: Increase, actor: Person, member: Person) -> bool:
    """Whether it is known that two people are two: by their addresses, or by their accounts."""
    has_account = member.id != increase.member.id
    return member.email is not None and (actor.email is not None or has_account)


def _refused_text(bot: Bot, increase: Increase, refused: Refusal) -> str:
    text = f"Increase request #{increase.id}: {refused.value}."
    if refused is Refusal.NOT_APPROVER:
        text += f" Who may: {deciders_text(effects.lists_of(bot), both=False)}."
    return text
