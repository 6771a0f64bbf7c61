"""The bridge as a program of its own, and what the bot has in its ledger because of it."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.domain.policy import Basis
from store import ledger
from tests.story.town import Town, at

ROOT = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge that runs; `process` can be killed."""

    url: str
    process: "subprocess.Popen[bytes]"

    def export(self, payload: object, *, packed: bool = False) -> httpx.Response:
        """What a collector sends, and how the bridge answers it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {"content-type": "application/json"}
        if packed:
            body, headers["content-encoding"] = gzip.compress(body), "gzip"
        return httpx.post(
            f"{self.url}/v1/logs", content=body, headers=headers, trust_env=False, timeout=30
        )

    def kill(self) -> None:
        """Without a chance to finish anything."""
        self.process.kill()
        self.process.wait(10)


Bridges = Callable[..., Bridge]


def spent(acme: Town) -> dict[str, int]:
    """Micro-dollars by budget, as the ledger has them."""
    with acme.bot.bot.db.transaction() as tx:
        return dict(ledger.spend(tx, at("2026-11-01 00:00"), at("2026-12-01 00:00"), Basis.NET))


@contextmanager
def stopped(acme: Town) -> Iterator[None]:
    """While the bot is down."""
    acme.stop_bot()
    try:
        yield
    finally:
        acme.start_bot()


def start(url: str, secret: str, folder: Path) -> Bridge:
    """A bridge that is ready; whoever starts it kills it."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "BUDGET_BOT_URL": url,
        "USAGE_PUSH_SECRET": secret,
        "OTEL_BRIDGE_PORT": str(port),
    }
    with (folder / f"bridge-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "otel_bridge.py")],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    bridge = Bridge(f"http://127.0.0.1:{port}", process)
    _wait_until_ready(bridge)
    return bridge


def _wait_until_ready(bridge: Bridge) -> None:
    """An export without anything in it is a success."""
    ends = time.monotonic() + 30
    pause = threading.Event()
    while bridge.process.poll() is None and time.monotonic() < ends:
        try:
            assert (200, {}) == ((answer := bridge.export({})).status_code, answer.json())
        except httpx.TransportError:
            pause.wait(0.05)
        else:
            return
    bridge.kill()
    raise TimeoutError("the bridge did not start")


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
