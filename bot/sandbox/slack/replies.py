"""Answers to a command or a click that come as an ack body or through a response_url."""

from dataclasses import replace

from bot.sandbox.slack.accounts import BOT_USER
from bot.sandbox.slack.checks import message_problems
from bot.sandbox.slack.errors import ApiError, invalid_blocks
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.tickets import ResponseUrl
from bot.sandbox.slack.workspace import Workspace


def _flag(body: Json, name: str) -> bool:
    return str(body.get(name, "")).lower() == "true"


def check_reply(body: Json, strict: bool) -> None:
    blocks = body.get("blocks") or []
    problems = message_problems(blocks)
    if problems:
        raise invalid_blocks(problems)
    if not body.get("text") and (strict or not blocks):
        raise ApiError("no_text")


def reply(w: Workspace, url: ResponseUrl, body: Json, strict: bool) -> Message | None:
    """Post, replace or delete as the body says. A replaced message keeps its visibility."""
    with w.lock:
        if _flag(body, "delete_original"):
            if url.original is not None:
                w.rewrite(url.original, None)
            return None
        check_reply(body, strict)
        if _flag(body, "replace_original") and url.original is not None:
            message = _replaced(w, url.original, body)
        else:
            message = _posted(w, url, body)
        url.posted.append(message)
        return message


def _replaced(w: Workspace, original: Message, body: Json) -> Message:
    new = replace(
        original,
        text=str(body.get("text") or ""),
        blocks=body.get("blocks") or [],
        metadata=body.get("metadata", original.metadata) or None,
        edited=True,
    )
    w.rewrite(original, new)
    return new


def _posted(w: Workspace, url: ResponseUrl, body: Json) -> Message:
    ephemeral = body.get("response_type", "ephemeral") != "in_channel"
    return w.post(
        Message(
            channel=url.channel,
            ts=w.new_ts(),
            text=str(body.get("text") or ""),
            blocks=body.get("blocks") or [],
            user=BOT_USER,
            ephemeral=ephemeral,
            to=url.person if ephemeral else None,
            thread_ts=body.get("thread_ts"),
            metadata=None if ephemeral else body.get("metadata"),
        )
    )
