"""The card of an increase request of Claude Enterprise, and what people are told about it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from slackblocks import Block, Button

from bot.domain.increases import DENY_WARNING, FallsOn, Increase, IncreaseState
from bot.domain.money import Micros, dollars
from bot.render.blocks import (
    Rendered,
    actions,
    button,
    clock_time,
    context,
    escape,
    header,
    message,
    moment,
    one_line,
    person,
    quoted,
    section,
)
from bot.render.figures import spent_of_limit
from bot.render.outcome import with_reason

NO_AMOUNT = (
    "Anthropic passes on no amount and no reason: whoever approves gives the new limit in all."
)
_MOST_BUDGETS = 3


@dataclass(frozen=True, slots=True)
class IncreaseCard:
    """Everything that is shown of an increase request."""

    increase: Increase
    zone: ZoneInfo  # the organization's
    deciders: str  # who may decide, in words
    silent_since: datetime | None = None  # Anthropic fails for so long that people were told


def increase_card(card: IncreaseCard) -> Rendered:
    """The same card everywhere; once it is over it shows the outcome instead of the buttons."""
    i = card.increase
    facts, seen = facts_of(card), _seen(card)
    top: list[Block] = [
        header(f"Increase request #{i.id}: {_name(card)}"),
        section(f"*{facts}*\n{seen}", "facts"),
    ]
    text = f"Increase request #{i.id}. {facts} {seen}"
    if i.state is IncreaseState.PENDING:
        ask = f"{NO_AMOUNT} Decided by {card.deciders}. {DENY_WARNING}"
        return message(f"{text} {ask}", *top, context(ask, "deciders"), actions(_buttons(card)))
    said = outcome(card)
    blocks = [*top, section(said, "outcome")]
    if not i.reason:
        return message(f"{text} {said}", *blocks)
    blocks.append(quoted(f"Reason given: {i.reason}", "decision_reason"))
    return message(f"{text} {said} Reason given: {one_line(i.reason)}", *blocks)


def facts_of(card: IncreaseCard) -> str:
    return f"{who(card.increase)} asks for a higher {card.increase.period} limit in Claude."


def who(increase: Increase) -> str:
    """By their Slack account where they have one, else as Anthropic knows them."""
    member = increase.member
    if member.account:
        return person(member.account)
    name = one_line(member.name or member.id, 100)
    return f"{name} ({one_line(member.email, 254)})" if member.email else name


def outcome(card: IncreaseCard) -> str:
    """What became of it; a tick stands only where Anthropic has confirmed."""
    i = card.increase
    match i.state:
        case IncreaseState.PENDING:
            return f"Waiting for {card.deciders}."
        case IncreaseState.APPROVED | IncreaseState.DENIED:
            return f"{_decided(card)} {_progress(card)}"
        case IncreaseState.ELSEWHERE:
            return f"Decided elsewhere: Anthropic says it was {_said(i)}.{_overruled(card)}"
        case IncreaseState.GONE:
            return f"Gone: {_said(i)}.{_overruled(card)}"


def member_note(card: IncreaseCard) -> Rendered:
    """What the member reads once it is so; Anthropic's own mail knows neither name nor reason."""
    i = card.increase
    text = f"Your request for a higher {i.period} limit in Claude: {outcome(card)}"
    return with_reason(text, i.reason)


def decider_note(card: IncreaseCard) -> Rendered:
    """Whoever decided it here reads that it came too late."""
    text = f"Increase request #{card.increase.id} of {who(card.increase)}: {outcome(card)}"
    return message(text, section(text, "outcome"))


def digest_line(increase: Increase, zone: ZoneInfo) -> str:
    """One line; what Anthropic has not confirmed says so."""
    i = increase
    what, by = f"increase request #{i.id} of {who(i)}", person(i.decided_by or "nobody")
    unsure = "" if i.confirmed_at else ", not confirmed by Anthropic"
    match i.state:
        case IncreaseState.PENDING:
            return f"{what}, since {moment(i.asked_at, zone)}"
        case IncreaseState.APPROVED:
            return f"{what}: approved by {by}, {new_limit(i)}{unsure}"
        case IncreaseState.DENIED:
            return f"{what}: denied by {by}{unsure}"
        case IncreaseState.ELSEWHERE:
            return f"{what}: {_said(i)}, elsewhere"
        case IncreaseState.GONE:
            return f"{what}: gone"


