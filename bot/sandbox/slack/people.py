"""People: what somebody sees on their screen, and what they can do there."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack import gestures, screens, submissions
from bot.sandbox.slack.accounts import Account, Kind
from bot.sandbox.slack.answers import Answer
from bot.sandbox.slack.errors import NoSuchElement
from bot.sandbox.slack.gestures import Stage
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.views import View


class Person:
    """One person at their Slack client."""

    def __init__(self, stage: Stage, account: Account) -> None:
        self._stage = stage
        self._id = account.id

    def __repr__(self) -> str:
        return f"Person({self.id}, {self.name}, {self.kind})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Person) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def account(self) -> Account:
        """As it stands now: people get deactivated."""
        with self._stage.workspace.lock:
            return self._stage.workspace.accounts[self._id]

    @property
    def id(self) -> str:
        return self._id

    @property
    def email(self) -> str:
        return self.account.email

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def kind(self) -> Kind:
        return self.account.kind

    def dms(self) -> list[Message]:
        """The messages in the DM with the bot, oldest first, as they stand now."""
        with self._stage.workspace.lock:
            channel = self._stage.workspace.dm(self.id)
            return [] if channel is None else channel.messages()

    def ephemerals(self) -> list[Message]:
        """What only this person sees, oldest first."""
        with self._stage.workspace.lock:
            return [m for m in self._stage.workspace.ephemerals if m.to == self.id]

    def view(self) -> View | None:
        """The modal on top of this person's screen."""
        with self._stage.workspace.lock:
            stack = self._stage.workspace.stacks.get(self.id)
            return stack[-1] if stack else None

    def home(self) -> View | None:
        with self._stage.workspace.lock:
            return self._stage.workspace.homes.get(self.id)

    def types(self, command: str, channel: str | None = None) -> Answer:
        """A slash command, in a channel or (without one) in the DM with the bot."""
        return gestures.type_command(self._stage, self.account, command, channel)

    def says(self, text: str, channel: str | None = None) -> Answer:
        return gestures.say(self._stage, self.account, text, channel)

    def presses(
        self,
        action_id: str,
        message: Message | View | None = None,
        *,
        value: str | None = None,
        index: int | None = None,
        confirm: bool = True,
    ) -> Answer:
        """Press a button as it stands in `message` (old copies too), in the modal or the Home tab.

        `confirm=False` says no to the button's confirm dialog, and then nothing is sent.
        """
        surface = message or gestures.surface_with(self._stage.workspace, self.account, action_id)
        element = gestures.element_on(surface, action_id, value, index)
        if element[1]["type"] != "button":
            raise NoSuchElement(f"{action_id!r} is a {element[1]['type']}, not a button")
        if not confirm and "confirm" in element[1]:
            return Answer(cancelled=True)
        return gestures.act_on(self._stage, self.account, surface, element)

    def chooses(self, action_id: str, value: Any, message: Message | View | None = None) -> Answer:
        """Choose in a select, overflow menu, date picker, radio group or checkboxes."""
        surface = message or gestures.surface_with(self._stage.workspace, self.account, action_id)
        element = gestures.element_on(surface, action_id)
        return gestures.act_on(self._stage, self.account, surface, element, value)

    def fills(self, values: Mapping[str, Any]) -> None:
        """
        Fill fields of the open modal, each by its action_id or block_id.

        Of a field with `dispatch_action` the app hears when it is another value than before.
        """
        dispatched: list[tuple[gestures.Element, Any]] = []
        with self._stage.workspace.lock:
            view = submissions.top(self._stage.workspace, self.account)
            for key, value in values.items():
                picked = self._picked(view, key, value)
                before, view = view, view.filled(key, picked)
                if view.values != before.values and (part := view.dispatching(key)):
                    dispatched.append((part, picked))
            screens.put(self._stage.workspace, view)
        for part, picked in dispatched:
            if (shown := self.view()) is not None and shown.id == view.id:
                gestures.act_on(self._stage, self.account, shown, part, picked)

    def _picked(self, view: View, key: str, value: Any) -> Any:
        """In a select of people an e-mail address stands for its owner."""
        picks = any(
            element["type"] == "users_select" and key in {block_id, element["action_id"]}
            for block_id, element in view.elements()
        )
        return (
            self._stage.workspace.account(value).id if picks and isinstance(value, str) else value
        )

    def submits(self) -> Answer:
        return submissions.submit(self._stage, self.account)

    def closes(self, everything: bool = False) -> Answer:
        """Close the modal on top, or with `everything` the whole stack (the X)."""
        return submissions.close(self._stage, self.account, everything)

    def opens_home(self) -> Answer:
        return gestures.open_home(self._stage, self.account)
