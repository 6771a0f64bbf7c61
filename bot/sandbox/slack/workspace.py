"""The workspace: people, channels, messages and open views behind one lock, with a version that grows."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from bot.clock import Clock, utc_now
from bot.sandbox.slack.accounts import BOT_NAME, BOT_USER, Account
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.errors import ApiError, SandboxError
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.tickets import Tickets
from bot.sandbox.slack.views import View


class Workspace:
    """All state of the sandbox; every reader and writer holds `lock`."""

    def __init__(
        self, clock: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 0
        self.base_url = ""
        self.tickets = Tickets(monotonic)
        self.accounts = {BOT_USER: Account(BOT_USER, "", BOT_NAME, "bot")}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, list[str]] = {}
        self.usergroup_names: dict[str, str] = {}
        self.ephemerals: list[Message] = []
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.uploads: dict[str, Json] = {}
        self._last_second = 0
        self._sequence = 0

    def touch(self) -> None:
        """Tell everybody who waits that something changed."""
        with self.lock:
            self.version += 1
            self.changed.notify_all()

    def new_id(self, letter: str) -> str:
        with self.lock:
            self._sequence += 1
            return f"{letter}{self._sequence:08d}"

    def new_ts(self) -> str:
        """Unique and increasing, also when the clock is moved back."""
        with self.lock:
            self._sequence += 1
            self._last_second = max(self._last_second, int(self.clock().timestamp()))
            return f"{self._last_second}.{self._sequence:06d}"

    def new_hash(self) -> str:
        return f"{int(self.clock().timestamp())}.{secrets.token_hex(4)}"

    def account(self, key: str) -> Account:
        """By id, or by e-mail address."""
        with self.lock:
            if key in self.accounts:
                return self.accounts[key]
            for account in self.accounts.values():
                if account.email and account.email.lower() == key.lower():
                    return account
        raise SandboxError(f"nobody is called {key!r} here")

    def channel(self, key: str) -> Channel:
        """By id, or by name with or without #."""
        with self.lock:
            found = self.find_channel(key)
        if found is None:
            raise SandboxError(f"no channel {key!r} here")
        return found

    def find_channel(self, key: str) -> Channel | None:
        if key in self.channels:
            return self.channels[key]
        name = key.removeprefix("#")
        named = (c for c in self.channels.values() if not c.is_im and c.name == name)
        return next(named, None)

    def dm(self, person: str) -> Channel | None:
        return next((c for c in self.channels.values() if c.is_im and person in c.members), None)

    def open_dm(self, person: str) -> Channel:
        """The direct message between this person and the bot, made when it is first needed."""
        with self.lock:
            found = self.dm(person)
            if found is None:
                found = Channel(self.new_id("D"), "directmessage", [person, BOT_USER], is_im=True)
                self.channels[found.id] = found
                self.touch()
            return found

    def post(self, message: Message) -> Message:
        with self.lock:
            message = replace(message, blocks=self.with_ids(message.blocks))
            if message.ephemeral:
                self.ephemerals.append(message)
            else:
                self.channels[message.channel].posts.append(message)
            self.touch()
            return message

    def rewrite(self, old: Message, new: Message | None) -> Message | None:
        """Put `new` in the place of a message; None deletes it. Gone already is an error."""
        with self.lock:
            if new is not None:
                new = replace(new, blocks=self.with_ids(new.blocks))
            if old.ephemeral:
                index = next((i for i, e in enumerate(self.ephemerals) if e.ts == old.ts), None)
                if index is None:
                    raise ApiError("message_not_found")
                self.ephemerals[index : index + 1] = [] if new is None else [new]
            else:
                if self.channels[old.channel].find(old.ts) is None:
                    raise ApiError("message_not_found")
                self.channels[old.channel].swap(old.ts, new)
            self.touch()
            return new

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """Slack names every block and every interactive element that the app left without an id."""
        return [self._with_ids(block) for block in blocks]

    def _with_ids(self, block: Json) -> Json:
        named = {**block}
        named.setdefault("block_id", secrets.token_hex(3))
        for host in ("accessory", "element"):
            if host in named:
                named[host] = _identified(named[host])
        if named["type"] == "actions":
            named["elements"] = [_identified(element) for element in named["elements"]]
        return named


def _identified(element: Json) -> Json:
    if element["type"] == "image" or element.get("action_id"):
        return element
    return {**element, "action_id": secrets.token_hex(3)}
