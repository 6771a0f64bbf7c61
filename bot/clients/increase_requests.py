"""
The queue of spend-limit increase requests of a Claude Enterprise organization.

A member who has reached a limit presses a button in claude.ai; an administrator decides there, or
here. The request carries no amount and no reason: what to grant is the approver's to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from pydantic import AwareDatetime

from bot.clients.anthropic_admin import AdminError, AdminLine, Deadline
from bot.clients.anthropic_admin.answers import (
    EffectiveAnswer,
    EffectivePage,
    SpendLimitAnswer,
)
from bot.clients.usage.answers import Answer, Cents, ReportPage
from bot.domain.money import MICROS_PER_CENT, Micros, dollars, micros_from_cents

Period = Literal["daily", "weekly", "monthly"]
Status = Literal["pending", "approved", "denied"]
_NAME = "spend_limit_increase_requests"
_ATTEMPT = 2.0  # times the time-out of one request
_DECIDED = (400, 409)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the organization; name and address are None when the account is gone."""

    id: str
    name: str | None = None
    email: str | None = None
    deleted: bool = False
    is_key: bool = False  # a key that acts for the organization, such as the bot's

    def said(self) -> str:
        if self.is_key:
            return f"the key {self.id}"
        return self.name or self.email or self.id


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What the member may spend in a period and has spent, while the request is pending.

    `limit` is None when nothing caps them. `spent` of 0 may also mean that Anthropic could not
    say. `source` is the kind of limit that holds: `user`, `rbac_group`, `seat_tier`, ….
    """

    limit: Micros | None
    spent: Micros
    source: str


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    id: str
    status: Status
    period: Period
    created_at: datetime
    requester: Person
    resolved_at: datetime | None = None
    resolved_by: Person | None = None
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """The request as it stands now, and the member's limit that was written by it."""

    request: IncreaseRequest
    limit: Micros | None


@dataclass(frozen=True, slots=True)
class AlreadyResolved:
    """Somebody else was first, here or in claude.ai; nothing was changed."""

    request: IncreaseRequest

    def said(self) -> str:
        by, at = self.request.resolved_by, self.request.resolved_at
        who = f" by {by.said()}" if by is not None else ""
        when = f" at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else ""
        return f"already {self.request.status}{who}{when}"


