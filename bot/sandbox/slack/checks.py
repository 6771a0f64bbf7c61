"""What Slack would say about a message's blocks or a view: the objections, in Slack's words."""

from typing import Any

from bot.sandbox.slack.blockkit.libraries import second_opinions
from bot.sandbox.slack.blockkit.rules import problems_of_blocks, texts_of
from bot.sandbox.slack.blockkit.views import is_too_large, problems_of_view

MOST_BLOCK_TEXT = 12_000


def message_problems(blocks: Any) -> list[str]:
    found = list(problems_of_blocks(blocks, "message", "/blocks"))
    if not found:
        found = list(second_opinions(blocks, "/blocks"))
    return [str(problem) for problem in found]


def view_problems(view: Any, kinds: tuple[str, ...] = ("modal",)) -> list[str]:
    found = list(problems_of_view(view, kinds))
    if not found:
        found = list(second_opinions(view["blocks"], "/view/blocks"))
    return [f"[ERROR] {problem}" for problem in found]


def block_text_is_too_long(blocks: list[dict[str, Any]]) -> bool:
    """Slack counts the text of all blocks; the exact rule is not published."""
    tables = {"table", "data_table"}
    return (
        sum(len(t) for b in blocks if b["type"] not in tables for t in texts_of(b))
        > MOST_BLOCK_TEXT
    )


__all__ = ["block_text_is_too_long", "is_too_large", "message_problems", "view_problems"]
