"""The page's files, and the world it shows and moves, as JSON."""

from collections.abc import Callable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.world.mover import Mover

LONGEST_POLL = 25.0
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HEADERS = {
    # Whatever a message says, nothing of it runs, and nothing is loaded from elsewhere.
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
JUMPS = ("hour", "day", "monday")
MOST_USD = Decimal(1000)


class Shown(Protocol):
    """What the page needs of the world."""

    mover: Mover
    policy_file: Path

    @property
    def budgets(self) -> frozenset[str]: ...

    def state(self) -> dict[str, Any]: ...

    def wait(self, seen: int, timeout: float) -> None: ...


class Refused(Exception):  # noqa: N818 - an outcome, answered with 400
    """A wish the world does not know."""


def page_routes(world: Shown) -> list[BaseRoute]:
    polls = CapacityLimiter(50)

    async def state(request: Request) -> Response:
        """The state at once, or with `since` as soon as it is another one."""
        since = request.query_params.get("since", "")
        if since.isdigit():
            await to_thread.run_sync(world.wait, int(since), LONGEST_POLL, limiter=polls)
        return JSONResponse(await to_thread.run_sync(world.state, limiter=polls))

    async def act(request: Request) -> Response:
        try:
            asked = await request.json()
            WISHES[asked["do"]](world, asked)
        except Refused as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return JSONResponse({"ok": False, "error": "not understood"}, 400)
        return JSONResponse({"ok": True})

    async def policy(_: Request) -> Response:
        return PlainTextResponse(world.policy_file.read_text(encoding="utf-8"), headers=HEADERS)

    return [
        Route("/", page, methods=["GET"]),
        Route("/page/{name}", page, methods=["GET"]),
        Route("/world/state", state, methods=["GET"]),
        Route("/world/act", act, methods=["POST"]),
        Route("/budgets.yaml", policy, methods=["GET"]),
    ]


def _move(world: Shown, asked: dict[str, Any]) -> None:
    if asked["by"] not in JUMPS:
        raise Refused(f"by must be one of {', '.join(JUMPS)}")
    world.mover.move(asked["by"])


def _spend(world: Shown, asked: dict[str, Any]) -> None:
    usd = Decimal(str(asked["usd"]))
    if asked["budget"] not in world.budgets:
        raise Refused(f"budget must be one of {', '.join(sorted(world.budgets))}")
    if not (usd.is_finite() and 0 < usd <= MOST_USD):
        raise Refused(f"usd must be more than 0 and at most {MOST_USD}")
    world.mover.spend(asked["budget"], usd)


WISHES: dict[str, Callable[[Shown, dict[str, Any]], None]] = {
    "move": _move,
    "spend": _spend,
    "run": lambda world, _: world.mover.run(),
    "pause": lambda world, _: world.mover.pause(),
}


async def page(request: Request) -> Response:
    """A file of the page; only names that lie in its folder are found."""
    name = request.path_params.get("name", "index.html")
    folder = resources.files("bot.sandbox") / "page"
    found = {file.name: file for file in folder.iterdir() if file.is_file()}.get(name)
    kind = KINDS.get(Path(name).suffix)
    if found is None or kind is None:
        return PlainTextResponse("not found", 404)
    return Response(found.read_bytes(), media_type=kind, headers=HEADERS)
