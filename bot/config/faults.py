"""What is wrong with a policy file, as `FILE:LINE: field: what, and what to do`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]

_SENTENCES = {
    "string_type": "must be text; put it into quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "bool_type": "must be true or false",
    "model_type": "must be a group of fields, each on a line of its own: name: value",
    "model_attributes_type": "must be a group of fields, each on a line of its own: name: value",
    "dict_type": "must be a group of fields, each on a line of its own: name: value",
    "tuple_type": "must be a list; begin each item with a dash, or write [a, b]",
    "too_short": "must have at least one item",
}
MOST_LISTED = 10
_GROUPS = {"model_type", "model_attributes_type", "dict_type"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `line` only where the field's own line is not the place."""

    loc: Loc
    text: str
    line: int | None = None


def write(faults: Iterable[Fault], path: Path, line_of: Callable[[Loc], int]) -> tuple[str, ...]:
    """One line each, in file order."""
    placed = [(fault.line or line_of(fault.loc), fault) for fault in faults]
    ordered = sorted(placed, key=lambda pair: pair[0])
    texts = (f"{path}:{at}: {field_path(fault.loc)}{fault.text}" for at, fault in ordered)
    return tuple(dict.fromkeys(_printable(text) for text in texts))


def _printable(text: str) -> str:
    # Names in the file are quoted as they are, and must not break the line or steer a terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def field_path(loc: Loc) -> str:
    """`budgets[2].limit: `, or nothing for the file as a whole."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return f"{text.removeprefix('.')}: " if text else ""


def nearest(word: object, known: Iterable[str]) -> str:
    """`; did you mean 'owner'?`, or nothing."""
    matches = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""


def from_pydantic(
    errors: Sequence[ErrorDetails], schema: Mapping[str, Any], line_of: Callable[[Loc], int]
) -> list[Fault]:
    """Pydantic's errors in our words; the schema knows each field's neighbours and description."""
    # A list is also "too short" when all of its items are wrong, which says nothing new.
    telling = (error for error in errors if error["type"] != "too_short" or not error["input"])
    return [_translate(error, schema, line_of) for error in telling]


def _translate(
    error: ErrorDetails, schema: Mapping[str, Any], line_of: Callable[[Loc], int]
) -> Fault:
    loc = tuple(step for step in error["loc"] if step != "[key]")
    written = _without_tag(loc)
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            about = _part(schema, loc).get("description")
            return Fault(written, f"is missing{f': {about}' if about else ''}")
        case "extra_forbidden":
            return Fault(written[:-1], _unknown(loc, schema), line_of(written))
        case "value_error":
            return Fault(written, str(context["error"]))
        case "enum" | "literal_error":
            expected = str(context["expected"]).replace("'", "")
            words = expected.replace(" or ", ", ").split(", ")
            return Fault(written, f"must be {expected}{nearest(error['input'], words)}")
    sentence = _SENTENCES.get(error["type"], error["msg"].lower()).format(**context)
    if error["type"] in _GROUPS:
        sentence += _listed(_part(schema, loc).get("properties", {}))
    return Fault(written, sentence)


def _unknown(loc: Loc, schema: Mapping[str, Any]) -> str:
    name = str(loc[-1])
    if loc[2:3] == ("split",) and name in _part(schema, (*loc[:2], "budget")).get("properties", {}):
        return f"with split there is no '{name}': it only divides; remove it"
    known = _part(schema, loc[:-1]).get("properties", {})
    return f"unknown field '{name}'{nearest(name, known) or _listed(known)}"


def _listed(known: Iterable[str]) -> str:
    """`; there are people, usergroup`: of a long list somebody reads nothing."""
    names = list(known)
    return f"; there are {', '.join(names)}" if 0 < len(names) <= MOST_LISTED else ""


def _without_tag(loc: Loc) -> Loc:
    # Pydantic names the kind of entry after its index: budgets, 2, "budget", "limit".
    return loc[:2] + loc[3:] if loc[:1] == ("budgets",) and len(loc) > 2 else loc


def _part(schema: Mapping[str, Any], loc: Loc) -> Mapping[str, Any]:
    """The schema of one field."""
    part: Mapping[str, Any] = schema
    for step in loc:
        part = _resolve(schema, part)
        if "oneOf" in part:
            name = f"{str(step).title()}Entry"
            part = next((o for o in part["oneOf"] if o["$ref"].endswith(name)), {})
        elif isinstance(step, int):
            part = part.get("items", {})
        else:
            part = part.get("properties", {}).get(step) or part.get("additionalProperties") or {}
    resolved = _resolve(schema, part)
    return {**resolved, **{key: part[key] for key in ("description",) if key in part}}


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Behind references; of several forms the one that is a group of fields."""
    if "$ref" in part:
        return _resolve(schema, schema["$defs"][str(part["$ref"]).rsplit("/", 1)[-1]])
    forms = (_resolve(schema, one) for one in part.get("anyOf", ()))
    return next((form for form in forms if "properties" in form), part)
