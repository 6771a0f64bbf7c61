"""What is open on each person's screen: stacks of modals, and the Home tab."""

from dataclasses import replace

from bot.sandbox.slack.checks import is_too_large, view_problems
from bot.sandbox.slack.errors import ApiError, invalid_arguments
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.views import View, starting_values
from bot.sandbox.slack.workspace import Workspace

DEEPEST = 3


def check_view(raw: Json, kinds: tuple[str, ...] = ("modal",)) -> None:
    problems = view_problems(raw, kinds)
    if problems:
        raise invalid_arguments(problems)
    if is_too_large(raw):
        raise ApiError("view_too_large")


def _made(w: Workspace, person: str, raw: Json, below: View | None = None) -> View:
    raw = {**raw, "blocks": w.with_ids(raw["blocks"])}
    external = raw.get("external_id")
    if external and any(v.external_id == external for stack in w.stacks.values() for v in stack):
        raise ApiError("duplicate_external_id")
    view_id = w.new_id("V")
    return View(
        view_id,
        w.new_hash(),
        person,
        raw,
        below.root_id if below else view_id,
        below.id if below else None,
        starting_values(raw["blocks"]),
    )


def open_modal(w: Workspace, person: str, raw: Json) -> View:
    check_view(raw)
    view = _made(w, person, raw)
    w.stacks[person] = [view]
    w.touch()
    return view


def push_modal(w: Workspace, person: str, raw: Json) -> View:
    check_view(raw)
    stack = w.stacks.get(person) or []
    if len(stack) >= DEEPEST:
        raise ApiError("push_limit_reached")
    view = _made(w, person, raw, stack[-1] if stack else None)
    w.stacks[person] = [*stack, view]
    w.touch()
    return view


def find_modal(w: Workspace, view_id: str | None, external_id: str | None) -> View:
    for stack in w.stacks.values():
        for view in stack:
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
    raise ApiError("not_found")


def put(w: Workspace, view: View) -> View:
    """Show a new state of a modal in the place of the old one."""
    with w.lock:
        stack = w.stacks.get(view.owner) or []
        w.stacks[view.owner] = [view if old.id == view.id else old for old in stack]
        w.touch()
        return view


def update_modal(w: Workspace, old: View, raw: Json, expected_hash: str | None = None) -> View:
    """Fields that keep their block_id and action_id keep what the person put in."""
    check_view(raw)
    if expected_hash and expected_hash != old.hash:
        raise ApiError("hash_conflict")
    raw = {**raw, "blocks": w.with_ids(raw["blocks"])}
    values = starting_values(raw["blocks"], old.values)
    return put(w, replace(old, raw=raw, hash=w.new_hash(), values=values, errors={}))


def publish_home(w: Workspace, person: str, raw: Json, expected_hash: str | None) -> View:
    check_view(raw, ("home",))
    old = w.homes.get(person)
    if expected_hash and old is not None and expected_hash != old.hash:
        raise ApiError("hash_conflict")
    view = _made(w, person, raw)
    if old is not None:
        view = replace(view, id=old.id, root_id=old.id)
    w.homes[person] = view
    w.touch()
    return view


def pop(w: Workspace, person: str, everything: bool = False) -> None:
    with w.lock:
        stack = w.stacks.get(person) or []
        w.stacks[person] = [] if everything else stack[:-1]
        w.touch()


def drop(w: Workspace, view: View) -> None:
    """Close this modal and whatever was pushed on top of it."""
    with w.lock:
        stack = w.stacks.get(view.owner) or []
        ids = [entry.id for entry in stack]
        if view.id in ids:
            w.stacks[view.owner] = stack[: ids.index(view.id)]
            w.touch()
