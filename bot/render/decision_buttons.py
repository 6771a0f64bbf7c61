"""The buttons of a request that is open: an id and a revision each, and nothing else."""

from datetime import datetime
from zoneinfo import ZoneInfo

from slackblocks import Button, ConfirmationDialogue, PlainText

from bot.domain.money import dollars
from bot.domain.overages import OverageRequest
from bot.domain.terms import Seen
from bot.render.blocks import button, moment


def deciding(request: OverageRequest, budget_name: str, zone: ZoneInfo) -> list[Button]:
    """For whoever may decide. A click is about the revision that stood above it."""
    value, about = _value(request), _about(request, budget_name)
    text = f"{_more(request)} more until {_until(request, zone)} for {budget_name}."
    confirm = _confirm("Approve this overage?", text, "Approve")
    return [
        button("Approve", "request:approve", value, "primary", confirm, f"Approve {about}"),
        button("Approve less…", "request:adjust", value, spoken=f"Approve less of {about}"),
        button("Deny…", "request:deny", value, "danger", spoken=f"Deny {about}"),
        button("Ask…", "request:ask", value, spoken=f"Ask about {about}"),
    ]


def agreeing(request: OverageRequest, donor_name: str, zone: ZoneInfo) -> list[Button]:
    """For the owner of the budget that a transfer takes from."""
    value = _value(request)
    about = f"{_more(request)} less for {donor_name}, request {request.id}"
    text = f"{donor_name} has {_more(request)} less until {_until(request, zone)}."
    confirm = _confirm("Give these dollars?", text, "Agree")
    return [
        button("Agree", "request:approve", value, "primary", confirm, f"Agree to {about}"),
        button("Deny…", "request:deny", value, "danger", spoken=f"Deny {about}"),
        button("Ask…", "request:ask", value, spoken=f"Ask about {about}"),
    ]


def own(request: OverageRequest) -> list[Button]:
    """For whoever asked. What is withdrawn is withdrawn whatever it was changed to."""
    number = request.id
    return [
        button("Change…", "request:amend", _value(request), spoken=f"Change request {number}"),
        button("Withdraw", "request:withdraw", str(number), spoken=f"Withdraw request {number}"),
    ]


def _value(request: OverageRequest) -> str:
    return str(Seen(request.id, request.revision))


def _about(request: OverageRequest, budget_name: str) -> str:
    return f"request {request.id}, {_more(request)} for {budget_name}"


def _more(request: OverageRequest) -> str:
    return dollars(request.amount)


def _until(request: OverageRequest, zone: ZoneInfo) -> str:
    ends_at: datetime = request.ends_at
    return moment(ends_at, zone)


def _confirm(title: str, text: str, yes: str) -> ConfirmationDialogue:
    return ConfirmationDialogue(
        title=PlainText(title),
        text=PlainText(text),
        confirm=PlainText(yes),
        deny=PlainText("Not now"),
    )
