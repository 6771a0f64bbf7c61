"""Reads a target's answer: confirmed, accepted, newer, or an error that says if it is final."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.enforcement.answers import Accepted, Answer, Confirmed, Newer, TargetError

_PASSING = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a body states: which version of which budget."""

    budget: str
    version: int


def read_sent(body: bytes) -> Sent:
    data = json.loads(body)["data"]
    return Sent(str(data["budget"]), int(data["version"]))


def judge_answer(sent: Sent, status: int, body: bytes, retry_after: float | None) -> Answer:
    """
    Only the version that was sent, held for the budget that was sent, confirms.

    409 is how a target says that it holds a newer one. Other 4xx are final, except those that ask
    for patience; a redirect is final too, because a signed body goes nowhere but to its target.
    """
    held = _read_held(body, sent.budget)
    if 200 <= status < 300:
        if held is None:
            return Accepted()
        return _compare(sent, status, held)
    if status == 409 and held is not None:
        return _compare(sent, status, held)
    permanent = 300 <= status < 500 and status not in _PASSING
    text = body[:200].decode(errors="replace").strip()
    said = f": {' '.join(text.split())}" if text else ""
    raise TargetError(
        f"the target answered {status}{said}",
        permanent=permanent,
        status=status,
        retry_after=None if permanent else retry_after,
    )


def _compare(sent: Sent, status: int, held: Mapping[str, object]) -> Answer:
    version = held["version"]
    assert isinstance(version, int)  # noqa: S101 - read_held let only those through
    if version == sent.version:
        return Confirmed(version, held)
    if version > sent.version:
        return Newer(version)
    raise TargetError(f"the target still holds version {version}", permanent=False, status=status)


def _read_held(body: bytes, budget: str) -> Mapping[str, object] | None:
    """`{"budget": …, "version": …}` about this budget; anything else says nothing about it."""
    try:
        held = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(held, dict) or held.get("budget") != budget:
        return None
    version = held.get("version")
    return held if isinstance(version, int) and not isinstance(version, bool) else None
