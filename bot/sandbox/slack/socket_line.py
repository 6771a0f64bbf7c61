"""Delivery by Socket Mode: the WebSockets the app opened, and what waits for an ack on them."""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.sandbox.slack.accounts import APP_ID
from bot.sandbox.slack.envelopes import Ack, Envelope, Json
from bot.sandbox.slack.errors import SandboxError

MOST_SOCKETS = 10
REASONS = ("refresh_requested", "warning", "link_disabled", "too_many_websockets")


class SocketLine:
    """Up to ten sockets; each payload goes to one of them in turn."""

    def __init__(self, changed: Callable[[], None], patience: float = 5.0) -> None:
        self._changed = changed
        self._patience = patience
        self._arrived = threading.Condition()
        self._sockets: list[WebSocket] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, Future[Json]] = {}
        self._turn = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.received: list[Json] = []

    @property
    def count(self) -> int:
        return len(self._sockets)

    def new_ticket(self) -> str:
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return ticket

    def wait_for_socket(self, timeout: float = 10) -> bool:
        with self._arrived:
            return self._arrived.wait_for(lambda: self.count > 0, timeout)

    async def serve(self, websocket: WebSocket) -> None:
        """One socket, from hello to its end; a ticket opens one socket only."""
        ticket = websocket.path_params["ticket"]
        if ticket not in self._tickets:
            await websocket.close()
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        if self.count >= MOST_SOCKETS:
            await _say_goodbye(websocket, "too_many_websockets", True)
            return
        await websocket.send_json(
            {
                "type": "hello",
                "num_connections": self.count + 1,
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "sandbox", "approximate_connection_time": 3600},
            }
        )
        self._arrive(websocket)
        try:
            while True:
                self._acknowledged(json.loads(await websocket.receive_text()))
        except (WebSocketDisconnect, RuntimeError):
            pass  # closed by either side
        finally:
            self._leave(websocket)

    def _arrive(self, websocket: WebSocket) -> None:
        with self._arrived:
            self._sockets.append(websocket)
            self._arrived.notify_all()
        self._changed()

    def _leave(self, websocket: WebSocket) -> None:
        with self._arrived:
            if websocket in self._sockets:
                self._sockets.remove(websocket)
        self._changed()

    def _acknowledged(self, answer: Json) -> None:
        self.received.append(answer)
        waiting = self._waiting.pop(answer.get("envelope_id", ""), None)
        if waiting is not None:
            waiting.set_result(answer.get("payload") or {})

    def send(self, envelope: Envelope, seconds: float) -> Ack:
        """Without any socket the app cannot be reached: no ack at all."""
        if not self.wait_for_socket(self._patience):
            return Ack(0)
        with self._arrived:
            self._turn += 1
            websocket = self._sockets[self._turn % len(self._sockets)]
        envelope_id = secrets.token_hex(8)
        waiting: Future[Json] = Future()
        self._waiting[envelope_id] = waiting
        until = time.monotonic() + seconds
        try:
            self._run(websocket.send_json(_framed(envelope, envelope_id)), seconds)
            return Ack(200, waiting.result(max(0.0, until - time.monotonic())))
        except TimeoutError:
            return Ack(0, timed_out=True)
        except (WebSocketDisconnect, RuntimeError):
            return Ack(0)
        finally:
            self._waiting.pop(envelope_id, None)

    def drop(self, reason: str = "refresh_requested", close: bool = True) -> None:
        """Send a disconnect frame on every socket; `warning` announces it and leaves them open."""
        if reason not in REASONS:
            raise SandboxError(f"unknown reason {reason!r}; Slack has {', '.join(REASONS)}")
        for websocket in list(self._sockets):
            if close and reason != "warning":
                self._leave(websocket)
            self._run(_say_goodbye(websocket, reason, close and reason != "warning"), 2)

    def close(self) -> None:
        for websocket in list(self._sockets):
            self._leave(websocket)
            self._run(_close(websocket), 2)

    def _run(self, work: Any, seconds: float) -> None:
        assert self.loop is not None  # noqa: S101 - a socket came in, so the server runs
        asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)


def _framed(envelope: Envelope, envelope_id: str) -> Json:
    frame = {
        "envelope_id": envelope_id,
        "type": envelope.kind,
        "accepts_response_payload": envelope.kind != "events_api",
        "payload": envelope.payload,
    }
    if envelope.retry:
        frame |= {"retry_attempt": envelope.retry, "retry_reason": envelope.retry_reason}
    return frame


async def _say_goodbye(websocket: WebSocket, reason: str, close: bool) -> None:
    if websocket.client_state is WebSocketState.CONNECTED:
        frame = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
        await websocket.send_json(frame)
    if close:
        await _close(websocket)


async def _close(websocket: WebSocket) -> None:
    if websocket.application_state is not WebSocketState.DISCONNECTED:
        await websocket.close()
