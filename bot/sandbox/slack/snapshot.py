"""The whole workspace as JSON: what a page needs to draw every person's screen."""

from bot.sandbox.slack.accounts import BOT_USER, Account
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Workspace


def snapshot(w: Workspace) -> Json:
    with w.lock:
        people = [_person(account) for account in w.accounts.values() if account.id != BOT_USER]
        rooms = [_channel(channel) for channel in w.channels.values()]
        return {
            "version": w.version,
            "now": w.clock().isoformat(),
            "bot": _person(w.accounts[BOT_USER]),
            "people": people,
            "channels": [room for room in rooms if not room["is_im"]],
            "dms": {room["user"]: room for room in rooms if room["is_im"]},
            "ephemerals": [message.as_state() for message in w.ephemerals],
            "views": {
                person: [_view(view) for view in stack]
                for person, stack in w.stacks.items()
                if stack
            },
            "homes": {person: _view(view) for person, view in w.homes.items()},
        }


def _person(account: Account) -> Json:
    return {
        "id": account.id,
        "name": account.name,
        "handle": account.handle,
        "email": account.email,
        "kind": account.kind,
        "team_id": account.team_id,
    }


def _channel(channel: Channel) -> Json:
    others = [member for member in channel.members if member != BOT_USER]
    return {
        "id": channel.id,
        "name": channel.name,
        "is_im": channel.is_im,
        "is_archived": channel.is_archived,
        "is_private": channel.is_private,
        "user": others[0] if channel.is_im else None,
        "members": channel.members,
        "messages": [message.as_state() for message in channel.posts],
    }


def _view(view: View) -> Json:
    return {**view.as_json(), "errors": view.errors}
