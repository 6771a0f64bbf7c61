"""Views: a frozen copy of each state of a modal or Home tab, with what the person has put in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox.slack.accounts import APP_ID, BOT_ID, HOME_TEAM
from bot.sandbox.slack.blockkit.rules import elements_of, texts_of
from bot.sandbox.slack.errors import NoSuchElement
from bot.sandbox.slack.inputs import STATEFUL, chosen_state, complaint, initial_state
from bot.sandbox.slack.messages import buttons_of

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]


@dataclass(frozen=True, slots=True)
class View:
    """A modal or Home tab as it stood at one moment on one person's screen."""

    id: str
    hash: str
    owner: str
    raw: Json
    root_id: str
    previous_id: str | None = None
    values: Values = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return str(self.raw["type"])

    @property
    def callback_id(self) -> str:
        return str(self.raw.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        return str(self.raw.get("private_metadata", ""))

    @property
    def external_id(self) -> str:
        return str(self.raw.get("external_id", ""))

    @property
    def title(self) -> str:
        return str((self.raw.get("title") or {}).get("text", ""))

    @property
    def submit(self) -> str | None:
        return (self.raw.get("submit") or {}).get("text")

    @property
    def blocks(self) -> list[Json]:
        blocks: list[Json] = self.raw["blocks"]
        return blocks

    def elements(self) -> Iterator[tuple[str, Json]]:
        for block in self.blocks:
            for element in elements_of(block):
                yield block["block_id"], element

    def buttons(self) -> list[tuple[str, str, str | None]]:
        return buttons_of(self.blocks)

    def all_text(self) -> str:
        parts = [self.title, *texts_of(self.blocks), *self.errors.values()]
        return "\n".join(part for part in parts if part)

    def filled(self, key: str, value: Any) -> "View":
        """A copy with `value` in the field that has `key` as its action_id or block_id."""
        for block_id, element in self.elements():
            if key in {block_id, element["action_id"]} and element["type"] in STATEFUL:
                state = chosen_state(element, value)
                inside = {**self.values.get(block_id, {}), element["action_id"]: state}
                return replace(self, values={**self.values, block_id: inside})
        fields = [e["action_id"] for _, e in self.elements() if e["type"] in STATEFUL]
        raise NoSuchElement(f"no field {key!r} in the view; it has {fields}")

    def dispatching(self, key: str) -> tuple[str, Json] | None:
        """The input with that action_id or block_id, when it tells the app of each change."""
        for block in self.blocks:
            tells = block["type"] == "input" and block.get("dispatch_action")
            if tells and key in {block["block_id"], block["element"]["action_id"]}:
                return block["block_id"], block["element"]
        return None

    def complaints(self) -> dict[str, str]:
        """What Slack's client refuses by itself, by block_id."""
        found = {}
        for block in self.blocks:
            if block["type"] == "input":
                said = complaint(
                    block, self.values[block["block_id"]][block["element"]["action_id"]]
                )
                if said is not None:
                    found[block["block_id"]] = said
        return found

    def as_json(self) -> Json:
        """The view object of the Web API and of interaction payloads."""
        body: Json = {
            "id": self.id,
            "team_id": HOME_TEAM,
            "app_id": APP_ID,
            "app_installed_team_id": HOME_TEAM,
            "bot_id": BOT_ID,
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            **self.raw,
            "state": {"values": self.values},
        }
        if self.type == "modal":
            body.setdefault("submit", None)
            body.setdefault("close", None)
        return body


def starting_values(blocks: list[Json], before: Values | None = None) -> Values:
    """Every stateful element's value; one that stays under the same ids keeps what was put in."""
    values: Values = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in STATEFUL:
                block_id, action_id = block["block_id"], element["action_id"]
                kept = ((before or {}).get(block_id) or {}).get(action_id)
                fits = kept is not None and kept["type"] == element["type"]
                state = kept if fits and kept is not None else initial_state(element)
                values.setdefault(block_id, {})[action_id] = state
    return values
