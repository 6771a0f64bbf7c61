"""
A request that ends at a moment, whatever the other side does.

httpx's read time-out begins anew with each byte, so a server that sends its headers one by one could
hold a request for ever. Here the connection is closed under it.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

_OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


@contextmanager
def cutoff(request: httpx.Request, seconds: float) -> Iterator[threading.Event]:
    """
    Closes what `request` connects through after `seconds`; the event says that it did.

    For clients that keep no connection: one that is used again is not seen to be opened.
    """
    opened: list[socket.socket] = []
    over = threading.Event()

    def watch(name: str, info: dict[str, object]) -> None:
        if name not in _OPENED:
            return
        stream = info["return_value"]
        opened.append(stream.get_extra_info("socket"))  # type: ignore[attr-defined] # httpcore's
        if over.is_set():
            _close(opened)

    def end() -> None:
        over.set()
        _close(opened)

    request.extensions["trace"] = watch
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _close(opened: list[socket.socket]) -> None:
    for each in opened:
        with suppress(OSError):  # it is closed already, or TLS has taken it over
            each.shutdown(socket.SHUT_RDWR)
