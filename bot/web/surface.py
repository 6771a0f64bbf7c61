"""The routes of the HTTP surface."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from slack_bolt import App
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.flows import health
from bot.parts import Bot
from bot.web.gate import gate
from bot.web.metrics import Metrics
from bot.web.push import usage


def web_app(
    bot: Bot, slack: App | None, signing_secret: str | None, running: Callable[[], bool]
) -> Starlette:
    """`slack` is there in HTTP mode only; in Socket Mode nothing of Slack comes in here."""
    registry = CollectorRegistry()
    registry.register(Metrics(bot))

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
    if bot.push_secrets:
        routes.append(Route("/usage", usage(bot), methods=["POST"]))
    if slack is not None and signing_secret is not None:
        routes.append(Route("/slack/events", gate(slack, signing_secret), methods=["POST"]))
    return Starlette(routes=routes)
