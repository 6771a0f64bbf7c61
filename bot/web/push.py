"""`POST /usage`: rows that gateways and collectors push, signed like the webhook."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.flows import pushing
from bot.parts import Bot
from bot.web.bodies import read_body, too_large


def usage(bot: Bot) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """202 with how many were new; otherwise nothing was taken, and the answer says why."""

    async def receive(request: Request) -> Response:
        body = await read_body(request, pushing.LARGEST_BODY)
        if body is None:
            return too_large()
        headers = dict(request.headers)
        answer = await run_in_threadpool(pushing.take, bot, body, headers, bot.clock())
        if isinstance(answer, pushing.Refused):
            return JSONResponse({"error": answer.text}, status_code=answer.status)
        taken = {"accepted": answer.accepted, "duplicates": answer.duplicates}
        return JSONResponse(taken, status_code=202)

    return receive
