"""views.*: modals and the Home tab."""

from typing import Any

from bot.sandbox.slack.errors import ApiError, invalid_arguments
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods.method import Context
from bot.sandbox.slack.screens import (
    check_view,
    find_modal,
    open_modal,
    publish_home,
    push_modal,
    update_modal,
)


def _given(c: Context) -> Any:
    view = c.arguments.parsed("view", "invalid_arguments")
    if view is None:
        raise invalid_arguments(["[ERROR] missing required field: view"])
    return view


def open_(c: Context) -> Json:
    """The view is checked before the trigger, so a bad view does not use the trigger up."""
    view = _given(c)
    check_view(view)
    trigger = c.workspace.tickets.exchange(c.arguments.required("trigger_id"))
    return {"view": open_modal(c.workspace, trigger.person, view).as_json()}


def push(c: Context) -> Json:
    view = _given(c)
    check_view(view)
    trigger = c.workspace.tickets.exchange(c.arguments.required("trigger_id"))
    if trigger.view is None or not c.workspace.stacks.get(trigger.person):
        raise ApiError("not_found")
    return {"view": push_modal(c.workspace, trigger.person, view).as_json()}


def update(c: Context) -> Json:
    view = _given(c)
    old = find_modal(
        c.workspace, c.arguments.text("view_id") or None, c.arguments.text("external_id") or None
    )
    return {"view": update_modal(c.workspace, old, view, c.arguments.text("hash")).as_json()}


def publish(c: Context) -> Json:
    if not c.settings.home_tab:
        raise ApiError("not_enabled")
    user = c.arguments.required("user_id")
    if user not in c.workspace.accounts:
        raise invalid_arguments(["[ERROR] invalid `user_id`"])
    view = publish_home(c.workspace, user, _given(c), c.arguments.text("hash"))
    return {"view": view.as_json()}
