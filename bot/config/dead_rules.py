"""Match rules that can never get a row, because an earlier one takes all of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, combinations

from bot.config.budgets import MatchPart, PolicyFile
from bot.config.faults import Loc, field_path

Conditions = tuple[tuple[str, object], ...]
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class DeadRule:
    loc: Loc
    earlier: str  # the path of the rule that takes its rows
    same: bool


def dead_rules(policy: PolicyFile) -> Iterator[DeadRule]:
    """
    Only what is certain: an earlier rule that asks for the same or less, or whose glob covers it.

    Earlier rules are looked up, globs by the text before the first wildcard, so that thousands of
    budgets stay quick.
    """
    seen: dict[frozenset[tuple[str, object]], Loc] = {}
    globs: dict[tuple[str, str], list[tuple[Conditions, Loc]]] = defaultdict(list)
    for i, entry in enumerate(policy.budgets):
        for k, match in enumerate(entry.match):
            loc: Loc = ("budgets", i, "match", k)
            conditions = _conditions(match)
            earlier = _looser(conditions, seen) or _broader(conditions, globs)
            if earlier is not None:
                same = seen.get(frozenset(conditions)) == earlier
                yield DeadRule(loc, field_path(earlier).removesuffix(": "), same)
            seen.setdefault(frozenset(conditions), loc)
            for key in _glob_keys(conditions)[:1]:
                globs[key].append((conditions, loc))


def _conditions(match: MatchPart) -> Conditions:
    return tuple(
        (name, value.lower() if isinstance(value, str) else frozenset(value))
        for name, value in match
        if value is not None
    )


def _looser(conditions: Conditions, seen: dict[frozenset[tuple[str, object]], Loc]) -> Loc | None:
    for size in range(len(conditions), 0, -1):
        for some in combinations(conditions, size):
            if (loc := seen.get(frozenset(some))) is not None:
                return loc
    return None


def _broader(
    conditions: Conditions, globs: Mapping[tuple[str, str], list[tuple[Conditions, Loc]]]
) -> Loc | None:
    values = dict(conditions)
    beginnings = (
        (name, value[:length])
        for name, value in conditions
        if isinstance(value, str)
        for length in range(len(value) + 1)
    )
    for earlier, loc in chain.from_iterable(globs.get(key, ()) for key in beginnings):
        if all(name in values and _covers(value, values[name]) for name, value in earlier):
            return loc
    return None


def _glob_keys(conditions: Conditions) -> list[tuple[str, str]]:
    """The field and the text before the first wildcard, of each glob."""
    return [
        (name, _WILDCARD.split(value, maxsplit=1)[0])
        for name, value in conditions
        if isinstance(value, str) and _WILDCARD.search(value)
    ]


def _covers(broad: object, narrow: object) -> bool:
    if broad == narrow:
        return True
    if not isinstance(broad, str) or not isinstance(narrow, str):
        return False
    return broad == "*" or (not _WILDCARD.search(narrow) and fnmatchcase(narrow, broad))
