"""A local HTTP server for a sandbox double: one ASGI application in a thread, on loopback."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp


class _Prompt(uvicorn.Server):
    """Starts and stops without polling, for a test starts and stops one every time."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave = asyncio.Event()

    def leave(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        await self._leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """
        At once: nothing that is under way is worth waiting for in a double.

        asyncio leaks a connection whose accepting task runs after its server was closed. So nothing
        more is accepted, then all tasks end, then the server is closed.
        """
        listeners = sockets or []
        for listener in listeners:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        while self.server_state.connections or len(asyncio.all_tasks()) > 1:
            for connection in list(self.server_state.connections):
                _abort(connection)
            for task in list(self.server_state.tasks):
                task.cancel()
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()


class Server:
    """Serves an application until stopped; a restart keeps the port, so addresses stay valid."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._app = app
        self._port = port
        self._server: _Prompt | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        with self._lock:
            if self._server is not None:
                return
            listener = _bind(self._port)
            self._port = listener.getsockname()[1]
            self._server = _Prompt(_config(self._app))
            self._thread = threading.Thread(
                target=self._server.run, args=([listener],), name="sandbox-http", daemon=True
            )
            self._thread.start()
            if not self._server.ready.wait(10):
                raise RuntimeError("the sandbox server did not start")

    def stop(self) -> None:
        with self._lock:
            if self._server is None or self._thread is None:
                return
            self._server.leave()
            self._thread.join(10)
            self._server = self._thread = None

    def drop(self, request: Request) -> None:
        """Cuts the connection of this request without a byte of answer; call it in a handler."""
        server, client = self._server, request.scope.get("client")
        if server is None or client is None:
            return
        for connection in list(server.server_state.connections):
            if getattr(connection, "client", None) == tuple(client):
                _abort(connection)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Served:
    """A double that has a server of its own, and lives as long as that."""

    _server: Server

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


async def wait_for_disconnect(request: Request) -> None:
    """Keeps a request open until its client gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _abort(connection: object) -> None:
    transport = getattr(connection, "transport", None)
    if transport is not None:
        transport.abort()


def _bind(port: int) -> socket.socket:
    # asyncio switches Nagle off, 40 ms a request, only when the protocol is named
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
    )
