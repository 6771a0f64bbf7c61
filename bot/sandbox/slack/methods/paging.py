"""Lists in pages: `limit` and `cursor` in, `response_metadata.next_cursor` out."""

from typing import Any

from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.methods.method import Context


def page(c: Context, name: str, rows: list[Any], default: int = 100) -> dict[str, Any]:
    cursor = c.arguments.text("cursor")
    if cursor and not cursor.removeprefix("at:").isdigit():
        raise ApiError("invalid_cursor")
    start = int(cursor.removeprefix("at:")) if cursor else 0
    limit = max(1, min(c.arguments.whole("limit", default), 1000))
    end = start + limit
    following = f"at:{end}" if end < len(rows) else ""
    return {name: rows[start:end], "response_metadata": {"next_cursor": following}}
