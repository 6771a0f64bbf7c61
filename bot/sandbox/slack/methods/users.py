"""users.* and usergroups.*: who is who."""

from bot.sandbox.slack.accounts import HOME_TEAM
from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods.method import Context
from bot.sandbox.slack.methods.paging import page


def info(c: Context) -> Json:
    account = c.workspace.accounts.get(c.arguments.text("user"))
    if account is None:
        raise ApiError("user_not_found")
    return {"user": account.as_json()}


def list_(c: Context) -> Json:
    own = [a.as_json() for a in c.workspace.accounts.values() if a.team_id == HOME_TEAM]
    return page(c, "members", own)


def lookup_by_email(c: Context) -> Json:
    """Finds active members and guests only."""
    wanted = c.arguments.required("email").lower()
    for account in c.workspace.accounts.values():
        if account.email.lower() == wanted and account.kind in {
            "member",
            "guest",
            "ultra_guest",
            "bot",
        }:
            return {"user": account.as_json()}
    raise ApiError("users_not_found")


def usergroup_users(c: Context) -> Json:
    group = c.arguments.required("usergroup")
    if group not in c.workspace.usergroups:
        raise ApiError("no_such_subteam")
    active = [u for u in c.workspace.usergroups[group] if c.workspace.accounts[u].is_active]
    return {"users": active}


def usergroup_list(c: Context) -> Json:
    groups = [
        {
            "id": group,
            "handle": name,
            "name": name,
            "user_count": len(c.workspace.usergroups[group]),
        }
        for group, name in c.workspace.usergroup_names.items()
    ]
    return {"usergroups": groups}
