"""The content of a message a call brings: text, blocks and metadata, checked."""

import json
from typing import Any

from bot.sandbox.slack.checks import block_text_is_too_long, message_problems
from bot.sandbox.slack.errors import ApiError, invalid_blocks
from bot.sandbox.slack.methods.method import Context

Json = dict[str, Any]
CUT_AT = 40_000
MOST_METADATA = 16_000


def blocks_of(c: Context) -> list[Json] | None:
    """None when the call says nothing about blocks."""
    blocks = c.arguments.parsed("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    problems = message_problems(blocks)
    if any("only_one_table_allowed" in problem for problem in problems):
        raise ApiError("invalid_attachments", errors=problems)
    if problems:
        raise invalid_blocks(problems)
    if block_text_is_too_long(blocks):
        raise ApiError("msg_blocks_too_long")
    return blocks


def check_text(c: Context, blocks: list[Json] | None) -> str:
    """A message needs text or blocks; a strict workspace wants the text always (screen readers)."""
    text = c.arguments.text("text")
    other = bool(blocks) or c.arguments.has("attachments")
    if not text.strip() and (c.settings.strict or not other):
        raise ApiError("no_text")
    return text[:CUT_AT]


def metadata_of(c: Context) -> Json | None:
    metadata = c.arguments.parsed("metadata", "invalid_metadata_format")
    if metadata is None or metadata == {}:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    if not metadata.get("event_type"):
        raise ApiError("invalid_metadata_format")
    if len(json.dumps(metadata)) > MOST_METADATA:
        raise ApiError("metadata_too_large")
    return metadata