def new_limit(increase: Increase) -> str:
    """`a monthly limit of $700`."""
    return f"a {increase.period} limit of {dollars(increase.granted or Micros(0))}"


def _decided(card: IncreaseCard) -> str:
    i = card.increase
    by = person(i.decided_by or "nobody")
    on = moment(i.decided_at, card.zone) if i.decided_at else "an unknown day"
    if i.state is IncreaseState.DENIED:
        return f"Denied by {by} on {on}."
    return f"Approved by {by} on {on}: {new_limit(i)}."


def _progress(card: IncreaseCard) -> str:
    """Accepted here and confirmed there are two things."""
    i = card.increase
    if i.confirmed_at is not None:
        at = clock_time(i.confirmed_at, card.zone)
        if i.state is IncreaseState.DENIED:
            return f"Anthropic has confirmed the denial ✓ {at}. The limit stays as it is."
        return f"Anthropic has confirmed the new limit ✓ {at}. It holds until somebody changes it."
    if i.refused is not None:
        why = one_line(i.refused, 500).removesuffix(".")
        return f"It is accepted here, and Anthropic refuses it: {why}. The operators were told."
    if card.silent_since is not None:
        since = moment(card.silent_since, card.zone)
        return (
            f"It is accepted here; Anthropic has not answered as it should since {since}, and is "
            "asked again until it does."
        )
    return "It is accepted here and on its way to Anthropic, which has not confirmed it yet."


def _overruled(card: IncreaseCard) -> str:
    """When it was decided here, and came too late there."""
    i = card.increase
    if i.decided_by is None:
        return " Nothing was changed from here."
    what = f"approved {new_limit(i)}" if i.granted is not None else "denied it"
    return f" {person(i.decided_by)} had {what} here; what holds is what stands at Anthropic."


def _said(increase: Increase) -> str:
    return one_line(increase.elsewhere or "nothing is known of it any more", 500).removesuffix(".")


def _name(card: IncreaseCard) -> str:
    member = card.increase.member
    return member.name or member.email or member.id


def _seen(card: IncreaseCard) -> str:
    """The figures that the request was found with."""
    f = card.increase.figures
    limit = dollars(f.limit) if f.limit is not None else "none"
    spent = dollars(f.spent) if f.spent else "$0, or Anthropic could not say"
    return (
        f"Limit now: {limit}. Spent of it so far: {spent}. {_falls_on(f.budgets)} "
        f"Figures as of {moment(f.seen_at, card.zone)}."
    )


def _falls_on(budgets: tuple[FallsOn, ...]) -> str:
    """Which budgets the member's usage falls on, and where they stand; the one with most first."""
    if not budgets:
        return "Which budget their usage falls on is not known."
    parts = [_budget(one) for one in budgets[:_MOST_BUDGETS]]
    more = len(budgets) - len(parts)
    text = "; ".join(parts) + (f"; and {more} more" if more else "")
    if budgets[0].share is None:
        return f"They have used nothing lately that we know of; by the rules it falls on {text}."
    return f"Their usage of the last 30 days falls on {text}."


def _budget(one: FallsOn) -> str:
    share = f" with {dollars(one.share)}" if one.share is not None else ""
    stage = f", {one.stage.word}" if one.stage is not None else ""
    return f"{escape(one.name)}{share} ({spent_of_limit(one.spent, one.limit)}{stage})"


def _buttons(card: IncreaseCard) -> list[Button]:
    i = card.increase
    value, about = str(i.id), f"increase request {i.id} of {_name(card)}"
    return [
        button("Approve…", "increase:approve", value, "primary", spoken=f"Approve {about}"),
        button("Deny…", "increase:deny", value, "danger", spoken=f"Deny {about}"),
    ]
