"""The HTTP side of the usage API double: credentials, versions, envelopes, faults."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from starlette.requests import Request
from starlette.responses import Response

from bot.sandbox.serving import Server, wait_for_disconnect
from bot.sandbox.usage.administration import Administration
from bot.sandbox.usage.claude_code import read_claude_code
from bot.sandbox.usage.cost_report import read_cost_report
from bot.sandbox.usage.dimensions import COST, USAGE
from bot.sandbox.usage.faults import Fault, Faults
from bot.sandbox.usage.ledger import Ledger
from bot.sandbox.usage.listing import LISTS, show_organization
from bot.sandbox.usage.query import ApiError, invalid
from bot.sandbox.usage.reading import Reports
from bot.sandbox.usage.usage_report import asks_speed, read_usage_report

PREFIX = "/v1/organizations/"
BETA = "analytics-usage-cost-2026-08-24"
VERSIONS = ("2023-06-01", "2026-10-21")
FAST_BETA = "fast-mode-2026-02-01"
REPORTS = {"analytics/cost": COST, "analytics/usage": USAGE}
OLDER_REPORTS = {
    "usage_report/messages": read_usage_report,
    "usage_report/claude_code": read_claude_code,
    "cost_report": read_cost_report,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in, without its credentials."""

    path: str
    parameters: tuple[tuple[str, str], ...]
    user_agent: str
    version: str
    beta: str
    method: str = "GET"
    body: bytes = b""


class Endpoints:
    def __init__(
        self,
        ledger: Ledger,
        faults: Faults,
        scopes: dict[str, frozenset[str]],
        server: Callable[[], Server],
        administration: Administration,
    ) -> None:
        self._ledger = ledger
        self._administration = administration
        self._faults = faults
        self._scopes = scopes
        self._server = server
        self._reports = Reports(ledger)
        self._numbers = itertools.count(1)
        self.seen: list[Seen] = []

    async def handle(self, request: Request) -> Response:
        path = request.url.path
        pairs = request.query_params.multi_items()
        sent = await request.body()
        self.seen.append(_note(request, pairs, sent))
        later_page = any(name in ("page", "after_id") for name, _ in pairs)
        fault = self._faults.take(path, later_page)
        if fault is not None and (broken := await self._break(fault, request)) is not None:
            return broken
        if fault is not None and fault.kind == "loop":
            pairs = [pair for pair in pairs if pair[0] not in ("page", "after_id")]
        try:
            self._authorize(request)
            body = await anyio.to_thread.run_sync(self._answer, request.method, path, pairs, sent)
        except ApiError as error:
            return self._refuse(error, {})
        if fault is not None and fault.kind == "lose":
            self._server().drop(request)
            return Response()
        if fault is not None and fault.kind == "silent":
            await wait_for_disconnect(request)
        return self._respond(_alter(fault, body), fault)

    def _answer(
        self, method: str, path: str, pairs: Sequence[tuple[str, str]], sent: bytes
    ) -> dict[str, object]:
        name = path.removeprefix(PREFIX)
        if method != "GET" or self._administration.answers(name):
            with self._ledger.lock:
                return self._administration.answer(method, name, pairs, sent)
        if (report := REPORTS.get(name)) is not None:
            return self._reports.read(report, pairs)
        with self._ledger.lock:
            if (older := OLDER_REPORTS.get(name)) is not None:
                return older(self._ledger, pairs)
            if (listing := LISTS.get(name)) is not None:
                return listing(self._ledger.organization, pairs)
            if name == "me":
                return show_organization(self._ledger.organization, pairs)
        raise ApiError(404, "not_found_error", "Not found")

    def _authorize(self, request: Request) -> None:
        """A Console admin key may do everything, an analytics key only read the two reports."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        scopes = self._scopes.get(request.headers.get("x-api-key") or bearer)
        if scopes is None:
            raise ApiError(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") not in VERSIONS:
            raise invalid("anthropic-version: header is required")
        name = request.url.path.removeprefix(PREFIX)
        betas = request.headers.get("anthropic-beta", "").replace(" ", "").split(",")
        if name not in REPORTS:
            needed = self._administration.scope(request.method, name)
            if not scopes & {"admin", needed}:
                raise ApiError(403, "permission_error", "this key lacks the scope it needs")
            if name in OLDER_REPORTS and asks_speed(request.query_params.multi_items()):
                _require_beta(FAST_BETA, betas)
            beta = self._administration.beta(request.method, name)
            if beta is not None:
                _require_beta(beta, betas)
            return
        if not scopes & {"admin", "read:analytics"}:
            raise ApiError(403, "permission_error", "this key lacks the scope read:analytics")
        _require_beta(BETA, betas)

    async def _break(self, fault: Fault, request: Request) -> Response | None:
        """The answer of a fault that replaces the real one."""
        match fault.kind:
            case "status" | "mid_page":
                return Response("upstream trouble", fault.status, dict(fault.headers))
            case "error":
                error = ApiError(fault.status, fault.type, fault.message, fault.error_code)
                return self._refuse(error, dict(fault.headers))
            case "malformed":
                return Response(fault.body, 200, dict(fault.headers), "application/json")
            case "drop":
                self._server().drop(request)
                return Response()
            case "delay" if fault.seconds is None:
                await wait_for_disconnect(request)
                return Response()
            case "delay":
                await anyio.sleep(fault.seconds or 0)
        return None

    def _respond(self, body: object, fault: Fault | None) -> Response:
        text = json.dumps(body).encode()
        headers = {"request-id": self._request_id()}
        if fault is not None and fault.kind == "truncate":
            # A promised length that is not kept: uvicorn then cuts the connection.
            headers["content-length"] = str(len(text))
            text = text[: len(text) // 2]
        return Response(text, 200, headers, "application/json")

    def _refuse(self, error: ApiError, headers: dict[str, str]) -> Response:
        request_id = self._request_id()
        shown: dict[str, object] = {"type": error.type, "message": error.message}
        if error.code is not None:
            shown["details"] = {"error_code": error.code}
        body = {"type": "error", "error": shown, "request_id": request_id}
        return Response(
            json.dumps(body),
            error.status,
            {"request-id": request_id, **headers},
            "application/json",
        )

    def _request_id(self) -> str:
        return f"req_{next(self._numbers):024d}"


def _require_beta(beta: str, betas: Sequence[str]) -> None:
    if beta not in betas:
        raise invalid(f"this endpoint is in beta: send anthropic-beta: {beta}")


def _note(request: Request, pairs: Sequence[tuple[str, str]], sent: bytes) -> Seen:
    headers = request.headers
    return Seen(
        path=request.url.path,
        parameters=tuple(pairs),
        user_agent=headers.get("user-agent", ""),
        version=headers.get("anthropic-version", ""),
        beta=headers.get("anthropic-beta", ""),
        method=request.method,
        body=sent,
    )


def _alter(fault: Fault | None, body: dict[str, object]) -> object:
    if fault is None:
        return body
    if fault.kind == "edit" and fault.edit is not None:
        return fault.edit(body)
    if fault.kind == "loop":
        cursor = {"next_page": "page_loop"} if "next_page" in body else {}
        return {**body, "has_more": True, **cursor}
    return body
