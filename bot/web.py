"""The HTTP surface: Slack's requests behind a gate, health, readiness, metrics."""

import hashlib
import hmac
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.clock import utc_now
from bot.flows import health
from bot.parts import Bot

LARGEST_BODY = 1_000_000
TOLERANCE = timedelta(minutes=5)


def web_app(
    bot: Bot, slack: App | None, signing_secret: str | None, running: Callable[[], bool]
) -> Starlette:
    """`slack` is there in HTTP mode only; in Socket Mode nothing of Slack comes in here."""
    registry = CollectorRegistry()
    registry.register(_Metrics(bot))

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        ready = await run_in_threadpool(health.readiness, bot, bot.clock(), running())
        return JSONResponse(ready.checks, status_code=200 if ready.ok else 503)

    async def metrics(_: Request) -> Response:
        body = await run_in_threadpool(generate_latest, registry)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
    if slack is not None and signing_secret is not None:
        routes.append(Route("/slack/events", _gate(slack, signing_secret), methods=["POST"]))
    return Starlette(routes=routes)


def _gate(slack: App, signing_secret: str) -> Callable[[Request], object]:
    """
    What bolt must not see: it parses a body before it checks the signature, and takes any size.

    First the size, then the signature over the raw bytes, then bolt, in a thread.
    """

    async def events(request: Request) -> Response:
        body = await _read(request)
        if body is None:
            # Closed, because uvicorn would otherwise read the rest and throw it away.
            closed = {"connection": "close"}
            return PlainTextResponse("the body is too large", status_code=413, headers=closed)
        headers = request.headers
        timestamp = headers.get("x-slack-request-timestamp", "")
        if not signed(body, timestamp, headers.get("x-slack-signature", ""), signing_secret):
            return PlainTextResponse("the signature does not match", status_code=401)
        try:
            bolt_request = to_bolt_request(request, body)
            answer = await run_in_threadpool(slack.dispatch, bolt_request)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return PlainTextResponse("the body cannot be read", status_code=400)
        return to_starlette_response(answer)

    return events


def signed(body: bytes, timestamp: str, signature: str, secret: str) -> bool:
    """HMAC-SHA256 over `v0:{timestamp}:{raw body}`, not older than five minutes."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    if abs(utc_now().timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    content = f"v0:{timestamp}:".encode() + body
    expected = "v0=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    # Bytes, because comparing strings raises for anything outside ASCII.
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


async def _read(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


class WebServer:
    """uvicorn in a thread, so that the main thread can wait for signals."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self, timeout: float = 10) -> None:
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(timeout / 0.02)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            waited.wait(0.02)
        raise OSError(f"cannot listen on {self._server.config.host}:{self._server.config.port}")

    def _run(self) -> None:
        with suppress(SystemExit):  # how uvicorn says that the address is taken; `start` tells it
            self._server.run()

    @property
    def port(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


class _Metrics(Collector):
    """What is in the database, asked anew at each scrape."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        figures = health.figures(self._bot, self._bot.clock())
        entries = GaugeMetricFamily(
            "budget_bot_outbox_entries", "Entries not delivered", labels=["lane", "state"]
        )
        for (lane, state), count in figures.outbox.items():
            entries.add_metric([lane, state], count)
        spent = GaugeMetricFamily(
            "budget_bot_spent_usd", "Spend in the current period", labels=["budget"]
        )
        limit = GaugeMetricFamily(
            "budget_bot_limit_usd", "Effective limit in the current period", labels=["budget"]
        )
        for budget, (spent_usd, limit_usd) in figures.budgets.items():
            spent.add_metric([budget], spent_usd)
            if limit_usd is not None:
                limit.add_metric([budget], limit_usd)
        age = GaugeMetricFamily(
            "budget_bot_source_age_seconds", "Age of a source's figures", labels=["source"]
        )
        blind = GaugeMetricFamily(
            "budget_bot_source_blind", "1 while a source cannot be read", labels=["source"]
        )
        for source, (seconds, is_blind) in figures.sources.items():
            if seconds is not None:
                age.add_metric([source], seconds)
            blind.add_metric([source], is_blind)
        return [entries, spent, limit, age, blind]
