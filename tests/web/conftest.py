"""The real HTTP surface on a port of its own, with the bot of a town behind it."""

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.clock import utc_now
from bot.web import WebServer, web_app
from tests.story.town import Town, at, town

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Gate:
    """The way in for Slack, and for everybody who is not Slack."""

    town: Town
    client: httpx.Client

    def sends(
        self,
        body: bytes,
        timestamp: str | None = None,
        signature: str | None = None,
        content_type: str = FORM,
    ) -> httpx.Response:
        """A request, signed as Slack signs it unless told otherwise."""
        moment = timestamp or str(int(utc_now().timestamp()))
        headers = {
            b"Content-Type": content_type.encode(),
            b"X-Slack-Request-Timestamp": moment.encode(),
            b"X-Slack-Signature": (signature or self.signature(body, moment)).encode(),
        }
        return self.client.post("/slack/events", content=body, headers=headers)

    def signature(self, body: bytes, timestamp: str, secret: str | None = None) -> str:
        """`v0=` and the HMAC over version, time and body."""
        key = (secret or self.town.slack.signing_secret).encode()
        base = f"v0:{timestamp}:".encode() + body
        return "v0=" + hmac.new(key, base, hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Town]:
    """One town for a module: nothing here depends on what was spent."""
    folder = tmp_path_factory.mktemp("acme")
    shutil.copy(sqlite_template, folder / "budgets.db")
    url = f"sqlite:///{folder}/budgets.db"
    with town(folder, url, "http", at("2026-11-02 11:00")) as place:
        yield place


@pytest.fixture(scope="module")
def gate(acme: Town) -> Iterator[Gate]:
    """The port that Slack is given."""
    address = f"http://127.0.0.1:{acme.port}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield Gate(acme, client)


@pytest.fixture
def surface(acme: Town) -> Iterator[httpx.Client]:
    """The surface as it is in Socket Mode, while the scheduler runs."""
    web = WebServer(web_app(acme.bot.bot, None, None, lambda: True), "127.0.0.1", 0)
    web.start()
    address = f"http://127.0.0.1:{web.port}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield client
    web.stop()
