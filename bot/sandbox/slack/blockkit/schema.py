"""The small language in which the Block Kit tables are written: checks that name what is wrong and where."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One objection, with the JSON pointer Slack would give."""

    message: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]
Rule = Callable[[Json, str], Iterator[Problem]]


def string(most: int | None = None, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("must provide a string", at)
        elif len(value) < least:
            yield Problem(f"must be more than {least - 1} characters", at)
        elif most is not None and len(value) > most:
            yield Problem(f"must be less than {most + 1} characters", at)

    return check


def matching(pattern: Callable[[str], bool], wanted: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not pattern(value):
            yield Problem(f"must be {wanted}", at)

    return check


def boolean(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem("must provide a boolean", at)


def number(value: Any, at: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem("must provide a number", at)


def integer(least: int, most: int | None = None) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem("must provide an integer", at)
        elif value < least:
            yield Problem(f"must be at least {least}", at)
        elif most is not None and value > most:
            yield Problem(f"must be at most {most}", at)

    return check


def one_of(*words: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in words:
            yield Problem(f"must be one of: {', '.join(words)}", at)

    return check


def array(item: Check, least: int = 1, most: int | None = None) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("must provide an array", at)
            return
        if len(value) < least:
            yield Problem(f"no fewer than {least} items allowed", at)
        if most is not None and len(value) > most:
            yield Problem(f"no more than {most} items allowed", at)
        for index, entry in enumerate(value):
            yield from item(entry, f"{at}/{index}")

    return check


def shape(fields: Mapping[str, Check], required: tuple[str, ...] = (), *rules: Rule) -> Check:
    """An object with these fields and no others; the rules look at it as a whole once it is one."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        for name in required:
            if name not in value:
                yield Problem(f"missing required field: {name}", at)
        for name, entry in value.items():
            if name == "type":
                continue
            if name not in fields:
                yield Problem(f"invalid additional property: {name}", at)
            else:
                yield from fields[name](entry, f"{at}/{name}")
        for rule in rules:
            yield from rule(value, at)

    return check


def typed(shapes: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of the shapes it must have."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
        elif "type" not in value:
            yield Problem("missing required field: type", at)
        elif value["type"] not in shapes:
            yield Problem(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from shapes[value["type"]](value, at)

    return check


def exactly_one(*names: str) -> Rule:
    def rule(value: Json, at: str) -> Iterator[Problem]:
        if sum(name in value for name in names) != 1:
            yield Problem(f"must have exactly one of: {', '.join(names)}", at)

    return rule


def at_least_one(*names: str) -> Rule:
    def rule(value: Json, at: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(f"must have at least one of: {', '.join(names)}", at)

    return rule


def unique(field: str, what: str) -> Rule:
    """Entries of the list `field` may not repeat their `what`."""

    def rule(value: Json, at: str) -> Iterator[Problem]:
        seen: set[Any] = set()
        for index, entry in enumerate(value.get(field) or []):
            mark = entry.get(what) if isinstance(entry, dict) else None
            if mark is not None and mark in seen:
                yield Problem(f"`{what}` must be unique: {mark}", f"{at}/{field}/{index}/{what}")
            seen.add(mark)

    return rule
