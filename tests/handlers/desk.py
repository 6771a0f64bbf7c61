"""A desk at Acme: press, type and fill in, and read what comes back."""

from copy import deepcopy
from typing import Any

from bot.domain.overages import OverageRequest, RequestState
from bot.sandbox.slack import Answer, Message, Person, SlackSandbox, View
from bot.sandbox.slack.accounts import Kind
from bot.sandbox.slack.envelopes import Ack, Envelope, EnvelopeKind
from store import overages
from tests.story.town import Town

APPROVALS = "#ai-approvals"


class Desk:
    """A town in which something has been spent already."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.turn()
        town.spends("81")
        town.turn()

    @property
    def slack(self) -> SlackSandbox:
        return self.town.slack

    def person(self, name: str) -> Person:
        return self.town.person(name)

    def newcomer(self, name: str, kind: Kind) -> Person:
        """Somebody else in the approvals channel: a guest, a stranger, a bot."""
        person = self.slack.add_person(f"{name}@other.example.com", name=name.title(), kind=kind)
        self.slack.channel(APPROVALS).members.append(person.id)
        return person

    # What happens.

    def asks(self, amount: str = "20", who: str = "tom") -> OverageRequest:
        """Somebody asks for more, and the cards are out."""
        answer = self.person(who).types(f"/budget request search {amount} launch week")
        assert "Overage request #" in answer.text
        self.town.settles()
        return self.requests()[-1]

    def card(self) -> Message:
        """The card in the approvals channel, as it stands now."""
        posted = self.slack.channel(APPROVALS).messages()
        top = [m for m in posted if m.thread_ts is None]
        return [m for m in top if m.text.startswith("Overage request")][-1]

    def alert(self) -> Message:
        """The alert in Dana's DM."""
        return self.person("dana").dms()[0]

    def button(self, action_id: str, value: str | None, where: str = APPROVALS) -> Message:
        """A message with a button that the bot may never have made."""
        element = {
            "type": "button",
            "action_id": action_id,
            "text": {"type": "plain_text", "text": "Press"},
            **({} if value is None else {"value": value}),
        }
        channel = self.slack.channel(where)
        message = Message(channel.id, self.slack.workspace.new_ts(), "A button")
        blocks = [{"type": "actions", "block_id": "actions", "elements": [element]}]
        return self.slack.workspace.post(Message(message.channel, message.ts, message.text, blocks))

    def told(self, who: Person, action_id: str, message: Message) -> str:
        """Press, and read the answer that only this person sees."""
        before = len(who.ephemerals())
        answer = who.presses(action_id, message)
        assert (200, None) == (answer.status, answer.warning)
        self.slack.wait_until(lambda: len(who.ephemerals()) > before)
        return who.ephemerals()[-1].text

    def form(self, who: Person, action_id: str, message: Message) -> View:
        """Press, and see the form that opens."""
        assert who.presses(action_id, message).ok
        return self.slack.wait_until(who.view)

    def sent_again(self, kind: str, **changes: Any) -> Ack:
        """The last payload of a kind once more, signed anew, with parts of it changed."""
        found = [
            d.payload for d in self.slack.deliveries if kind in (d.kind, d.payload.get("type"))
        ]
        payload = deepcopy(found[-1])
        for path, value in changes.items():
            *way, last = path.split("__")
            part = payload
            for step in way:
                part = part[step]
            part[last] = value
        line: EnvelopeKind = "slash_commands" if kind == "slash_commands" else "interactive"
        return self.slack.deliver(Envelope(line, payload))

    def submits(self, who: Person, **values: str) -> Answer:
        """Fill in the open form and send it."""
        who.fills(values)
        return who.submits()

    # What is remembered.

    def requests(self) -> list[OverageRequest]:
        with self.town.bot.bot.db.transaction() as tx:
            found = (overages.load(tx, number) for number in range(1, 30))
            return [request for request in found if request is not None]

    def state(self) -> RequestState:
        """What became of the last request."""
        return self.requests()[-1].state
