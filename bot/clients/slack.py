"""Slack's Web API as the bot uses it: post, update, look people up; and what an error means."""

import http.client
import json
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.domain.people import Person

METADATA_EVENT = "budget_bot_message"
UPDATE_TEXT = 4000  # chat.update refuses more
# The answer says nothing about whether it happened.
_AMBIGUOUS = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}
_RATE_LIMITED = {"ratelimited", "rate_limited"}
REMEDIES = {
    "not_in_channel": "Invite the bot to the channel (/invite).",
    "channel_not_found": "Check the channel's name in the policy file, and invite the bot to it.",
    "is_archived": "The channel is archived: name another in the policy file.",
    "invalid_auth": "Slack refuses the token: set SLACK_BOT_TOKEN to the app's bot token.",
    "token_revoked": "The token was revoked: reinstall the app and set SLACK_BOT_TOKEN.",
    "account_inactive": "The app was removed from the workspace: reinstall it.",
    "missing_scope": "The app lacks a scope: update it from app-manifest.yml and reinstall it.",
    "users_not_found": "Nobody in Slack has this address: correct it in the policy file.",
    "user_not_found": "Nobody in Slack has this id: correct it in the policy file.",
    "user_disabled": "The account is deactivated: name somebody else in the policy file.",
    "not_enabled": "Turn on the app's Home tab (see app-manifest.yml).",
    "messages_tab_disabled": "Turn on the app's Messages tab (see app-manifest.yml).",
}


class DeliveryError(Exception):
    """
    A call that did not succeed.

    `permanent`: trying again is pointless. `ambiguous`: it may have happened all the same.
    `retry_after`: seconds Slack asked for.
    """

    def __init__(
        self,
        code: str,
        *,
        permanent: bool = False,
        ambiguous: bool = False,
        retry_after: float | None = None,
    ) -> None:
        remedy = REMEDIES.get(code)
        super().__init__(f"{code}: {remedy}" if remedy else code)
        self.code = code
        self.permanent = permanent
        self.ambiguous = ambiguous
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: what `update` needs."""

    channel: str
    ts: str


class Slack:
    """
    One attempt for each call; the outbox is the retry.

    slack_sdk's own retry would post a message twice when the answer is lost, so the client handed
    in has none.
    """

    def __init__(self, client: WebClient, quick: WebClient | None = None) -> None:
        """`quick` asks who people are while somebody waits for an answer: a shorter time-out."""
        self._client = client
        self._quick = quick or client
        self._team: str | None = None

    def post(
        self,
        channel: str,
        text: str,
        blocks: Sequence[Mapping[str, Any]],
        key: str,
        thread: str | None = None,
    ) -> Posted:
        """
        Post to a channel, or to a person's DM when `channel` is a user id; or into the thread that
        begins at a message, named by its `ts`.

        The key travels as metadata, so that a message whose answer was lost can be found again.
        """
        answer = _ask(
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=text,
                blocks=[dict(block) for block in blocks],
                metadata={"event_type": METADATA_EVENT, "event_payload": {"key": key}},
                unfurl_links=False,
                unfurl_media=False,
                thread_ts=thread,
            )
        )
        return Posted(answer["channel"], answer["ts"])

    def find(self, channel: str, key: str, since: datetime) -> Posted | None:
        """The message that carries `key`, if it was posted after all."""
        if channel[:1] in "UW":
            opened = _ask(lambda: self._client.conversations_open(users=channel))
            channel = opened["channel"]["id"]
        if channel[:1] not in "CDG":
            return None  # a name: the history takes ids only
        history = _ask(
            lambda: self._client.conversations_history(
                channel=channel,
                oldest=f"{since.timestamp() - 60:.6f}",
                include_all_metadata=True,
                limit=200,
            )
        )
        for message in history.get("messages", []):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == key:
                return Posted(channel, message["ts"])
        return None

    def update(self, where: Posted, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        _ask(
            lambda: self._client.chat_update(
                channel=where.channel,
                ts=where.ts,
                text=text[:UPDATE_TEXT],
                blocks=[dict(block) for block in blocks],
            )
        )

    def ephemeral(self, channel: str, user: str, text: str) -> None:
        _ask(lambda: self._quick.chat_postEphemeral(channel=channel, user=user, text=text))

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        _ask(lambda: self._quick.views_open(trigger_id=trigger_id, view=dict(view)))

    def update_view(self, view_id: str, seen: str, view: Mapping[str, Any]) -> None:
        """Draw an open modal anew, unless it is no longer as it was `seen`: `hash_conflict`."""
        _ask(lambda: self._quick.views_update(view_id=view_id, hash=seen, view=dict(view)))

    def publish(self, user: str, view: Mapping[str, Any]) -> None:
        """Somebody's Home tab; the same call again shows the same."""
        _ask(lambda: self._client.views_publish(user_id=user, view=dict(view)))

    def person(self, ref: str) -> Person:
        """An account by e-mail address or Slack id."""
        if "@" in ref:
            found = _ask(lambda: self._quick.users_lookupByEmail(email=ref))
        else:
            found = _ask(lambda: self._quick.users_info(user=ref))
        return _person(found["user"], asked=ref)

    def usergroup(self, group: str) -> tuple[str, ...]:
        """The members' user ids."""
        found = _ask(lambda: self._quick.usergroups_users_list(usergroup=group))
        return tuple(found["users"])

    def identity(self) -> Mapping[str, Any]:
        """Who the token makes us: `team_id`, `team`, `user_id`, …"""
        return _ask(self._client.auth_test)

    def team_id(self) -> str:
        """Our own workspace; asked once."""
        if self._team is None:
            self._team = str(self.identity()["team_id"])
        return self._team


