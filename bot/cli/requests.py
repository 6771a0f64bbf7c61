"""Commands that decide: `requests`, with the same flow and the same refusals as a click in Slack."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import build, reader
from bot.cli.context import moment, os_user, prepare
from bot.cli.looking import drain
from bot.config.settings import Settings
from bot.domain.errors import ConfigError, UserError
from bot.domain.money import dollars
from bot.domain.overages import RequestState, Terms
from bot.domain.policy import Policy
from bot.domain.terms import Seen, seen
from bot.flows import exceptions, overages, requests
from bot.flows.overages import Click, NotDecided
from bot.parts import Bot
from bot.render.blocks import moment as local

requests_app = typer.Typer(
    help="Overage requests that wait, and decisions on them.", invoke_without_command=True
)

Number = Annotated[str, typer.Argument(metavar="ID", help="The number in `requests`.")]
As = Annotated[str, typer.Option("--as", help="Who decides: e-mail address or Slack user id.")]
Amount = Annotated[str | None, typer.Option(help="Less than was asked for, in dollars.")]
Until = Annotated[
    str | None, typer.Option(help="The last day, YYYY-MM-DD, if it is an earlier one.")
]
Reason = Annotated[str | None, typer.Option(help="The requester reads it; a denial needs one.")]


def register(app: typer.Typer) -> None:
    app.add_typer(requests_app, name="requests")


@requests_app.callback()
def requests_alone(context: typer.Context) -> None:
    """Without a word, the list."""
    if context.invoked_subcommand is None:
        list_requests()


@requests_app.command("list")
def list_requests() -> None:
    """The requests that wait for a decision, oldest first."""
    settings, policy = prepare()
    waiting = requests.waiting(reader(settings, policy))
    table = Table("id", "budget", "asked by", "amount", "until", "decided by", "expires", "reason")
    for card in waiting:
        r = card.request
        number = str(Seen(r.id, r.revision)) if r.revision > 1 else str(r.id)
        table.add_row(
            number,
            card.budget_name,
            r.requester,
            dollars(r.amount),
            local(r.ends_at, card.zone),
            card.deciders,
            local(r.expires_at, card.zone),
            r.reason,
        )
    if waiting:
        Console().print(table)
    else:
        print("no request waits for a decision")


@requests_app.command("approve")
def approve(
    number: Number,
    person: As,
    amount: Amount = None,
    until: Until = None,
    reason: Reason = None,
) -> None:
    """Approve, as somebody who may: all that was asked for, or less."""
    _decide(number, person, RequestState.APPROVED, amount, until, reason)


@requests_app.command("deny")
def deny(number: Number, person: As, reason: Reason = None) -> None:
    """Deny, with a reason that the requester reads."""
    if not (reason or "").strip():
        raise UserError("--reason: say in a few words why; the requester reads it")
    _decide(number, person, RequestState.DENIED, None, None, reason)


@requests_app.command("end")
def end(number: Number, person: As) -> None:
    """End an exception before its time, as somebody who may."""
    settings, policy = prepare()
    bot, now = _bot(settings, policy), moment(None, policy)
    request = exceptions.load_request(bot, seen(number.removeprefix("#")).request)
    actor, electorate = overages.who_decides(bot, request, requests.account(bot, person), now)
    origin = Click(os_user=os_user()).origin
    refused = exceptions.end_early(bot, request.id, actor, electorate, now, origin)
    drain(bot, now)
    if refused is not None:
        raise _refused(refused)
    print(f"the exception of request {request.id} is ended")


def _decide(
    number: str,
    person: str,
    outcome: RequestState,
    amount: str | None,
    until: str | None,
    reason: str | None,
) -> None:
    settings, policy = prepare()
    bot, now = _bot(settings, policy), moment(None, policy)
    about = seen(number.removeprefix("#"))
    actor = requests.account(bot, person)
    terms: Terms | NotDecided | None = None
    if amount is not None or until is not None:
        terms = overages.terms_of(bot, about, amount, _day(until), now)
    if isinstance(terms, NotDecided):
        raise _refused(terms.text)
    click = Click(about.revision, terms, os_user=os_user())
    result = overages.decide(bot, about.request, actor, outcome, reason, now, click)
    drain(bot, now)
    if isinstance(result, NotDecided):
        raise _refused(result.text)
    print(
        f"request {about.request} is {result.request.state.value}"
        if isinstance(result, overages.Decided)
        else result.text
    )


def _bot(settings: Settings, policy: Policy) -> Bot:
    reader(settings, policy).db.close()  # where there is no database there is nothing to decide
    return build(settings, policy)


def _refused(text: str) -> typer.Exit:
    """It ran, and nothing was decided."""
    typer.echo(text, err=True)
    return typer.Exit(1)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--until {text!r} is not a day; write it like 2026-11-30") from None
