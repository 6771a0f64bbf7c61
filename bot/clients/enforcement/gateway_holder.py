"""Holds orders at a gateway that counts spend itself: read, judge, write, read back."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from bot.clients.enforcement.answers import Accepted, Answer, Confirmed, Edited, TargetError
from bot.clients.enforcement.gateway_judging import Verdict, judge
from bot.clients.enforcement.gateway_limits import (
    Found,
    Known,
    Place,
    SetAmount,
    Step,
    Wanted,
    Words,
    shown,
)
from bot.clients.enforcement.gateway_memory import known_at, note, noted, remember
from bot.clients.enforcement.orders import Held, Order
from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Mode
from bot.domain.money import Micros

# Times the time-out of one request: together within the lease of an outbox entry, 45 s, should an
# attempt have to wait for a look.
MOST_TRIED = 10
ATTEMPT, LOOK = 2.0, 1.0


class Gateway(Protocol):
    @property
    def words(self) -> Words: ...

    @property
    def kinds(self) -> Sequence[str]:
        """What `enforce` may name there."""
        ...

    @property
    def least(self) -> Micros:
        """The smallest limit it can hold."""
        ...

    def ends(self, times: float) -> float: ...

    def read(self, place: Place, ends: float) -> Found: ...

    def write(self, step: Step, ends: float) -> None: ...

    def explain(self, order: Order, found: Sequence[Found]) -> Iterable[str]:
        """What people have to know about what is held."""
        ...


@dataclass(frozen=True, slots=True)
class _State:
    found: Sequence[Found]
    verdict: Verdict


class Holder:
    """
    Confirms only what it has read back, and leaves alone what somebody else wrote.

    What was confirmed is in `order.written`. What is about to be written is kept before it is, and
    handed back as `order.tried` until something is confirmed: neither an answer that was lost nor a
    bot that was killed makes its own limit look like somebody else's.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._tried: dict[tuple[BudgetId, Place], Known] = {}

    def apply(self, order: Order) -> Answer:
        """
        One attempt; a repeat finds what is already there and writes nothing.

        While something is somebody else's, the bot only takes its own blocks away, unless `force`
        says otherwise: nobody stays cut off because of an edit beside it.
        """
        with self._lock:
            ends = self._gateway.ends(ATTEMPT)
            state = self._judge(order, ends)
            steps = [s for s in state.verdict.steps if not state.verdict.edits or _opens(s)]
            trouble = self._write(order, steps, ends)
            if steps:
                try:
                    state = self._judge(order, ends)
                except TargetError as error:
                    raise trouble or error from None
            return self._conclude(order, state, trouble)

    def look(self, order: Order) -> Answer:
        """What stands there now. Accepted: it differs, but by nobody's edit."""
        with self._lock:
            state = self._judge(order, self._gateway.ends(LOOK))
            held = self._held(order, state)
            if state.verdict.edits:
                return Edited(held, "; ".join(state.verdict.edits))
            if state.verdict.steps:
                return Accepted()
            return Confirmed(order.version, held, "; ".join(self._notes(order, state)))

    def _judge(self, order: Order, ends: float) -> _State:
        gateway, verdict = self._gateway, Verdict()
        wanted = Wanted(max(order.limit, gateway.least), order.mode is Mode.BLOCK)
        found = [self._read(place, ends) for place in _places(order, gateway)]
        for each in found:
            known = self._known(each.place, order)
            one = judge(each, wanted, known, gateway.words, force=order.force)
            verdict.steps += one.steps
            verdict.edits += one.edits
        return _State(found, verdict)

    def _known(self, place: Place, order: Order) -> Known:
        written = known_at(place, order, self._gateway.words)
        tried = self._tried_at(place, order)
        return replace(tried, states=written.states, newest=written.newest)

    def _tried_at(self, place: Place, order: Order) -> Known:
        """By this process, and as it was kept, perhaps by another."""
        here, kept = self._tried.get((order.budget, place), Known()), noted(place, order)
        tried = tuple(dict.fromkeys((*kept.tried, *here.tried)))[:MOST_TRIED]
        seen = here.seen if kept.seen is None else kept.seen
        return Known(tried=tried, seen=seen, switching=here.switching or kept.switching)

    def _read(self, place: Place, ends: float) -> Found:
        with _about(place):
            return self._gateway.read(place, ends)

    def _write(self, order: Order, steps: Sequence[Step], ends: float) -> TargetError | None:
        """The first trouble; what is refused at one place does not stop the others."""
        trouble: TargetError | None = None
        for step in steps:
            place = step.found.place
            tried = self._tried_at(place, order).after(step, force=order.force)
            self._tried[order.budget, place] = tried
            mine = {
                at: known for (budget, at), known in self._tried.items() if budget == order.budget
            }
            order.keep(note(mine))
            try:
                with _about(step.found.place):
                    self._gateway.write(step, ends)
            except TargetError as error:
                trouble = trouble or error
                if not error.permanent:
                    break
        return trouble

    def _conclude(self, order: Order, state: _State, trouble: TargetError | None) -> Answer:
        held = self._held(order, state)
        if state.verdict.edits:
            return Edited(held, "; ".join(state.verdict.edits))
        if state.verdict.steps:
            if trouble is not None:
                raise trouble
            gateway = self._gateway.words.gateway
            raise TargetError(f"{gateway} does not show yet what was written", permanent=False)
        for each in state.found:
            key = (order.budget, each.place)
            if key in self._tried:
                self._tried[key] = self._tried[key].confirmed()
        note = "; ".join([*self._notes(order, state), self._gateway.words.slow])
        return Confirmed(order.version, held, note)

    def _held(self, order: Order, state: _State) -> Held:
        found = ((each, self._known(each.place, order)) for each in state.found)
        return remember(found, self._gateway.words)

    def _notes(self, order: Order, state: _State) -> Sequence[str]:
        gateway = self._gateway
        of_places = [note for found in state.found for note in found.notes]
        return [*_explain(order, gateway.words), *gateway.explain(order, state.found), *of_places]


def _explain(order: Order, words: Words) -> Iterator[str]:
    """A limit that the gateway counts itself refuses at the limit, whatever the budget's response."""
    if order.at_limit is AtLimit.THROTTLE or order.mode is Mode.THROTTLE:
        yield f"{words.amount} cannot throttle: {words.gateway} refuses at the limit"
    elif order.at_limit is AtLimit.NOTIFY:
        yield f"{words.gateway} refuses at the limit by itself, although at_limit is notify"


def _places(order: Order, gateway: Gateway) -> Sequence[Place]:
    places = [(kind, name) for kind, names in order.refs.items() for name in names]
    there = gateway.words.gateway
    if not places:
        raise TargetError(f"`enforce` names nothing at {there}", permanent=True)
    for kind, _ in places:
        if kind not in gateway.kinds:
            text = f"{kind} is nothing that {there} can hold: check `enforce`"
            raise TargetError(text, permanent=True)
    return places


def _opens(step: Step) -> bool:
    return not isinstance(step, SetAmount) and not step.blocked


@contextmanager
def _about(place: Place) -> Iterator[None]:
    """Says in an error which of the names it is about."""
    try:
        yield
    except TargetError as error:
        raise TargetError(
            f"{shown(place)}: {error.text}",
            permanent=error.permanent,
            status=error.status,
            retry_after=error.retry_after,
        ) from None
