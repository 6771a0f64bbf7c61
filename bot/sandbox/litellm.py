"""A double of the LiteLLM proxy: teams, their daily activity and limits, in the shapes of 1.106.2."""

import hashlib
from datetime import date, datetime
from decimal import Decimal

from starlette.requests import Request

from bot.domain.usage import Tokens
from bot.sandbox.litellm_activity import Key, Metrics, Row, show_page
from bot.sandbox.litellm_limits import Limits
from bot.sandbox.litellm_serving import Body, GatewayDouble, Refusal

MASTER_KEY = "sk-sandbox-litellm-master"


class LiteLlm(GatewayDouble):
    """`faults`, `requests` and `url` come from the double it is."""

    master_key = MASTER_KEY

    def __init__(self, port: int = 0) -> None:
        self.limits = Limits()
        reading = {"/v2/team/list": self._list_teams, "/team/daily/activity": self._show_activity}
        super().__init__({**reading, **self.limits.reading}, port, writing=self.limits.writing)
        self.allowed_routes: tuple[str, ...] | None = None  # of the key; None: all
        self.unstable = False  # older versions order pages by date alone (BerriAI/litellm#30164)
        self.lists_deleted = True  # older versions ignore the parameter
        self._teams = self.limits.teams
        self._deleted: list[Body] = []
        self._keys: dict[str, Key] = {}
        self._rows: dict[tuple[str, date, str, str], Row] = {}
        self._turns = 0

    def add_team(self, team_id: str, alias: str | None = None) -> None:
        with self.lock:
            self._teams[team_id] = {
                "team_id": team_id,
                "team_alias": alias,
                "metadata": {},
                "max_budget": 3.0,
                "soft_budget": None,
                "budget_duration": "30d",
                "budget_limits": None,
                "spend": 0.0,
                "budget_reset_at": "2026-12-01T00:00:00Z",
                "blocked": False,
                "members_count": 1,
                "keys_count": 1,
            }

    def delete_team(self, team_id: str, at: datetime) -> None:
        """Its activity stays in the table."""
        with self.lock:
            gone = self._teams.pop(team_id)
            if self.lists_deleted:
                self._deleted.append({**gone, "deleted_at": at.isoformat()})

    def add_key(
        self, alias: str | None = None, team: str | None = None, user: str | None = None
    ) -> str:
        """The hash of a new key, which is what usage names it by."""
        with self.lock:
            id_ = hashlib.sha256(f"{len(self._keys)}".encode()).hexdigest()
            self._keys[id_] = Key(id_, alias, team, user)
            self.limits.add_key(id_, alias, team)
        return id_

    def spend(
        self,
        team: str,
        on: date,
        dollars: str | Decimal,
        *,
        key: str,
        model: str = "anthropic/claude-sonnet-4-5",
        tokens: Tokens | None = None,
        requests: int = 1,
        failed: int = 0,
    ) -> None:
        used = tokens or Tokens()
        creation = used.cache_creation_5m + used.cache_creation_1h
        prompt = used.uncached_input + used.cache_read + creation
        metrics = Metrics(
            float(Decimal(dollars)),
            {
                "prompt_tokens": prompt,
                "completion_tokens": used.output,
                "cache_read_input_tokens": used.cache_read,
                "cache_creation_input_tokens": creation,
                "total_tokens": prompt + used.output,
                "successful_requests": requests,
                "failed_requests": failed,
                "api_requests": requests + failed,
            },
        )
        with self.lock:
            row = Row(team, on, model, self._keys[key])
            self._rows.setdefault((team, on, model, key), row).metrics.add(metrics)

    def error(self, status: int, message: str) -> Body:
        shown = {"message": message, "type": "auth_error", "param": None, "code": str(status)}
        return {"error": shown}

    def authorize(self, request: Request) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key != MASTER_KEY:
            said = (
                f"Authentication Error, Invalid proxy server token passed. Received API Key = {key}"
            )
            raise Refusal(401, self.error(401, said))
        path = request.url.path
        if self.allowed_routes is not None and path not in self.allowed_routes:
            said = f"Virtual key is not allowed to call this route. Tried to call route: {path}"
            raise Refusal(403, self.error(403, said))

    def _list_teams(self, request: Request) -> Body:
        page, size = _page(request)
        teams = list(self._teams.values())
        if self.lists_deleted and request.query_params.get("status") == "deleted":
            teams = list(self._deleted)
        return {
            "teams": teams[(page - 1) * size : page * size],
            "total": len(teams),
            "page": page,
            "page_size": size,
            "total_pages": -(-len(teams) // size),
        }

    def _show_activity(self, request: Request) -> Body:
        asked = request.query_params
        if "start_date" not in asked or "end_date" not in asked:
            raise Refusal(400, {"detail": {"error": "Please provide start_date and end_date"}})
        teams = asked["team_ids"].split(",") if "team_ids" in asked else None
        rows = [
            row
            for row in self._rows.values()
            if (teams is None or row.team_id in teams)
            and asked["start_date"] <= row.on.isoformat() <= asked["end_date"]
        ]
        self._turns += 1
        if self.unstable and self._turns % 2:
            rows.reverse()
        rows.sort(key=lambda row: row.on, reverse=True)
        return show_page(rows, *_page(request))


def _page(request: Request) -> tuple[int, int]:
    asked = request.query_params
    return int(asked.get("page", "1")), int(asked.get("page_size", "10"))
