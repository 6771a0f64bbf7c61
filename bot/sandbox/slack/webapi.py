"""The Web API: faults, token, scope, the method itself, and the journal, in the order Slack has them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.clock import utc_now
from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.faults import Fault, Faults
from bot.sandbox.slack.journal import Call
from bot.sandbox.slack.limits import RateLimits
from bot.sandbox.slack.methods import METHODS
from bot.sandbox.slack.methods.arguments import Arguments
from bot.sandbox.slack.methods.method import Context, Method, Settings
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP; `dropped` means the connection is cut instead."""

    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


def rate_limited(seconds: int) -> Reply:
    return Reply(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two tokens of the app."""

    bot: str
    app: str


class WebApi:
    """Answers calls of `POST /api/{method}`."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        tokens: Tokens,
        faults: Faults,
        open_socket: Callable[[], str],
        limits: RateLimits | None = None,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._tokens = tokens
        self._faults = faults
        self._open_socket = open_socket
        self._limits = limits
        self.journal: list[Call] = []
        self.stopping = threading.Event()

    def handle(self, name: str, token: str, given: Mapping[str, Any]) -> Reply:
        arguments = {key: value for key, value in given.items() if key != "token"}
        return self.faulty(name, arguments, lambda: self._answer(name, token, arguments))

    def _limited(self, name: str, arguments: Json) -> Reply | None:
        if self._limits is None or name not in METHODS:
            return None
        with self._workspace.lock:
            seconds = self._limits.wait_for(name, str(arguments.get("channel", "")))
        return None if seconds is None else rate_limited(seconds)

    def faulty(self, name: str, arguments: Json, run: Callable[[], Json]) -> Reply:
        """Run a call unless a fault on order comes first, and write it into the journal."""
        fault = self._faults.take(name)
        reply = self._failed(fault) or self._limited(name, arguments)
        if reply is None:
            try:
                reply = Reply(200, {"ok": True, **run()})
            except ApiError as error:
                reply = Reply(200, error.body())
            if fault is not None and fault.kind == "lost_answer":
                reply = Reply(reply.status, reply.body, dropped=True)
        answer = None if fault is not None and fault.kind == "refuse" else reply.body
        word = fault.kind if fault is not None else None
        with self._workspace.lock:
            self.journal.append(Call(name, arguments, answer, reply.status, utc_now(), word))
            self._workspace.touch()
        return reply

    def _failed(self, fault: Fault | None) -> Reply | None:
        """The answer of a fault that keeps the call from having an effect."""
        if fault is None:
            return None
        if fault.kind == "delay":
            self.stopping.wait(fault.seconds)
            return None
        if fault.kind == "refuse":
            return Reply(0, {}, dropped=True)
        if fault.kind == "status":
            return Reply(fault.status, {"ok": False, "error": "service_unavailable"})
        if fault.kind == "ratelimited":
            return rate_limited(fault.retry_after)
        if fault.kind == "error":
            return Reply(200, {"ok": False, "error": fault.error})
        return None

    def _answer(self, name: str, token: str, arguments: Json) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        self._check_token(method, token)
        self._check_scope(method)
        with self._workspace.lock:
            context = Context(
                self._workspace, self._settings, Arguments(arguments), self._open_socket
            )
            return method.run(context)

    def _check_token(self, method: Method, token: str) -> None:
        if not token:
            raise ApiError("not_authed")
        if token not in {self._tokens.bot, self._tokens.app}:
            raise ApiError("invalid_auth")
        if (token == self._tokens.app) != method.app_token:
            raise ApiError("not_allowed_token_type")

    def _check_scope(self, method: Method) -> None:
        if method.app_token or not method.scopes or self._settings.scopes is None:
            return
        if not any(self._settings.grants(scope) for scope in method.scopes):
            provided = ",".join(sorted(self._settings.scopes))
            raise ApiError("missing_scope", needed=method.scopes[0], provided=provided)
