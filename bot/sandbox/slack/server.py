"""The HTTP server of the sandbox: uvicorn in a thread of its own, on a loopback port."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.sandbox.prompt_server import PromptServer
from bot.sandbox.slack.errors import SandboxError

Loop = asyncio.AbstractEventLoop


class DroppableProtocol(H11Protocol):
    """Lets a request handler cut its own connection, as a network would."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "cut": transport.close}
        super().connection_made(transport)


async def cut(request: Request) -> Response:
    """Close the connection of this request without any answer."""
    request.state.cut()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


class Server:
    """Starts and stops the server; `start` returns once the port takes connections."""

    def __init__(self, routes: Sequence[BaseRoute], started: Callable[[Loop], None]) -> None:
        self._routes = routes
        self._started = started
        self._thread: threading.Thread | None = None
        self._uvicorn: PromptServer | None = None
        self.port = 0

    def start(self, port: int = 0) -> None:
        if self._thread is not None:
            raise SandboxError("the sandbox runs already")
        listening = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = listening.getsockname()[1]
        ready = threading.Event()

        @contextlib.asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            self._started(asyncio.get_running_loop())
            ready.set()
            yield

        config = uvicorn.Config(
            Starlette(routes=list(self._routes), lifespan=lifespan),
            http=DroppableProtocol,
            ws="websockets-sansio",
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        server = PromptServer(config)
        self._uvicorn = server
        self._thread = threading.Thread(
            target=server.run, args=([listening],), name="slack-sandbox", daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            raise SandboxError("the sandbox did not start within 10 seconds")

    @property
    def running(self) -> bool:
        return self._thread is not None

    def stop(self) -> None:
        if self._thread is None or self._uvicorn is None:
            return
        self._uvicorn.end()
        self._thread.join(10)
        self._thread = None
        self._uvicorn = None
