"""The usage API double: an organization that spends, served as Anthropic serves it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta

from starlette.applications import Starlette
from starlette.routing import Route

from bot.clock import Clock
from bot.sandbox.serving import Served, Server
from bot.sandbox.usage.administration import Administration
from bot.sandbox.usage.endpoints import Endpoints, Seen
from bot.sandbox.usage.faults import Faults
from bot.sandbox.usage.ledger import Ledger

ADMIN_KEY = "sk-ant-admin01-sandbox"
ANALYTICS_KEY = "sk-ant-api01-sandbox-analytics"
SPEND_KEY = "sk-ant-api01-sandbox-spend-limits"  # of a Claude Enterprise organization


class UsageApi(Ledger, Served):
    """`spend`, `revise`, `freeze` and the lags come from the ledger it serves."""

    admin_key = ADMIN_KEY
    analytics_key = ANALYTICS_KEY
    spend_key = SPEND_KEY

    def __init__(self, clock: Clock, refresh_lag: timedelta = timedelta(0), port: int = 0) -> None:
        super().__init__(clock)
        self.refresh_lag = refresh_lag
        self.faults = Faults()
        self.administration = Administration(self.organization, clock)
        scopes = {
            ADMIN_KEY: frozenset({"admin"}),
            ANALYTICS_KEY: frozenset({"read:analytics"}),
            SPEND_KEY: frozenset({"read:spend_limits", "write:spend_limits"}),
        }
        self._endpoints = Endpoints(
            self, self.faults, scopes, lambda: self._server, self.administration
        )
        routes = [Route("/{path:path}", self._endpoints.handle, methods=["GET", "POST"])]
        self._server = Server(Starlette(routes=routes), port)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def requests(self) -> Sequence[Seen]:
        """Every request so far, the oldest first."""
        return tuple(self._endpoints.seen)

    def add_workspace(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        with self.lock:
            return self.organization.add_workspace(name, tags or {})

    def archive_workspace(self, workspace: str) -> None:
        with self.lock:
            self.organization.archive_workspace(workspace, self.clock().astimezone(UTC))

    def add_api_key(self, name: str, workspace: str | None = None) -> str:
        with self.lock:
            return self.organization.add_api_key(name, workspace)

    def add_user(self, email: str, name: str | None = None, groups: Sequence[str] = ()) -> str:
        with self.lock:
            return self.organization.add_user(email, name, groups)

    def delete_user(self, user: str) -> None:
        with self.lock:
            self.organization.delete_user(user)
