"""An exception that holds: the button that ends it, and the notice that it ends soon."""

from datetime import datetime
from zoneinfo import ZoneInfo

from slackblocks import Button, ConfirmationDialogue, PlainText

from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros, dollars
from bot.domain.standings import Standing
from bot.render.blocks import Rendered, actions, button, escape, message, moment, section
from bot.render.figures import response_of, spent_of_limit


def end_now(request: int, budget_name: str, what_then: str) -> Button:
    """For whoever may end it; they are asked once more, and read what happens then."""
    text = f"{what_then} It can be asked for anew."
    confirm = ConfirmationDialogue(
        title=PlainText("End this exception?"),
        text=PlainText(text[:300]),
        confirm=PlainText("End it"),
        deny=PlainText("Not now"),
    )
    spoken = f"End the exception of request {request} for {budget_name} now"
    return button("End now", "exception:end", str(request), None, confirm, spoken)


def ends_soon(raised: TemporaryRaise, standing: Standing, zone: ZoneInfo) -> Rendered:
    """When it ends, what the limit is then, and what that means at the spend of now."""
    name = escape(standing.budget.name)
    limit = standing.limit or Micros(0)
    then = Micros(limit - raised.extra)
    text = (
        f"{name}: the exception of request #{raised.request} ends "
        f"{moment(raised.ends_at, zone)}. The limit falls from {dollars(limit)} to {dollars(then)}; "
        f"spent {spent_of_limit(standing.spent, then)} of that."
    )
    response = response_of(standing.budget)
    if standing.spent >= then:
        text += f" That is beyond it: then {response}."
    text += " Nothing is extended by itself: who needs more time asks for it."
    extend = button(
        "Ask to extend",
        "request:open",
        standing.budget.id,
        "primary",
        spoken=f"Ask for more for {standing.budget.name}",
    )
    at_once = (
        f"The limit falls to {dollars(then)} at once; spent {spent_of_limit(standing.spent, then)}."
    )
    if standing.spent >= then:
        at_once += f" At that limit {response}."
    end = end_now(raised.request, standing.budget.name, at_once)
    return message(text, section(text, "ends"), actions([extend, end]))


def ended_early(by: str, planned: datetime | None, zone: ZoneInfo) -> str:
    """` (ended early by <@U0DANA>, planned until Mon 30 Nov 00:00)`"""
    until = f", planned until {moment(planned, zone)}" if planned else ""
    return f" (ended early by {by}{until})"
