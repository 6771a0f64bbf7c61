"""What a person types, as Slack sends it on: `@name` and `#channel` become ids (`should_escape`)."""

import re

from bot.sandbox.slack.workspace import Workspace

READY_MADE = re.compile(r"(<[@#!][^<>\s]+>)")
NAMED = re.compile(r"(?<![\w.@#])([@#])([\w.\-]+)")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_sent(w: Workspace, typed: str) -> str:
    """Escaped text with the mentions Slack knows; one already written as `<@U…>` stays."""
    parts = READY_MADE.split(typed)
    return "".join(p if READY_MADE.fullmatch(p) else _named(w, escape(p)) for p in parts)


def _named(w: Workspace, text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        sign, name = match.groups()
        bare = name.rstrip(".-")
        rest = name[len(bare) :]
        if sign == "@":
            for account in w.accounts.values():
                if account.handle == bare:
                    return f"<@{account.id}|{bare}>{rest}"
        else:
            channel = w.find_channel(f"#{bare}")
            if channel is not None and channel.name == bare:
                return f"<#{channel.id}|{bare}>{rest}"
        return match.group()

    return NAMED.sub(replaced, text)
