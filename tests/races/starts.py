"""How races are started: everybody waits for everybody, and what anybody raises is raised."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
PATIENCE = 20


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Every call in a thread of its own, all from the same moment; their results in order."""
    line = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        line.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(run, call) for call in calls]]
