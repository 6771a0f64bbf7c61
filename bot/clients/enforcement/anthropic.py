"""
Anthropic itself as an enforcement target: keys off and on, slower workspaces, spend limits.

`enforce: {anthropic: {api_key: …, workspace: …, spend_limit: …}}` says what a budget has there:

- `api_key`, ids, names or globs: switched off to block, on again when the budget is let through
- `workspace`, its id or name: its requests per minute are lowered to throttle, and put back
- `spend_limit`, a workspace or a member: the limit in dollars, which Anthropic counts itself
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

from bot.clients.anthropic_admin import AdminError, AdminLine, Deadline
from bot.clients.anthropic_admin.answers import EffectivePage, KeyAnswer, KeyPage, Written
from bot.clients.anthropic_admin.answers import OrganizationAnswer as Organization
from bot.clients.enforcement.answers import Accepted, Answer, Confirmed, Edited, TargetError
from bot.clients.enforcement.anthropic_found import (
    NO_SPEND_LIMITS,
    Found,
    read_amounts,
    read_rates,
)
from bot.clients.enforcement.anthropic_judging import judge
from bot.clients.enforcement.anthropic_names import KEY, Names, Places, read_keys
from bot.clients.enforcement.anthropic_record import Record, read_record
from bot.clients.enforcement.anthropic_spend import is_closed
from bot.clients.enforcement.anthropic_steps import SetSpend, Step, Verdict
from bot.clients.enforcement.orders import Order

# Times the time-out of one request: together within the lease of an outbox entry, 45 s, should an
# attempt have to wait for a look.
_ATTEMPT, _LOOK = 2.0, 1.0
_SNAPSHOT_SECONDS = 30.0
_ONE_BY_ONE = (400, 404, 409, 422)  # refusals of one write, which say nothing of the next


class AnthropicTarget:
    """
    Reads first, writes what differs, and confirms only what it has read back.

    What the bot wrote is remembered in `order.written`. What it is about to write is kept before it
    is written, and handed back as `order.tried` until an order is confirmed: neither an answer that
    was lost nor a bot that was killed makes its own doing look like somebody else's.
    """

    kind = "anthropic"

    def __init__(self, base_url: str, admin_key: str, *, timeout: float = 15.0) -> None:
        with _told():
            self._line = AdminLine(base_url, admin_key, timeout=timeout)
        self._names = Names(self._line)
        self._lock = threading.Lock()
        self._snapshot: tuple[float, Mapping[str, KeyAnswer]] | None = None

    def apply(self, order: Order) -> Answer:
        """
        One attempt; a repeat finds what is already there and writes nothing.

        While something is somebody else's, the bot only undoes its own doing, unless `force` says
        otherwise: nobody stays cut off because of an edit beside it.
        Raises TargetError: permanent with a remedy where people have to act.
        """
        with self._lock, _told():
            deadline = self._line.deadline(_ATTEMPT)
            known = self._known(order)
            verdict, places, found = self._judge(order, known, deadline)
            steps = [step for step in verdict.steps if step.opens() or not verdict.edits]
            if not steps:
                return self._conclude(order, known, verdict)
            known, trouble, closed = self._write(order, known, steps, deadline)
            try:
                found = self._read(order, places, known, deadline)
            except AdminError as error:
                raise trouble or error from None
            if closed:
                found = replace(found, spend=None)
            verdict = self._again(order, places, found, known, deadline)
            return self._conclude(order, known, verdict, trouble)

    def look(self, order: Order) -> Answer:
        """
        What stands there now, nothing written.

        A list of keys may be half a minute old, so a difference is looked at again before it is
        told. Accepted: it differs, but by nobody's edit, such as a key that is new.
        """
        with self._lock, _told():
            deadline = self._line.deadline(_LOOK)
            known = self._known(order)
            verdict, _, _ = self._judge(order, known, deadline, snapshot=True)
            if verdict.edits or verdict.steps or verdict.refused:
                verdict, _, _ = self._judge(order, known, deadline)
            if verdict.edits:
                return _edited(verdict)
            if verdict.refused:
                return Edited(verdict.record.held(), "; ".join(verdict.refused))
            if verdict.steps:
                return Accepted(verdict.said())
            return Confirmed(order.version, verdict.record.held(), verdict.said())

    def check(self) -> str:
        """The organization's name, and that the key may read what is enforced."""
        with _told():
            deadline = self._line.deadline(_ATTEMPT)
            try:
                name = self._line.read(Organization, "me", deadline).name
                self._line.read(KeyPage, "api_keys", deadline, (("limit", "1"),))
            except AdminError as error:
                if error.status != 403:
                    raise
            else:
                return f"{name}: an admin key, which can switch keys and change rate limits"
            effective = "spend_limits/effective"
            self._line.read(EffectivePage, effective, deadline, (("limit", "1"),))
            return "a key with read:spend_limits, for spend limits of members only"

    def close(self) -> None:
        self._line.close()

    def _known(self, order: Order) -> Record:
        """What was tried since something was confirmed, or that."""
        return read_record(order.written if order.tried is None else [order.tried, *order.written])

    def _judge(
        self, order: Order, known: Record, deadline: Deadline, *, snapshot: bool = False
    ) -> tuple[Verdict, Places, Found]:
        verdict = Verdict()
        places = self._names.find(order.refs, verdict, deadline)
        found = self._read(order, places, known, deadline, snapshot=snapshot)
        return judge(order, places, found, known, verdict, self._line.is_own), places, found

    def _again(
        self, order: Order, places: Places, found: Found, known: Record, deadline: Deadline
    ) -> Verdict:
        verdict = Verdict()
        self._names.find(order.refs, verdict, deadline)
        return judge(order, places, found, known, verdict, self._line.is_own)

    def _read(
        self,
        order: Order,
        places: Places,
        known: Record,
        deadline: Deadline,
        *,
        snapshot: bool = False,
    ) -> Found:
        keys: Mapping[str, KeyAnswer] = {}
        if order.refs.get(KEY) or known.ours():
            keys = self._keys(deadline, snapshot=snapshot)
        workspaces = places.workspaces | {workspace for workspace, _ in known.lowered()}
        rates = read_rates(self._line, workspaces, deadline)
        if snapshot and is_closed(places.spend, known):
            return Found(keys, rates, None)
        return Found(keys, rates, read_amounts(self._line, places.spend, deadline))

    def _keys(self, deadline: Deadline, *, snapshot: bool) -> Mapping[str, KeyAnswer]:
        if snapshot and self._snapshot is not None:
            at, keys = self._snapshot
            if monotonic() - at < _SNAPSHOT_SECONDS:
                return keys
        keys = read_keys(self._line, deadline)
        self._snapshot = monotonic(), keys
        return keys

    def _write(
        self, order: Order, known: Record, steps: Sequence[Step], deadline: Deadline
    ) -> tuple[Record, AdminError | None, bool]:
        """
        What is known then, the first trouble, and whether spend limits turned out to be closed.

        One write that is refused does not stop the others; anything else ends the attempt.
        """
        trouble: AdminError | None = None
        closed = False
        self._snapshot = None
        for step in steps:
            if closed and isinstance(step, SetSpend):
                continue
            ahead = step.tried(known)
            order.keep(ahead.held())
            try:
                self._line.write(Written, step.name(), step.body(), deadline)
            except AdminError as error:
                if isinstance(step, SetSpend) and error.code in NO_SPEND_LIMITS:
                    closed = True
                    continue
                if error.in_doubt:
                    known = ahead
                trouble = trouble or error
                if error.in_doubt or error.status not in _ONE_BY_ONE:
                    break
            else:
                known = ahead
        return known, trouble, closed

    def _conclude(
        self, order: Order, known: Record, verdict: Verdict, trouble: AdminError | None = None
    ) -> Answer:
        if verdict.edits:
            order.keep(known.settled(verdict.record).held())
            if trouble is not None:
                raise trouble
            return _edited(verdict)
        if verdict.steps or verdict.refused:
            order.keep(verdict.record.held())
        if verdict.steps:
            raise trouble or TargetError(
                "Anthropic does not show yet what was written", permanent=False
            )
        if verdict.refused:
            raise TargetError("; ".join(verdict.refused), permanent=True)
        return Confirmed(order.version, verdict.record.held(), verdict.said())


def _edited(verdict: Verdict) -> Edited:
    return Edited(verdict.record.held(), "; ".join((*verdict.edits, *verdict.refused)))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AdminError as error:
        raise TargetError(
            error.text,
            permanent=error.permanent,
            status=error.status,
            retry_after=error.retry_after,
        ) from None
