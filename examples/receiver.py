"""
A receiver of limit states: verifies, enforces, keeps, and only then confirms.

Run it with `LIMITS_SECRET=whsec_… uvicorn receiver:app --port 8090`, and the bot with the same
secret and ENFORCEMENT_WEBHOOK_URL=http://127.0.0.1:8090/limits. How to write one of your own:
docs/recipes/receiver.md
"""

import json
import logging
import os
import sqlite3
import threading
import time
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LARGEST = 20_000  # bytes; a limit state has about 900
SECRETS = os.environ["LIMITS_SECRET"].split()  # two while a secret is rotated
LOCK = threading.RLock()
DB = sqlite3.connect(os.environ.get("LIMITS_DATABASE", "limits.db"), check_same_thread=False)
DB.execute("PRAGMA synchronous = FULL")  # what was confirmed survives a power cut
DB.execute("CREATE TABLE IF NOT EXISTS held (budget PRIMARY KEY, version, data, enforced)")


def enforce(budget: str, mode: str, limit_usd: str) -> None:
    """Replace this: tell your gateway, and raise when it does not take it."""
    logging.warning("%s: %s, limit $%s", budget, mode, limit_usd)


def in_force(data: dict[str, Any]) -> tuple[str, str]:
    """Mode and limit now: it falls back by itself, so a dead bot leaves no raise behind."""
    until, now = data["until"], time.time()  # noqa: TID251 not a part of the bot
    over = until is not None and now >= datetime.fromisoformat(until).timestamp()
    holds = data["then"] if over else data
    return holds["mode"], holds["limit_usd"]


def hold(data: dict[str, Any]) -> tuple[int, int]:
    """The status to answer with and the version that is held; an older version changes nothing."""
    budget, version, now = data["budget"], data["version"], in_force(data)
    with LOCK, DB:
        found = DB.execute("SELECT version FROM held WHERE budget = ?", [budget]).fetchone()
        if found and found[0] > version:
            return 409, found[0]
        enforce(budget, *now)  # before it is confirmed: then people are told that it holds
        row = (budget, version, json.dumps(data), " ".join(now))
        DB.execute("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)", row)
    return 200, version


def fall_back() -> None:
    """Every second, what the clock alone has changed."""
    while True:
        time.sleep(1)
        with LOCK:
            for _, _, text, enforced in DB.execute("SELECT * FROM held").fetchall():
                try:
                    if " ".join(in_force(json.loads(text))) != enforced:
                        hold(json.loads(text))
                except Exception:
                    logging.exception("not enforced; again in a second")


async def receive(request: Request) -> Response:
    """200 or 409 with what is held; 401 what the bot did not sign; 503 try again."""
    length = int(request.headers.get("content-length", LARGEST + 1))
    body = await request.body() if length <= LARGEST else b""
    if not any(is_signed(secret, body, dict(request.headers)) for secret in SECRETS):
        return JSONResponse({"error": "not signed by the bot"}, 401)
    data = json.loads(body)["data"]
    try:
        status, version = await run_in_threadpool(hold, data)
    except Exception as error:
        logging.exception("not enforced; the bot tries again")
        return JSONResponse({"error": str(error)}, 503)
    return JSONResponse({"budget": data["budget"], "version": version}, status)


def is_signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """By the Standard Webhooks scheme, and within five minutes."""
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


app = Starlette(routes=[Route("/limits", receive, methods=["POST"])])
threading.Thread(target=fall_back, daemon=True).start()
