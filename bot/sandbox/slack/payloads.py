"""The payloads Slack sends to an app: commands, clicks, submissions, events."""

import secrets
from typing import Any

from bot.clock import utc_now
from bot.sandbox.slack.accounts import APP_ID, BOT_USER, HOME_TEAM, TEAM_DOMAIN, Account
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.views import View, starting_values

VERIFICATION = "sandbox-verification"


OWN_TEAM = {"id": HOME_TEAM, "domain": TEAM_DOMAIN}


def _team(account: Account) -> Json:
    return (
        OWN_TEAM if account.team_id == HOME_TEAM else {"id": account.team_id, "domain": "foreign"}
    )


def _user(account: Account) -> Json:
    return {
        "id": account.id,
        "username": account.handle,
        "name": account.handle,
        "team_id": account.team_id,
    }


def command(
    account: Account, channel: Channel, word: str, text: str, trigger_id: str, url: str
) -> Json:
    return {
        "token": VERIFICATION,
        "team_id": HOME_TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": account.id,
        "user_name": account.handle,
        "command": word,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger_id,
    }


def action(block_id: str, element: Json, chosen: Json | None) -> Json:
    """One entry of `actions`: what was pressed, with the choice in it."""
    kept = ("type", "action_id", "text", "value", "style", "url", "placeholder")
    entry = {name: element[name] for name in kept if name in element}
    now = utc_now()
    return {
        **entry,
        **(chosen or {}),
        "block_id": block_id,
        "action_ts": f"{int(now.timestamp())}.{now.microsecond:06d}",
    }


def _interaction(kind: str, account: Account, trigger_id: str) -> Json:
    """`team` is the actor's team here, whatever team the app is in (slackapi/bolt-python#734)."""
    return {
        "type": kind,
        "team": _team(account),
        "user": _user(account),
        "api_app_id": APP_ID,
        "token": VERIFICATION,
        "trigger_id": trigger_id,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_action(
    account: Account, channel: Channel, message: Message, entry: Json, trigger_id: str, url: str
) -> Json:
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    body = _interaction("block_actions", account, trigger_id)
    body |= {
        "team": OWN_TEAM,  # the message's team; only user.team_id tells (slackapi/java-slack-sdk#1041)
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        "response_url": url,
        "actions": [entry],
        "state": {"values": starting_values(message.blocks)},
    }
    if not message.ephemeral:  # Slack keeps no copy of an ephemeral message
        body["message"] = message.as_json()
    return body


def view_action(account: Account, view: View, entry: Json, trigger_id: str) -> Json:
    body = _interaction("block_actions", account, trigger_id)
    return body | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.as_json(),
        "actions": [entry],
    }


def submission(account: Account, view: View, trigger_id: str) -> Json:
    body = _interaction("view_submission", account, trigger_id)
    return body | {"view": view.as_json(), "response_urls": []}


def closed(account: Account, view: View, cleared: bool) -> Json:
    body = _interaction("view_closed", account, "")
    del body["trigger_id"]
    return body | {"view": view.as_json(), "is_cleared": cleared}


def event(account: Account, inner: dict[str, Any]) -> Json:
    return {
        "type": "event_callback",
        "token": VERIFICATION,
        "team_id": HOME_TEAM,
        "api_app_id": APP_ID,
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(utc_now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": HOME_TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": account.kind == "stranger",
        "event": inner,
    }
