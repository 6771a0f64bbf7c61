"""Commands as an operator types them: each a process with an environment of its own."""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

ROOT = Path.cwd()
PATIENCE = 60  # seconds


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the process sees, and nothing of the developer's own."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**keep, "PYTHONPATH": str(ROOT), **given}


def run(folder: Path, given: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`budget-bot` with these words to its end, in a folder and with these variables."""
    out, error = folder / ".stdout", folder / ".stderr"
    order = {
        "words": words,
        "environment": environment(given),
        "folder": str(folder),
        "out": str(out),
        "error": str(error),
    }
    code = _warm().ask(json.dumps(order))
    texts = [path.read_text() for path in (out, error)]
    for path in (out, error):
        path.unlink()
    return subprocess.CompletedProcess(list(words), code, *texts)


class _Warm:
    """The process that has imported everything, and its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment({}),
            cwd=ROOT,
            text=True,
        )
        self._answers = Queue[str]()
        Thread(target=self._read, daemon=True).start()

    def ask(self, order: str) -> int:
        """The exit code; raises TimeoutError, and the next command begins with a new process."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        try:
            return int(self._answers.get(timeout=PATIENCE))
        except Empty:
            _warm.cache_clear()
            self.end()
            raise TimeoutError(f"no end after {PATIENCE} s: {order}") from None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)


@cache
def _warm() -> _Warm:
    """One for each worker of the tests."""
    warm = _Warm()
    atexit.register(warm.end)
    return warm
