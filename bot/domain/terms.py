"""What an approval is of: less than was asked for, or for a shorter time, never more."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import UserError
from bot.domain.money import dollars, parse_amount
from bot.domain.overages import LAST_DAY, Draft, OverageRequest, Terms
from bot.domain.periods import midnight


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it was shown to somebody: a click is about that, and about nothing newer."""

    request: int
    revision: int = 1

    def __str__(self) -> str:
        """As a button carries it: `42.2`."""
        return f"{self.request}.{self.revision}"


def seen(text: str) -> Seen:
    """What a button carries; of an older one, `42`, the first revision. 0: not made by us."""
    number, _, revision = text.partition(".")
    return Seen(_whole(number), _whole(revision) if "." in text else 1)


@dataclass(frozen=True, slots=True)
class Changed:
    """When the requester changed a request, and what it was for before that."""

    at: datetime
    before: Terms


def _whole(text: str) -> int:
    # isdecimal, because "²" is a digit; nine of them, because an id is a 32-bit number.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def least(terms: Iterable[Terms]) -> Terms:
    """What several people have all approved: the smallest amount, to the earliest end."""
    given = list(terms)
    return Terms(min(t.amount for t in given), min(t.ends_at for t in given))


def last_day(ends_at: datetime, zone: ZoneInfo) -> date:
    """The last day on which something holds that ends then."""
    return (ends_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()


def with_its_end(
    drafted: Draft, request: OverageRequest, day: date | None, zone: ZoneInfo
) -> Draft:
    """
    A change that names the same last day keeps the very end.

    The longest term the policy allows ends at a moment, and that moment moves on with the clock.
    """
    same = day is not None and day == last_day(request.ends_at, zone)
    return replace(drafted, ends_at=request.ends_at) if same else drafted


def at_most(
    request: OverageRequest, amount_text: str, day: date | None, zone: ZoneInfo, now: datetime
) -> Terms:
    """
    What somebody wants to approve of a request; no `day`: to the end that was asked for.

    Raises:
        UserError: for more or longer than was asked for, for nothing, or for a time that is over;
            names the field, `amount` or `ends_at`.
    """
    try:
        amount = parse_amount(amount_text)
    except ValueError as error:
        raise UserError(f"“{amount_text.strip()[:40]}” is not {error}.", "amount") from None
    if amount > request.amount:
        raise UserError(
            f"{dollars(request.amount)} was asked for; an approval may be of less, not of more.",
            "amount",
        )
    return Terms(amount, _end(request, day, zone, now))


def _end(request: OverageRequest, day: date | None, zone: ZoneInfo, now: datetime) -> datetime:
    asked = last_day(request.ends_at, zone)
    if day is None or day == asked:
        return request.ends_at
    if day > asked:
        raise UserError(
            f"It was asked for until {asked:%a %-d %b %Y}; "
            "an approval may be for a shorter time, not for a longer one.",
            "ends_at",
        )
    # The calendar itself has a last day, and a form may be sent with it.
    ends_at = midnight(min(day, LAST_DAY) + timedelta(days=1), zone)
    if ends_at <= now:
        raise UserError("That day is over; the last day has to be today or later.", "ends_at")
    return ends_at
