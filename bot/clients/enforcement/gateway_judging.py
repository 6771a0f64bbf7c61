"""Whose a limit at a gateway is, and so what may be written; decides, and neither reads nor writes."""

from dataclasses import dataclass, field

from bot.clients.enforcement.gateway_limits import (
    Found,
    Known,
    SetAmount,
    SetBlocked,
    Step,
    Wanted,
    Words,
)
from bot.domain.money import dollars


@dataclass(slots=True)
class Verdict:
    steps: list[Step] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)  # somebody else's


def judge(found: Found, wanted: Wanted, known: Known, words: Words, *, force: bool) -> Verdict:
    """
    What is left to do at one place, and what is somebody else's there.

    On the first contact a limit is written whatever it was, for the place was named for that. A
    place without any limit is left alone even then: nobody is cut off by a name in a file.
    """
    verdict = Verdict()
    amount = _judge_amount(found, wanted, known, words, force=force)
    if isinstance(amount, str):
        verdict.edits.append(amount)
    blocked = _judge_blocked(found, wanted, known, words, force=force)
    if isinstance(blocked, str):
        verdict.edits.append(blocked)
    steps = [step for step in (amount, blocked) if not isinstance(step, str | None)]
    # never open further than the new limit, and never later than it
    verdict.steps = steps[::-1] if wanted.blocked else steps
    if not force and (guard := _judge_guard(found, known, words)) is not None:
        verdict.edits.append(guard)
    return verdict


def _judge_amount(
    found: Found, wanted: Wanted, known: Known, words: Words, *, force: bool
) -> SetAmount | str | None:
    if found.amount == wanted.amount:
        return None
    if force:
        return SetAmount(found, wanted.amount)
    if found.amount is None:
        return (
            f"{found.name} has no {words.amount} in {words.gateway}, so it is unlimited and was "
            f"left so: give it a {words.amount} of {dollars(wanted.amount)} there"
        )
    if known.is_ours(found.amount):
        return SetAmount(found, wanted.amount)
    return (
        f"{found.name} has {words.amount} {dollars(found.amount)} instead of "
        f"{dollars(wanted.amount)}; somebody changed it in {words.gateway}"
    )


def _judge_guard(found: Found, known: Known, words: Words) -> str | None:
    """What was never as it has to be is not an edit: that is a note of the gateway's."""
    if found.guard is None:
        return None
    name, value = found.guard
    if known.newest.get(name) != value or found.more.get(name) == value:
        return None
    return (
        f"{found.name} has {name} {found.more.get(name)} instead of {value}; somebody changed it "
        f"in {words.gateway}"
    )


def _judge_blocked(
    found: Found, wanted: Wanted, known: Known, words: Words, *, force: bool
) -> SetBlocked | str | None:
    """A block of somebody else's has a reason of theirs, and so has that ours is gone."""
    if found.blocked is None or found.blocked == wanted.blocked:
        return None
    if force or known.switching or _is_our_block(found, known):
        return SetBlocked(found, wanted.blocked)
    if wanted.blocked and not known.states:
        return SetBlocked(found, blocked=True)
    if wanted.blocked:
        return f"{found.name} was let through again by somebody in {words.gateway}"
    return f"{found.name} was blocked by somebody in {words.gateway}"


def _is_our_block(found: Found, known: Known) -> bool:
    """As we left it last; or all of it as we left it once, as after a restored backup."""
    if not known.states:
        return False
    (amount, blocked), *earlier = known.states
    if found.blocked == bool(blocked):
        return True
    return found.amount != amount and (found.amount, found.blocked) in earlier
