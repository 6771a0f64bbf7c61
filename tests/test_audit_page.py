"""The page on the record says what the source writes: no kind is missing, none is invented."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.grace import Word
from bot.domain.increases import IncreaseState
from bot.domain.overages import RequestState
from tests.audit_page import Fields, kinds, misfits

ROOT = Path(__file__).parents[1]
WRITERS = {
    "effects.record",
    "recording.note",
    "recording.about_alert",
    "recording.about_exception",
    "record",
    "note",
}
OUTCOMES = {state for state in RequestState if state is not RequestState.PENDING}
MADE = {
    "request.": {f"request.{state.value}" for state in OUTCOMES},
    "grace.": {f"grace.{word.value}" for word in Word},
    "increase.": {f"increase.{s.value}" for s in IncreaseState if s is not IncreaseState.PENDING},
}
FIGURES = {"spent", "limit", "as_of"}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Everything that may write to the record."""
    for folder in ("bot", "handlers", "store"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path, ast.parse(path.read_text())


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, by what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def constants() -> dict[str, str]:
    """Texts that have a name at the top of a module."""
    found: dict[str, str] = {}
    for _, tree in modules():
        for node in tree.body:
            if not isinstance(node, ast.Assign):
                continue
            for name, value in zip(_parts(node.targets[0]), _parts(node.value), strict=False):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[ast.unparse(name)] = value.value
    return found


def _parts(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def kind_of(call: ast.Call, known: dict[str, str]) -> set[str]:
    """The kinds that a call writes; of one whose end is a value, all that it may be."""
    for argument in call.args[1:3]:
        match argument:
            case ast.Constant(value=str(kind)):
                return {kind}
            case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
                return MADE[begin]
            case ast.Name(id=name) if name in known:
                return {known[name]}
    return set()


def written() -> set[str]:
    """Every kind that the source can write."""
    known = constants()
    found = {value for value in known.values() if value.startswith("audit.") and " " not in value}
    for path, tree in modules():
        for name, call in calls(tree):
            if name in WRITERS and (name != "note" or path.name == "recording.py"):
                found |= kind_of(call, known)
    return found


def test_every_kind_is_on_the_page() -> None:
    """And whatever is on the page is written somewhere."""
    assert written() == set(kinds())


def test_one_module_writes_to_the_record() -> None:
    """So that no row lacks the policy: bot.effects.recording adds it."""
    direct = [
        str(path.relative_to(ROOT))
        for path, tree in modules()
        for name, _ in calls(tree)
        if name == "audit.note"
    ]

    assert ["bot/effects/recording.py"] == direct


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_what_was_decided_or_told_rests_on_figures(kind: str) -> None:
    """Alerts, requests, exceptions, graces and limits say what was spent, of what, as of when."""
    area, _, what = kind.partition(".")
    from_the_target = area == "limit_state" and what != "changed"
    rests = area in {"alert", "request", "decision", "exception", "grace", "limit_state"}

    assert (rests and not from_the_target) <= (kinds()[kind].needed >= FIGURES)


@pytest.mark.parametrize(
    "kind",
    [
        "policy.applied",
        "allocation.revised",
        "budget.left",
        "limit_state.changed",
        "request.amended",
        *sorted(MADE["request."]),
        "exception.ended_early",
        *sorted(MADE["grace."]),
        "delegation.set",
        "delegation.ended",
    ],
)
def test_what_changes_something_says_from_what_to_what(kind: str) -> None:
    """An auditor need not look for the row before."""
    assert {"before", "after"} <= kinds()[kind].needed


def test_the_page_is_read_as_it_is_written() -> None:
    """Groups are taken apart, and what may be missing is known."""
    click = {"message_link", "via", "os_user"}

    assert (
        Fields(frozenset({"what", "why"}), frozenset({"request", "alert", *click}))
        == (kinds()["click.refused"])
    )


def test_a_row_that_the_page_does_not_know_is_found() -> None:
    """A kind, a field too few, a field too many, and a row without an actor."""
    row = {"at": "now", "actor": "U0DANA", "subject": "search", "data": {"policy_version": "1"}}
    data = {"before": None, "after": None, "policy_version": "1"}

    assert ["x.y is not on the page"] == misfits([{**row, "kind": "x.y"}])
    assert ["delegation.set lacks ['after', 'before']"] == misfits(
        [{**row, "kind": "delegation.set"}]
    )
    assert ["delegation.set has ['to'], and the page does not say so"] == misfits(
        [{**row, "kind": "delegation.set", "data": {**data, "to": 1}}]
    )
    assert ["delegation.set does not say who, when or about what"] == misfits(
        [{**row, "kind": "delegation.set", "data": data, "actor": ""}]
    )
