"""The addresses Slack itself would have: the Web API, response URLs, uploads and sockets."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.sandbox.slack.replies import reply
from bot.sandbox.slack.server import cut
from bot.sandbox.slack.socket_line import SocketLine
from bot.sandbox.slack.webapi import Reply, WebApi
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]
GONE = {"used_url", "expired_url", "invalid_url"}


async def arguments_of(request: Request) -> Json:
    """A form or a JSON object; whatever stands in the query counts too."""
    given: Json = dict(request.query_params)
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        parsed = json.loads(body or b"{}")
        if not isinstance(parsed, dict):
            raise ValueError("not an object")
        return given | parsed
    return given | dict(parse_qsl(body.decode(), keep_blank_values=True))


async def sent(request: Request, reply: Reply) -> Response:
    if reply.dropped:
        return await cut(request)
    return JSONResponse(reply.body, reply.status, reply.headers)


def slack_routes(
    workspace: Workspace, api: WebApi, sockets: SocketLine, strict: bool
) -> list[BaseRoute]:
    async def call(request: Request) -> Response:
        try:
            given = await arguments_of(request)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_json"})
        _, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer or str(given.get("token", ""))
        name = request.path_params["method"]
        return await sent(request, await run_in_threadpool(api.handle, name, token, given))

    async def respond(request: Request) -> Response:
        try:
            given = await arguments_of(request)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        token = request.path_params["token"]

        def run() -> Json:
            reply(workspace, workspace.tickets.use_url(token), given, strict)
            return {}

        made = await run_in_threadpool(api.faulty, "response_url", given, run)
        if made.status == 200 and not made.body["ok"]:
            status = 404 if made.body["error"] in GONE else 400
            made = Reply(status, made.body, dropped=made.dropped)
        return await sent(request, made)

    async def upload(request: Request) -> Response:
        kept = workspace.uploads.get(request.path_params["file_id"])
        if kept is None:
            return Response("not found", 404)
        body = await request.body()
        kept["received"] = len(body)
        return Response(f"OK - {len(body)}")

    return [
        Route("/api/{method}", call, methods=["GET", "POST"]),
        Route("/response/{token}", respond, methods=["POST"]),
        Route("/upload/{file_id}", upload, methods=["POST"]),
        WebSocketRoute("/socket/{ticket}", sockets.serve),
    ]
