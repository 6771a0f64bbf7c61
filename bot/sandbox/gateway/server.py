"""The gateway double: an enforcement target that verifies, holds, counts and refuses."""

import base64
import json
import secrets as randomness
from collections.abc import Sequence

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.clock import Clock, utc_now
from bot.sandbox.gateway.faults import Fault, Faults
from bot.sandbox.gateway.limits import Held, Malformed, read_held
from bot.sandbox.gateway.state import Entry, GatewayState
from bot.sandbox.serving import Served, Server, wait_for_disconnect


class Gateway(GatewayState, Served):
    """`holds`, `request`, `state`, `journal`, `forget` and `restore` come from its state."""

    def __init__(
        self, secrets: Sequence[str] | None = None, clock: Clock | None = None, port: int = 0
    ) -> None:
        super().__init__(clock or utc_now)
        self.secrets = tuple(secrets or (make_secret(),))
        self.faults = Faults()
        routes = [
            Route("/limits", self._receive, methods=["POST"]),
            Route("/limits", self._show_all, methods=["GET"]),
        ]
        self._server = Server(Starlette(routes=routes), port)

    @property
    def secret(self) -> str:
        return self.secrets[0]

    @property
    def url(self) -> str:
        """Where limit states are posted to."""
        return f"{self._server.url}/limits"

    def rotate(self, *secrets: str) -> None:
        """From now on signatures by any of these secrets are good, and by no other."""
        self.secrets = secrets

    async def _show_all(self, _: Request) -> Response:
        return JSONResponse(self.state())

    async def _receive(self, request: Request) -> Response:
        key = request.headers.get("webhook-id", "")
        try:
            state = read_held(self._verify(await request.body(), dict(request.headers)))
        except WebhookVerificationError as error:
            return self._refuse(key, 401, str(error))
        except Malformed as error:
            return self._refuse(key, 400, str(error))
        fault = self.faults.take()
        if fault is None:
            return self._apply(key, state)
        return await self._fail(fault, key, state, request)

    def _verify(self, body: bytes, headers: dict[str, str]) -> object:
        """By the independent library, with each secret in turn."""
        failure = WebhookVerificationError("no secret")
        for secret in self.secrets:
            try:
                Webhook(secret).verify(body, headers, json_parse=False)
                return json.loads(body)
            except WebhookVerificationError as error:
                failure = error
            except ValueError:
                raise Malformed("the body is not JSON") from None
        raise failure

    def _apply(self, key: str, state: Held) -> Response:
        outcome, version = self.apply(state)
        status = 409 if outcome == "older" else 200
        self._note(key, state, outcome, status)
        return JSONResponse({"budget": state.budget, "version": version}, status)

    async def _fail(self, fault: Fault, key: str, state: Held, request: Request) -> Response:
        match fault.kind:
            case "status":
                self._note(key, state, fault.kind, fault.status)
                return Response(fault.body, fault.status, dict(fault.headers))
            case "hang":
                self._note(key, state, fault.kind, None)
                await wait_for_disconnect(request)
                return Response()
            case "drop":
                self.apply(state)
                self._note(key, state, fault.kind, None)
                self._server.drop(request)
                return Response()
            case "stale":
                self._note(key, state, fault.kind, 200)
                return JSONResponse({"budget": state.budget, "version": state.version - 1})
            case "accept":
                self.apply(state)
            case "accept_unapplied":
                pass
        self._note(key, state, fault.kind, 202)
        return Response(status_code=202)

    def _refuse(self, key: str, status: int, text: str) -> Response:
        self.note(Entry(self.now(), key, "", 0, "refused", status))
        return JSONResponse({"error": text}, status)

    def _note(self, key: str, state: Held, outcome: str, status: int | None) -> None:
        self.note(Entry(self.now(), key, state.budget, state.version, outcome, status))


def make_secret() -> str:
    """A fresh Standard Webhooks secret."""
    return f"whsec_{base64.b64encode(randomness.token_bytes(32)).decode()}"
