"""
The garbage collector, paused while many rows are read.

A hundred thousand rows are millions of objects, none of them garbage and none in a cycle; looking
through them again and again took two fifths of the time (`python -m benchmarks.ingest`).
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pausing = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Also for several at once, in several threads: it goes on when the last one is done."""
    global _pausing  # noqa: PLW0603 the collector is one for the whole process
    with _lock:
        _pausing += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pausing -= 1
            if _pausing == 0:
                gc.enable()
