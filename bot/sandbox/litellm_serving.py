"""What the doubles of gateways share: a server, a journal, and faults to show."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.serving import Served, Server, wait_for_disconnect
from bot.sandbox.usage.faults import Fault, Faults

Body = dict[str, object]
Answer = Callable[[Request], Body]
Write = Callable[[dict[str, Any]], Body]


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    def __init__(self, status: int, body: Body) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class GatewayDouble(Served):
    """Answers; whoever extends it names the paths to read and to write, and how an error looks."""

    def __init__(
        self,
        paths: dict[str, Answer],
        port: int = 0,
        *,
        writing: dict[str, Write] | None = None,
    ) -> None:
        self.faults = Faults()
        self.lock = threading.Lock()
        self._paths = paths
        self._writing = writing or {}
        self._seen: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self._written: list[tuple[str, str]] = []
        routes = [Route("/{path:path}", self._handle, methods=["GET", "POST"])]
        self._server = Server(Starlette(routes=routes), port)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def requests(self) -> Sequence[tuple[str, tuple[tuple[str, str], ...]]]:
        """Path and parameters of every request so far, the oldest first."""
        return tuple(self._seen)

    @property
    def written(self) -> Sequence[tuple[str, str]]:
        """Path and body of every write that was carried out, as it came over the wire."""
        return tuple(self._written)

    def error(self, status: int, message: str) -> Body:
        raise NotImplementedError

    def authorize(self, request: Request) -> None:
        """Raises a `Refusal` for a request without the right credential."""

    async def _handle(self, request: Request) -> Response:
        path, parameters = request.url.path, request.query_params
        self._seen.append((path, tuple(parameters.multi_items())))
        later_page = parameters.get("page", "1") != "1" or "page_token" in parameters
        fault = self.faults.take(path, later_page)
        if fault is not None and (broken := await self._break(fault, request)) is not None:
            return broken
        try:
            self.authorize(request)
            body: object = await self._answer(path, request)
        except Refusal as refusal:
            return _json(refusal.body, refusal.status)
        if fault is not None and fault.kind == "lose":
            self._server.drop(request)
            return Response()
        if fault is not None and fault.edit is not None and isinstance(body, dict):
            body = fault.edit(body)
        return _json(body, 200, cut=fault is not None and fault.kind == "truncate")

    async def _answer(self, path: str, request: Request) -> Body:
        if request.method == "GET":
            if (answer := self._paths.get(path)) is None:
                raise Refusal(404, {"detail": "Not Found"})
            with self.lock:
                return answer(request)
        text = (await request.body()).decode()
        if (write := self._writing.get(path)) is None:
            raise Refusal(404, {"detail": "Not Found"})
        with self.lock:
            body = write(json.loads(text))
            self._written.append((path, text))
            return body

    async def _break(self, fault: Fault, request: Request) -> Response | None:
        match fault.kind:
            case "status" | "mid_page":
                return Response("upstream trouble", fault.status, dict(fault.headers))
            case "error":
                return _json(self.error(fault.status, fault.message), fault.status)
            case "malformed":
                return Response(fault.body, 200, dict(fault.headers), "application/json")
            case "drop":
                self._server.drop(request)
                return Response()
            case "delay" if fault.seconds is None:
                await wait_for_disconnect(request)
                return Response()
            case "delay":
                await anyio.sleep(fault.seconds or 0)
        return None


def _json(body: object, status: int, *, cut: bool = False) -> Response:
    text = json.dumps(body).encode()
    if not cut:
        return Response(text, status, media_type="application/json")
    # a promised length that is not kept: uvicorn then cuts the connection
    headers = {"content-length": str(len(text))}
    return Response(text[: len(text) // 2], status, headers, "application/json")
