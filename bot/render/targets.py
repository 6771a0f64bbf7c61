"""Enforcement targets in words: who has confirmed, who has only accepted, who does not answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, WEBHOOK
from bot.render.blocks import clock_time, escape, one_line

ONLY = "the enforcement target"
_TITLES = {WEBHOOK: "the webhook", LITELLM: "LiteLLM", MLFLOW: "MLflow", ANTHROPIC: "Anthropic"}


@dataclass(frozen=True, slots=True)
class Follower:
    """How far one target has followed a version of a budget's limit state."""

    kind: str
    confirmed: bool = False
    accepted: bool = False
    note: str = ""
    edited: str = ""  # somebody else changed it there: what was found
    silent_since: datetime | None = None  # it fails for so long that people were told
    refused: str = ""  # for good, with what it said

    @property
    def is_plain(self) -> bool:
        """On its way, and there is nothing else to say of it."""
        return not (
            self.confirmed or self.accepted or self.edited or self.silent_since or self.refused
        )


def title(kind: str) -> str:
    return _TITLES.get(kind, escape(kind))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def on_its_way(what: str, followers: Sequence[Follower], zone: ZoneInfo) -> str:
    """A sentence about a new limit that not every target has confirmed."""
    if all(f.is_plain for f in followers):
        return f"The {what}, is on its way to {_who(followers, followers)}."
    if all(f.accepted and not f.confirmed and not _trouble(f, followers, zone) for f in followers):
        verb = "has" if len(followers) == 1 else "have"
        who = capital(_who(followers, followers))
        return f"{who} {verb} accepted the {what}, and {verb} not confirmed it yet."
    return f"The {what}: {'; '.join(_clauses(followers, zone))}."


def waited_for(followers: Sequence[Follower], zone: ZoneInfo) -> str:
    """Who has not confirmed that an exception is over."""
    waiting = [f for f in followers if not f.confirmed] or list(followers)
    trouble = [clause for f in waiting if (clause := _trouble(f, followers, zone))]
    return "; ".join([f"waiting for {_who(waiting, followers)} to confirm", *trouble])


def notes(followers: Sequence[Follower]) -> str:
    """What people have to know about targets that have confirmed, or nothing."""
    said = [f"{capital(title(f.kind))}: {one_line(f.note)}" for f in followers if f.note]
    return f" ({'; '.join(said)})" if said else ""


def standing_lines(followers: Sequence[Follower], zone: ZoneInfo) -> list[str]:
    """For `/budget status`: a line for each target that is not known to hold the limit."""
    lines = []
    for f in followers:
        who = _who([f], followers)
        if f.edited:
            lines.append(f"{who} holds something else: {one_line(f.edited, 300)}")
        elif (clause := _trouble(f, followers, zone)) is not None:
            lines.append(clause)
        elif f.accepted and not f.confirmed:
            lines.append(f"{who} has accepted this limit and has not confirmed it yet")
        elif not f.confirmed:
            lines.append(f"{who} has not confirmed this limit yet")
    return lines


def _clauses(followers: Sequence[Follower], zone: ZoneInfo) -> list[str]:
    clauses = []
    for f in followers:
        who = _who([f], followers)
        if trouble := _trouble(f, followers, zone):
            clauses.append(trouble)
        elif f.confirmed:
            clauses.append(f"{who} has confirmed it")
        elif f.accepted:
            clauses.append(f"{who} has accepted it and not confirmed it yet")
        else:
            clauses.append(f"it is on its way to {who}")
    return clauses


def _trouble(f: Follower, followers: Sequence[Follower], zone: ZoneInfo) -> str | None:
    who = _who([f], followers)
    if f.edited:
        return f"{who} was left as it is, because somebody else changed it there"
    if f.silent_since:
        return f"{who} has not answered since {clock_time(f.silent_since, zone)}"
    if f.refused:
        return f"{who} has refused it, and the operators were told"
    return None


def _who(some: Sequence[Follower], followers: Sequence[Follower]) -> str:
    """`LiteLLM and the webhook`; a webhook that is a budget's only target needs no such name."""
    if [f.kind for f in followers] == [WEBHOOK]:
        return ONLY
    names = [title(f.kind) for f in some]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
