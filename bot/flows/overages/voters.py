"""Whether those who have approved before may still decide when the last approval comes."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.clients.slack import DeliveryError
from bot.domain.errors import UserError
from bot.domain.overages import OverageRequest
from bot.domain.people import Electorate, Person, Refusal, refusal
from bot.effects.electors import account, with_ids
from bot.effects.recording import SYSTEM
from bot.flows.overages.outcomes import record
from bot.parts import Bot
from bot.render.blocks import person
from store import votes
from store.votes import Vote

Voters = Mapping[str, Refusal | frozenset[str]]


def voters_of(
    bot: Bot, request: OverageRequest, requester: Person, electorate: Electorate, team: str
) -> Voters:
    """
    Ask Slack, with no transaction open, of each who has approved: the lists they are on, or why not.

    Raises UserError when Slack does not tell: then nothing is decided.
    """
    with bot.db.transaction() as tx:
        given = votes.of(tx, request.id)
    try:
        return {vote.person: _standing(bot, vote, requester, electorate, team) for vote in given}
    except DeliveryError as error:
        raise UserError(
            "Slack did not tell whether those who approved before still may, so nothing was "
            f"decided. Press again in a minute. ({error})"
        ) from None


def _standing(
    bot: Bot, vote: Vote, requester: Person, electorate: Electorate, team: str
) -> Refusal | frozenset[str]:
    voter = account(bot, vote.person)
    if voter is None:
        return Refusal.DEACTIVATED
    lists = ((name, with_ids(bot, voter, refs)) for name, refs in electorate.lists)
    today = Electorate(tuple(lists))
    return refusal(voter, requester, today, team) or today.lists_of(voter)


def strike(
    tx: Session, bot: Bot, request: OverageRequest, voters: Voters, now: datetime
) -> tuple[list[Vote], str]:
    """
    The approvals that still count, by the lists of today, and a word on those that do not.

    An approval that came after the voters were asked about was checked when it was given.
    """
    counting, struck = list[Vote](), list[str]()
    for vote in votes.of(tx, request.id):
        found = voters.get(vote.person, vote.lists)
        if not isinstance(found, Refusal):
            counting.append(Vote(vote.person, found, vote.terms))
            continue
        votes.withdraw(tx, request.id, vote.person)
        data: dict[str, object] = {"voter": vote.person, "why": found.value}
        record(tx, bot, "decision.vote_struck", SYSTEM, request, now, data)
        struck.append(f"The approval of {person(vote.person)} counts no more: {found.value}.")
    return counting, " ".join(struck)
