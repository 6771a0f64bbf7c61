"""docs/audit.md as data, and rows of the record held against it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "audit.md"
_ROW = re.compile(r"^\| (?:`(?P<kind>[a-z_.]+)`|\*(?P<group>\w+)\*) \|(?P<rest>.+)\|$")
_FIELD = re.compile(r"\*(\w+)\*|`(\w+\??)`")


@dataclass(frozen=True, slots=True)
class Fields:
    """What rows of one kind have in `data`."""

    needed: frozenset[str]
    optional: frozenset[str]


@cache
def kinds() -> dict[str, Fields]:
    """By kind, as the second table of the page says, with its groups taken apart."""
    text = PAGE.read_text()
    groups = {
        match["group"]: _fields(match["rest"].split(":")[0], {})
        for match in map(_ROW.match, text.splitlines())
        if match and match["group"]
    }
    _, table = text.split("## Kinds\n")
    rows = [match for match in map(_ROW.match, table.splitlines()) if match]
    return {row["kind"]: _fields(row["rest"].split(" | ")[-1], groups) for row in rows}


def misfits(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the page does not say of these rows: a kind, a field too few or too many."""
    found: list[str] = []
    for row in rows:
        kind, data = row["kind"], set(row["data"])
        if kind not in kinds():
            found.append(f"{kind} is not on the page")
            continue
        policy = set() if kind.startswith("audit.") else {"policy_version"}
        needed = kinds()[kind].needed | policy
        if missing := sorted(needed - data):
            found.append(f"{kind} lacks {missing}")
        if more := sorted(data - needed - kinds()[kind].optional):
            found.append(f"{kind} has {more}, and the page does not say so")
        if not (row["actor"] and row["at"] and row["subject"]):
            found.append(f"{kind} does not say who, when or about what")
    return found


def _fields(cell: str, groups: Mapping[str, Fields]) -> Fields:
    needed: set[str] = set()
    optional: set[str] = set()
    for group, field in _FIELD.findall(cell):
        if group:
            needed |= groups[group].needed
            optional |= groups[group].optional
        else:
            (optional if field.endswith("?") else needed).add(field.rstrip("?"))
    return Fields(frozenset(needed), frozenset(optional))
