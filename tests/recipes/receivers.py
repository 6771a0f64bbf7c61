"""The example receiver as a program of its own, and what it is told."""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook

from bot.clock import utc_now
from tests.recipes.bridges import ROOT, SECRET, free_port

NEW_SECRET = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWNyZXQtbmV3"
PERIOD = {"starts_at": "2026-11-01T04:00:00Z", "ends_at": "2026-12-01T05:00:00Z"}


class Receiver:
    """It runs in a folder of its own, and its log says what was enforced."""

    def __init__(self, folder: Path, secret: str = SECRET) -> None:
        self.folder, self.secret, self.port = folder, secret, free_port()
        self.url = f"http://127.0.0.1:{self.port}/limits"
        self.start()

    def start(self, code: Path = ROOT / "examples") -> None:
        """Begin, or begin again with what was kept."""
        environment = {"PATH": os.environ["PATH"], "LIMITS_SECRET": self.secret}
        command = ["-m", "uvicorn", "--app-dir", str(code), "receiver:app"]
        with (self.folder / "receiver.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--port", str(self.port)],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        ends, pause = time.monotonic() + 30, threading.Event()
        while time.monotonic() < ends:
            try:
                assert 401 == httpx.post(self.url, trust_env=False).status_code
            except httpx.TransportError:
                pause.wait(0.05)
            else:
                return
        raise TimeoutError((self.folder / "receiver.log").read_text())

    def kill(self) -> None:
        """Without a chance to finish anything."""
        self.process.kill()
        self.process.wait(10)

    def tell(self, data: dict[str, Any], *, secret: str = SECRET, key: str = "") -> httpx.Response:
        """What the bot would send."""
        now = utc_now()
        body = json.dumps({"type": "budget.limit_state", "timestamp": iso(now), "data": data})
        key = key or f"limit:{data['budget']}:v{data['version']}"
        headers = {
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(key, now, body),
        }
        return httpx.post(self.url, content=body, headers=headers, trust_env=False, timeout=30)

    @property
    def enforced(self) -> list[str]:
        """`search: block, limit $100.00`, in the order in which it was done."""
        lines = (self.folder / "receiver.log").read_text().splitlines()
        said = [line.removeprefix("WARNING:root:") for line in lines]
        return [line for line in said if ", limit $" in line]


def state(version: int, mode: str = "allow", limit: str = "100.00", **more: Any) -> dict[str, Any]:
    """A limit state of the budget search."""
    plain = {"until": None, "then": None, "period": PERIOD}
    return {"budget": "search", "version": version, "mode": mode, "limit_usd": limit} | plain | more


def iso(at: datetime) -> str:
    """As the bot writes it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def soon(seconds: float) -> str:
    """A moment of the real clock, by which the receiver goes."""
    return iso(utc_now() + timedelta(seconds=seconds))