def _ask(call: Callable[[], SlackResponse]) -> Mapping[str, Any]:
    try:
        answer = call()
    except SlackApiError as error:
        raise _judged(error) from None
    except urllib.error.URLError as error:
        # Refused, unknown host, no route: nothing was sent. Closed after that: who knows.
        lost = isinstance(error.reason, ConnectionResetError | http.client.RemoteDisconnected)
        raise DeliveryError(f"no connection to Slack ({error.reason})", ambiguous=lost) from None
    except (OSError, http.client.HTTPException, json.JSONDecodeError, SlackClientError) as error:
        text = f"the connection to Slack broke ({type(error).__name__})"
        raise DeliveryError(text, ambiguous=True) from None
    if not isinstance(answer.data, Mapping):
        raise DeliveryError("Slack's answer is not JSON", ambiguous=True)
    return answer.data


def _judged(error: SlackApiError) -> DeliveryError:
    """What a refused call means; Slack says it in the body, with status 200."""
    response = error.response
    code = str(response.get("error") or "") if isinstance(response.data, Mapping) else ""
    if response.status_code == 429 or code in _RATE_LIMITED:
        wait = response.headers.get("Retry-After") or response.headers.get("retry-after") or "1"
        return DeliveryError("ratelimited", retry_after=float(wait) if wait.isdigit() else 1.0)
    if response.status_code >= 500 or not code or code in _AMBIGUOUS:
        return DeliveryError(code or f"Slack answered {response.status_code}", ambiguous=True)
    return DeliveryError(code, permanent=True)


def _person(user: Mapping[str, Any], asked: str) -> Person:
    profile = user.get("profile") or {}
    return Person(
        id=user["id"],
        name=profile.get("display_name") or user.get("real_name") or user.get("name") or user["id"],
        email=profile.get("email") or (asked if "@" in asked else None),
        team_id=user.get("team_id"),
        is_bot=bool(user.get("is_bot")),
        deleted=bool(user.get("deleted")),
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        stranger=bool(user.get("is_stranger")),
    )
