"""The server: uvicorn in a thread."""

import threading
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette


class WebServer:
    """uvicorn in a thread, so that the main thread can wait for signals."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self, timeout: float = 10) -> None:
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(timeout / 0.02)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            waited.wait(0.02)
        raise OSError(f"cannot listen on {self._server.config.host}:{self._server.config.port}")

    def _run(self) -> None:
        with suppress(SystemExit):  # how uvicorn says that the address is taken; `start` tells it
            self._server.run()

    @property
    def port(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
