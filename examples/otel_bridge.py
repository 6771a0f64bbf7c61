"""
Claude Code's OpenTelemetry events for `POST /usage`: one row for each request to the API.

The collector is answered 200 when the bot has taken the rows, and else 503, so that it sends them
again; the request's id makes a row count once. How to set it up: docs/recipes/claude-code-otel.md
"""

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import uvicorn
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TAGS = ("anthropic.provider", "cost_center", "department", "query_source")
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, zlib.error)
Json = dict[str, Any]


def find_requests(export: Json) -> Iterator[Json]:
    """The attributes of each request to the API, its resource's among them, and its time."""
    for resource in export.get("resourceLogs", []):
        shared = read_attributes(resource.get("resource", {}))
        for scope in resource.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                said = shared | read_attributes(record)
                if str(said.get("event.name")).removeprefix("claude_code.") == "api_request":
                    yield said | {"nanos": record.get("timeUnixNano")}


def read_attributes(holder: Json) -> Json:
    """`{"key": "input_tokens", "value": {"intValue": "20"}}` and the like, by key."""
    pairs = ((pair["key"], pair.get("value", {})) for pair in holder.get("attributes", []))
    return {key: next(iter(value.values()), None) for key, value in pairs}


def make_row(said: Json) -> Json:
    """A row for `POST /usage`, priced by the bot where no dollars are told. Raises one of `ODD`."""
    event = (said.get("session.id"), said.get("event.sequence"), said.get("nanos"))
    written = int(said.get("cache_creation_tokens", 0))
    hour = int(said.get("cache_creation_1h_tokens", 0))
    row = {
        "source": "claude-code",
        "id": said.get("request_id") or ":".join(map(str, event)),
        "at": datetime.fromtimestamp(int(said["nanos"]) // 10**9, UTC).isoformat(),
        "model": said.get("model"),
        "actor": said.get("user.email") or said.get("user.account_id") or said.get("user.id"),
        "team": said.get("team.id"),
        "tags": {name: str(said[name]) for name in TAGS if said.get(name)},
        "uncached_input_tokens": int(said.get("input_tokens", 0)),
        "cache_read_input_tokens": int(said.get("cache_read_tokens", 0)),
        "cache_creation_5m_input_tokens": written - hour,
        "cache_creation_1h_input_tokens": hour,
        "output_tokens": int(said.get("output_tokens", 0)),
    }
    micros = said.get("cost_usd_micros")
    dollars = said.get("cost_usd") if micros is None else Decimal(micros) / 1_000_000
    return row if dollars is None else row | {"cost_usd": f"{Decimal(str(dollars)):.9f}"}


async def push(bot: httpx.AsyncClient, webhook: Webhook, rows: list[Json]) -> int:
    """How many the bot refuses for good. Raises httpx.HTTPError when it has to be tried again."""
    body = json.dumps({"rows": rows})
    id_ = f"msg_{hashlib.sha256(body.encode()).hexdigest()[:32]}"
    now = datetime.now(UTC)  # noqa: TID251 - a program of its own
    signed = {"webhook-id": id_, "webhook-timestamp": str(int(now.timestamp()))}
    signed["webhook-signature"] = webhook.sign(id_, now, body)
    answer = await bot.post("/usage", content=body, headers=signed)
    if answer.status_code not in {400, 413}:
        answer.raise_for_status()
        return 0
    if len(rows) == 1:
        logging.warning("the bot refuses a row: %s %s", answer.text[:300], body[:300])
        return 1
    half = len(rows) // 2  # a bad row refuses the whole call, and must not keep the others out
    return await push(bot, webhook, rows[:half]) + await push(bot, webhook, rows[half:])


async def receive(request: Request) -> Response:
    """OTLP's answers: 400 is never sent again, 503 is, and 200 may tell of records refused."""
    rows, refused, state = [], 0, request.app.state
    try:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = zlib.decompressobj(31).decompress(body, 20 * 2**20)  # 31: with gzip's header
        for said in find_requests(json.loads(body)):
            try:
                rows.append(make_row(said))
            except ODD as error:
                refused += 1
                logging.warning("a record is not as documented: %r %.300s", error, said)
    except ODD as error:
        return JSONResponse({"message": f"not OTLP/JSON logs: {error!r}"}, 400)
    try:
        refused += await push(state.bot, state.webhook, rows) if rows else 0
    except httpx.HTTPError as error:
        logging.warning("not delivered, to be sent again: %s", error)
        return JSONResponse({"message": "the bot did not take it; send it again"}, 503)
    told = {"rejectedLogRecords": str(refused), "errorMessage": "see the bridge's log"}
    return JSONResponse({"partialSuccess": told} if refused else {})


if __name__ == "__main__":
    app = Starlette(routes=[Route("/v1/logs", receive, methods=["POST"])])
    url = os.environ.get("BUDGET_BOT_URL", "http://127.0.0.1:8080")
    app.state.bot = httpx.AsyncClient(base_url=url, trust_env=False, timeout=20)
    app.state.webhook = Webhook(os.environ["USAGE_PUSH_SECRET"])
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("OTEL_BRIDGE_PORT", "4319")))
