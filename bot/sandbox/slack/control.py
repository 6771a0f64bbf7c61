"""The control surface for a page: the state by long-poll, and what people do, as JSON."""

from collections.abc import Callable
from typing import Any, Protocol

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.slack.answers import Answer
from bot.sandbox.slack.errors import SandboxError
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.people import Person
from bot.sandbox.slack.views import View

LONGEST_POLL = 25.0


class Stand(Protocol):
    """What the control surface needs of the sandbox."""

    def person(self, key: str) -> Person: ...

    def state(self) -> Json: ...

    def wait_for_version(self, seen: int, timeout: float) -> int: ...

    def message(self, channel: str, ts: str) -> Message: ...

    def view_of(self, view_id: str) -> View: ...


Deed = Callable[[Stand, Person, Json], Answer | None]


def _surface(stand: Stand, asked: Json) -> Message | View | None:
    """Where the element stands: a message by channel and ts, a view by its id, else any view."""
    if asked.get("ts"):
        return stand.message(asked["channel"], asked["ts"])
    if asked.get("view_id"):
        return stand.view_of(asked["view_id"])
    return None


def _press(stand: Stand, person: Person, asked: Json) -> Answer:
    return person.presses(
        asked["action_id"],
        _surface(stand, asked),
        value=asked.get("value"),
        index=asked.get("index"),
        confirm=asked.get("confirm", True),
    )


def _choose(stand: Stand, person: Person, asked: Json) -> Answer:
    return person.chooses(asked["action_id"], asked["value"], _surface(stand, asked))


def _submit(_stand: Stand, person: Person, asked: Json) -> Answer:
    if asked.get("values"):
        person.fills(asked["values"])
    return person.submits()


DEEDS: dict[str, Deed] = {
    "type": lambda _s, person, asked: person.types(asked["text"], asked.get("channel")),
    "say": lambda _s, person, asked: person.says(asked["text"], asked.get("channel")),
    "press": _press,
    "choose": _choose,
    "fill": lambda _s, person, asked: person.fills(asked["values"]),
    "submit": _submit,
    "close": lambda _s, person, asked: person.closes(bool(asked.get("everything"))),
    "home": lambda _s, person, _asked: person.opens_home(),
}


def _refused(text: str) -> Response:
    return JSONResponse({"ok": False, "error": text}, 400)


def control_routes(stand: Stand) -> list[BaseRoute]:
    polls = CapacityLimiter(50)
    deeds = CapacityLimiter(20)

    async def state(request: Request) -> Response:
        """The state at once, or with `since` as soon as it is another one."""
        since = request.query_params.get("since", "")
        if since.lstrip("-").isdigit():
            await to_thread.run_sync(
                stand.wait_for_version, int(since), LONGEST_POLL, limiter=polls
            )
        return JSONResponse(await to_thread.run_sync(stand.state, limiter=polls))

    async def act(request: Request) -> Response:
        try:
            asked: Any = await request.json()
            deed = DEEDS[asked["do"]]
            person = stand.person(asked["person"])
            answer = await to_thread.run_sync(deed, stand, person, asked, limiter=deeds)
        except SandboxError as error:
            return _refused(str(error))
        except KeyError as error:
            return _refused(f"missing or unknown: {error}")
        except (TypeError, ValueError) as error:
            return _refused(f"not understood: {error}")
        return JSONResponse({"ok": True, **(answer.as_json() if answer is not None else {})})

    return [
        Route("/sandbox/state", state, methods=["GET"]),
        Route("/sandbox/act", act, methods=["POST"]),
    ]
