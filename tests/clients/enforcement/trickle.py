"""A server that answers byte by byte and never ends."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STARTS = {
    "headers": b"HTTP/1.1 200 OK\r\nx-slow: ",
    "body": b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{",
    "body without an end": b"HTTP/1.1 200 OK\r\n\r\n{",
    "refusal": b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9999\r\n\r\n{",
    "status line": b"",
}


def _trickle(connection: socket.socket, start: bytes, over: threading.Event) -> None:
    """A byte now and then, without an end."""
    with connection, suppress(OSError):
        connection.recv(65536)
        connection.sendall(start)
        while not over.wait(0.05):
            connection.sendall(b"x")


@contextmanager
def trickling(start: bytes) -> Iterator[str]:
    """The address of a server that begins its answer with `start`."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=_trickle, args=(connection, start, over)).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
