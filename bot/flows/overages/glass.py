"""Breaking the glass: asked for, granted and told to everybody concerned in one transaction."""

from datetime import datetime

from sqlmodel import Session

from bot.clients.slack import DeliveryError
from bot.domain.budgets import Budget
from bot.domain.errors import UserError
from bot.domain.glass import HOUR, Wanted, check_owner, draft_glass, glass_of, most_behind_glass
from bot.domain.money import dollars
from bot.domain.overages import OWNER, OverageRequest, RequestKind, RequestState
from bot.domain.people import Electorate, Person, Refusal, refusal
from bot.effects import glass as glass_effects
from bot.effects import recording
from bot.flows.overages.outcomes import Asked, close, record
from bot.parts import Bot
from bot.render.blocks import moment
from bot.render.blocks import person as mention
from bot.render.glass import View, glass_modal
from bot.render.outcome import requester_note
from store import overages, people, standings

NOBODY = Person("", "")  # whose request it is does not matter: it is one's own, by the policy


def glass_form(bot: Bot, budget: Budget, asker_id: str, now: datetime) -> View:
    """
    The form, for whoever may send it.

    Raises:
        UserError: the budget is not critical, somebody else asks, or it was broken already.
    """
    glass = glass_of(budget)
    with bot.db.transaction() as tx:
        check_owner(budget, people.find(tx, asker_id) or Person(asker_id, asker_id))
        standing = standings.gather(tx, bot.policy, now, [budget.id])[budget.id]
        before = overages.by_trigger(tx, _trigger(standing.budget, standing.period.starts_at))
    if before is not None:
        raise UserError(_broken_already(before, budget), "amount")
    return glass_modal(
        budget.id, budget.name, dollars(most_behind_glass(standing)), glass.max_term // HOUR
    )


def break_glass(bot: Bot, budget: Budget, actor_id: str, wanted: Wanted, now: datetime) -> Asked:
    """
    The owner's own raise: recorded, granted and shouted, once in a period.

    Who somebody is, is asked of Slack now, as for a decision: this is one. The trigger is the
    period's, and the database takes it once; sent twice, the same answer comes twice.

    Raises:
        UserError: who may not, what the policy does not allow, or that it was broken already; the
            record has it, too.
    """
    try:
        return _break(bot, budget, actor_id, wanted, now)
    except UserError as error:
        with bot.db.transaction() as tx:
            recording.refused(tx, bot, "break glass", actor_id, budget.id, error.text, now)
        raise


def _break(bot: Bot, budget: Budget, actor_id: str, wanted: Wanted, now: datetime) -> Asked:
    glass_of(budget)
    person = _checked(bot, budget, actor_id)
    with bot.db.transaction() as tx:
        people.remember(tx, person.id, person, now)
        standing = standings.gather(tx, bot.policy, now, [budget.id])[budget.id]
        drafted = draft_glass(standing, person, wanted, bot.policy.version, now)
        trigger = _trigger(budget, standing.period.starts_at)
        kind = RequestKind.BREAK_GLASS
        request = overages.add(tx, drafted, trigger, None, now, kind=kind)
        if request is None:
            return _again(tx, bot, budget, trigger, person, drafted.amount, drafted.reason)
        data: dict[str, object] = {
            "reason": drafted.reason,
            "allowed": most_behind_glass(standing),
        }
        record(tx, bot, "break_glass", person.id, request, now, data, standing)
        by = (person.id,)
        broken = close(tx, bot, request, RequestState.APPROVED, by, drafted.reason, now)
        if broken is None:
            raise UserError("It was not granted; try again.", "amount")
        glass_effects.shout(tx, bot, broken, budget, now)
        text = requester_note(glass_effects.card_of(tx, bot, broken)).text
    bot.wake()
    return Asked(broken, text)


def _checked(bot: Bot, budget: Budget, actor_id: str) -> Person:
    try:
        person, team = bot.slack.person(actor_id), bot.slack.team_id()
    except DeliveryError as error:
        raise UserError(
            f"Slack did not tell who you are, so nothing was granted. Try again in a minute. "
            f"({error})",
            "amount",
        ) from None
    owners = (budget.owner, *([budget.backup] if budget.backup else []))
    refused = refusal(person, NOBODY, Electorate(((OWNER, owners),)), team)
    if refused is not None and refused is not Refusal.NOT_APPROVER:  # the draft says who may
        raise UserError(f"Nothing was granted: {refused.value}.", "amount")
    return person


def _again(
    tx: Session, bot: Bot, budget: Budget, trigger: str, person: Person, amount: int, reason: str
) -> Asked:
    """Sent twice it is one; another one has to wait for the next period."""
    before = overages.by_trigger(tx, trigger)
    if before is None:
        raise UserError("It was not granted; try again.", "amount")
    if (before.requester, before.amount, before.reason) != (person.id, amount, reason):
        raise UserError(_broken_already(before, budget), "amount")
    return Asked(before, requester_note(glass_effects.card_of(tx, bot, before)).text)


def _broken_already(before: OverageRequest, budget: Budget) -> str:
    at = moment(before.asked_at, budget.time_zone)
    return (
        f"The glass of {budget.name} was broken already in this period: request #{before.id}, by "
        f"{mention(before.requester)}, {at}. Ask for more instead."
    )


def _trigger(budget: Budget, starts_at: datetime) -> str:
    return f"glass:{budget.id}:{starts_at.astimezone(budget.time_zone).date()}"
