"""Certificates: public authorities, or the company's own, read once."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from bot.clients.enforcement import Confirmed, TargetError
from bot.clients.enforcement.webhook import WebhookTarget
from bot.clients.tls import trusted
from bot.domain.errors import ConfigError
from bot.sandbox.gateway import make_secret


class Confirms(BaseHTTPRequestHandler):
    """A gateway that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        answer = json.dumps({"budget": "search", "version": 8}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def company() -> trustme.CA:
    """An authority that nobody outside knows."""
    return trustme.CA()


@pytest.fixture
def address(company: trustme.CA) -> Iterator[str]:
    """A gateway inside the company, with a certificate of the company's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    company.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Confirms)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/limits"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def target(address: str) -> Iterator[WebhookTarget]:
    """That gateway as the target of the bot."""
    target = WebhookTarget(address, [make_secret()], allow_private=True)
    yield target
    target.close()


def send(target: WebhookTarget) -> object:
    """What the gateway answers."""
    state = {"data": {"budget": "search", "version": 8}}
    return target.send("search:8", json.dumps(state).encode())


@pytest.mark.parametrize("ask", [send, WebhookTarget.check])
def test_a_stranger_is_not_told(
    target: WebhookTarget, ask: Callable[[WebhookTarget], object]
) -> None:
    """A certificate of an unknown authority is refused, with the remedy."""
    with pytest.raises(TargetError, match=r"certificate verify failed: .*SSL_CERT_FILE"):
        ask(target)


@pytest.fixture
def known(company: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company's authority is named in SSL_CERT_FILE."""
    company.cert_pem.write_to_path(tmp_path / "company.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "company.pem"))


@pytest.mark.usefixtures("known")
def test_the_companys_own_authority(target: WebhookTarget) -> None:
    """Named in SSL_CERT_FILE, it is trusted."""
    assert Confirmed(8, {"budget": "search", "version": 8}) == send(target)
    assert target.check().startswith("localhost listens at ")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_none(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, with the remedy."""
    path = tmp_path / "company.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    with pytest.raises(ConfigError, match=r"SSL_CERT_FILE: .*company\.pem.*PEM"):
        trusted()


def test_it_is_read_once() -> None:
    """Every client shares it."""
    assert trusted() is trusted()