class IncreaseRequests:
    """
    Needs a key with `read:spend_limits`, and with `write:spend_limits` to decide.

    Everything raises AdminError; one that is `in_doubt` may have been carried out, and a repeat
    finds that out. Anthropic takes 60 requests a minute for all spend limits together.
    """

    def __init__(self, base_url: str, key: str, *, timeout: float = 15.0) -> None:
        self._line = AdminLine(base_url, key, timeout=timeout)

    def pending(self) -> tuple[IncreaseRequest, ...]:
        """Every pending request, the newest first; those of members who left are not told."""
        deadline = self._line.deadline(_ATTEMPT)
        asked = (("status[]", "pending"), ("limit", "100"))
        pages = self._line.walk(_Page, _NAME, deadline, asked)
        return tuple(_request(item) for page in pages for item in page.data)

    def retrieve(self, id_: str) -> IncreaseRequest:
        return self._retrieve(id_, self._line.deadline(_ATTEMPT))

    def approve(
        self, id_: str, amount: Micros, *, period: Period | None = None, notify: bool = True
    ) -> Approved | AlreadyResolved:
        """
        Sets the member's limit to `amount` in all, in whole cents, for the period they hit.

        It is a standing limit of their own, in place of what they inherited: whoever grants it for
        a time has to put it back (APPROVE_WARNING in bot.domain.increases). With `notify` Anthropic mails the member.
        """
        cents, rest = divmod(amount, MICROS_PER_CENT)
        if amount < 0 or rest:
            raise ValueError(f"not a whole number of cents: {dollars(amount)}")
        body: dict[str, object] = {"amount": str(cents)}
        if period is not None:
            body["period"] = period
        answer = self._decide(id_, "approve", _quiet(body, notify=notify))
        if isinstance(answer, AlreadyResolved):
            return answer
        limit = answer.spend_limit.amount if answer.spend_limit is not None else None
        return Approved(_request(answer), None if limit is None else micros_from_cents(limit))

    def deny(self, id_: str, *, notify: bool = True) -> IncreaseRequest | AlreadyResolved:
        """
        Leaves the member's limit as it is. A repeat is harmless.

        Anthropic then hides the member's button for 30 days, so they cannot ask again
        (DENY_WARNING in bot.domain.increases is shown before). One that was approved cannot be
        denied any more: AlreadyResolved.
        """
        answer = self._decide(id_, "deny", _quiet({}, notify=notify))
        return answer if isinstance(answer, AlreadyResolved) else _request(answer)

    def carried_out(self, request: IncreaseRequest, status: Status, amount: Micros | None) -> bool:
        """
        Whether a resolved request is as it was decided here, after an answer that was lost.

        A key has decided it alike, and of an approval the member's limit is that amount: Anthropic
        tells it with the approval and never again, so it is read where it holds.
        """
        by = request.resolved_by
        if request.status != status or by is None or not by.is_key:
            return False
        return status == "denied" or self._limit_of(request) == amount

    def check(self) -> str:
        """One line for `doctor`."""
        return f"Anthropic answers, {len(self.pending())} pending"

    def close(self) -> None:
        self._line.close()

    def _limit_of(self, request: IncreaseRequest) -> Micros | None:
        """What the member may spend in the period they hit; None: without a limit, or not told."""
        deadline = self._line.deadline(_ATTEMPT)
        asked = (("user_ids[]", request.requester.id), ("period[]", request.period))
        pages = self._line.walk(EffectivePage, "spend_limits/effective", deadline, asked)
        rows = [row for page in pages for row in page.data if row.period == request.period]
        amount = rows[0].amount if rows else None
        return None if amount is None else micros_from_cents(amount)

    def _decide(self, id_: str, verb: str, body: Mapping[str, object]) -> "_Item | AlreadyResolved":
        """A refusal is looked at once more: usually somebody else has decided."""
        deadline = self._line.deadline(_ATTEMPT)
        try:
            return self._line.write(_Item, f"{_NAME}/{_id(id_)}/{verb}", body, deadline)
        except AdminError as error:
            if error.status not in _DECIDED:
                raise
            request = self._retrieve(id_, deadline)
            if request.status == "pending":
                raise
            return AlreadyResolved(request)

    def _retrieve(self, id_: str, deadline: Deadline) -> IncreaseRequest:
        return _request(self._line.read(_Item, f"{_NAME}/{_id(id_)}", deadline))


class _Actor(Answer):
    type: str
    user_id: str | None = None
    scoped_api_key_id: str | None = None
    name: str | None = None
    email_address: str | None = None
    deleted: bool = False


class _Summary(EffectiveAnswer):
    period_to_date_spend: Cents


class _Item(Answer):
    id: str
    status: Status
    period: Period
    created_at: AwareDatetime
    actor: _Actor
    resolved_at: AwareDatetime | None = None
    resolved_by: _Actor | None = None
    spend_summary: _Summary | None = None
    spend_limit: SpendLimitAnswer | None = None


class _Page(ReportPage):
    data: list[_Item]


def _request(item: _Item) -> IncreaseRequest:
    return IncreaseRequest(
        id=item.id,
        status=item.status,
        period=item.period,
        created_at=item.created_at,
        requester=_person(item.actor),
        resolved_at=item.resolved_at,
        resolved_by=None if item.resolved_by is None else _person(item.resolved_by),
        summary=None if item.spend_summary is None else _summary(item.spend_summary),
    )


def _person(actor: _Actor) -> Person:
    if actor.user_id is None:
        return Person(actor.scoped_api_key_id or actor.type, is_key=True)
    return Person(actor.user_id, actor.name, actor.email_address, actor.deleted)


def _summary(row: _Summary) -> Summary:
    if row.currency != "USD":
        raise AdminError(
            f"the organization is billed in {row.currency}, and budgets are in dollars: decide "
            "this request in claude.ai",
            permanent=True,
        )
    limit = None if row.amount is None else micros_from_cents(row.amount)
    return Summary(limit, micros_from_cents(row.period_to_date_spend), row.source.type)


def _quiet(body: dict[str, object], *, notify: bool) -> dict[str, object]:
    return body if notify else {**body, "suppress_notification": True}


def _id(text: str) -> str:
    if not text:
        raise ValueError("an increase request has an id")
    return quote(text, safe="")
