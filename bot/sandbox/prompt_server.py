"""A uvicorn that ends as soon as it is told to."""

import asyncio
import socket
from contextlib import suppress

import uvicorn

TICK = 0.1  # seconds, as uvicorn's own


class PromptServer(uvicorn.Server):
    """
    uvicorn looks every tenth of a second whether it should end, and then waits as long again for
    those who are connected. A sandbox is stopped and started hundreds of times.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            waits = self.config.timeout_graceful_shutdown
            await asyncio.wait_for(self._wait_tasks_to_complete(), timeout=waits)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()
