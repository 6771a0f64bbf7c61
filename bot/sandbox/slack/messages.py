"""Messages: a frozen copy of each state of a message, so that an old copy on a screen stays old."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.sandbox.slack.accounts import APP_ID, BOT_ID, BOT_USER, HOME_TEAM
from bot.sandbox.slack.blockkit.rules import elements_of, texts_of

Json = dict[str, Any]


def buttons_of(blocks: list[Json]) -> list[tuple[str, str, str | None]]:
    found = (e for block in blocks for e in elements_of(block) if e["type"] == "button")
    return [(e["action_id"], e["text"]["text"], e.get("value")) for e in found]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stood at one moment; `to` is the only reader of an ephemeral one."""

    channel: str
    ts: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    user: str = BOT_USER
    metadata: Json | None = None
    ephemeral: bool = False
    to: str | None = None
    thread_ts: str | None = None
    edited: bool = False
    files: list[Json] = field(default_factory=list)

    def buttons(self) -> list[tuple[str, str, str | None]]:
        """(action_id, text, value) of every button, in reading order."""
        return buttons_of(self.blocks)

    def elements(self) -> Iterator[tuple[str, Json]]:
        for block in self.blocks:
            for element in elements_of(block):
                yield block["block_id"], element

    def all_text(self) -> str:
        """The top-level text and the texts of all blocks: what somebody could read."""
        return "\n".join([self.text, *texts_of(self.blocks)])

    def as_json(self, with_metadata: bool = False) -> Json:
        """The message object of the Web API."""
        body: Json = {
            "type": "message",
            "user": self.user,
            "team": HOME_TEAM,
            "text": self.text,
            "ts": self.ts,
        }
        if self.user == BOT_USER:
            body |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.blocks:
            body["blocks"] = self.blocks
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if self.edited:
            body["edited"] = {"user": self.user, "ts": self.ts}
        if self.files:
            body["files"] = self.files
        if with_metadata and self.metadata:
            body["metadata"] = self.metadata
        return body

    def as_state(self) -> Json:
        return asdict(self)
