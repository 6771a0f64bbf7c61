"""People as Slack knows them, and who of them may decide."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.budgets import PersonRef


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack account at the moment it was looked up."""

    id: str
    name: str
    email: str | None = None
    team_id: str | None = None
    is_bot: bool = False
    deleted: bool = False
    guest: bool = False
    stranger: bool = False

    def is_called(self, ref: str) -> bool:
        """Whether a name in the policy, a Slack id or an e-mail address, means this person."""
        return ref == self.id or (self.email is not None and ref.lower() == self.email.lower())


class Refusal(StrEnum):
    """Why somebody may not decide; the words reach the row and the person."""

    DEACTIVATED = "a deactivated account cannot decide"
    BOT = "a bot cannot decide"
    OUTSIDER = "only members of this workspace can decide"
    GUEST = "a guest cannot decide"
    OWN_REQUEST = "nobody decides their own request"
    NOT_APPROVER = "you are not on the list of people who may decide this request"


@dataclass(frozen=True, slots=True)
class Electorate:
    """Who may decide a request: per approver list, the people it names and its group's members."""

    lists: tuple[tuple[str, tuple[PersonRef, ...]], ...]

    def lists_of(self, person: Person) -> frozenset[str]:
        return frozenset(
            name for name, refs in self.lists if any(person.is_called(ref) for ref in refs)
        )

    @property
    def everyone(self) -> tuple[PersonRef, ...]:
        """Each once, in the order of the lists."""
        return tuple(dict.fromkeys(ref for _, refs in self.lists for ref in refs))


def refusal(
    person: Person, requester: Person, electorate: Electorate, team_id: str | None
) -> Refusal | None:
    """
    Why `person` may not decide, or None.

    Being on a list is not enough. The requester is compared as a person, so a second account with
    the same e-mail address does not help. The account's state is today's, not the one of the day
    the request was posted.
    """
    if person.deleted:
        return Refusal.DEACTIVATED
    if person.is_bot:
        return Refusal.BOT
    if person.stranger or (team_id and person.team_id and person.team_id != team_id):
        return Refusal.OUTSIDER
    if person.guest:
        return Refusal.GUEST
    if person.id == requester.id or (requester.email and person.is_called(requester.email)):
        return Refusal.OWN_REQUEST
    if not electorate.lists_of(person):
        return Refusal.NOT_APPROVER
    return None


DONOR = "donor"
"""The list of one: the owner of the budget that a transfer takes from."""


def settles(
    votes: Collection[frozenset[str]], lists: Collection[str], *, both: bool, donor: bool = False
) -> bool:
    """
    Whether the approvals given suffice; a vote is the set of lists its voter is on.

    `both` wants a person from each of two lists, and two people: somebody who is on both lists
    counts for one of them. `donor`: whoever gives the dollars has to agree, too, and may be one of
    those who decide.
    """
    if donor and not any(DONOR in vote for vote in votes):
        return False
    deciding = [vote - {DONOR} for vote in votes if vote - {DONOR}]
    if not both:
        return bool(deciding)
    if len(deciding) < len(lists):
        return False
    return _matches(list(lists), deciding)


def _matches(lists: list[str], votes: list[frozenset[str]]) -> bool:
    if not lists:
        return True
    first, rest = lists[0], lists[1:]
    return any(
        first in vote and _matches(rest, votes[:i] + votes[i + 1 :]) for i, vote in enumerate(votes)
    )
