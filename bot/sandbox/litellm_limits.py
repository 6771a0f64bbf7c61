"""The LiteLLM double's limits: what teams and keys may spend, and whom it lets through."""

from typing import Any

from starlette.requests import Request

from bot.sandbox.litellm_serving import Answer, Body, Refusal, Write

_NOT_A_LIMIT = "max_budget must be a non-negative finite number. Received: {}"


class Limits:
    """Budgets as they stand in its database, in which null is no limit at all."""

    def __init__(self) -> None:
        self.teams: dict[str, Body] = {}
        self.keys: dict[str, Body] = {}
        self.deleted: dict[str, Body] = {}  # the archive, which /key/info reads too
        self.reading: dict[str, Answer] = {
            "/team/info": self._team_info,
            "/key/info": self._key_info,
            "/key/list": self._list_keys,
        }
        self.writing: dict[str, Write] = {
            "/team/update": self._update_team,
            "/key/update": self._update_key,
            "/key/block": lambda body: self._switch(body, blocked=True),
            "/key/unblock": lambda body: self._switch(body, blocked=False),
        }

    def add_key(self, id_: str, alias: str | None, team: str | None) -> None:
        self.keys[id_] = {
            "token": id_,
            "key_alias": alias,
            "team_id": team,
            "spend": 0.0,
            "max_budget": 3.0,
            "budget_duration": "30d",
            "budget_reset_at": "2026-12-01T00:00:00Z",
            "blocked": None,
            "metadata": {},
        }

    def delete_key(self, id_: str) -> None:
        self.deleted[id_] = {**self.keys.pop(id_), "deleted_at": "2026-11-23T00:00:00Z"}

    def lets_through(self, key: str) -> bool:
        """A key at its limit is refused, a team only above it: so it is in the program."""
        held: dict[str, Any] = self.keys[key]
        limit = held["max_budget"]
        if held["blocked"] or (limit is not None and held["spend"] >= limit):
            return False
        team: dict[str, Any] | None = self.teams.get(held["team_id"])
        most = team["max_budget"] if team is not None else None
        return team is None or most is None or team["spend"] <= most

    def _team_info(self, request: Request) -> Body:
        id_ = request.query_params.get("team_id", "")
        if id_ not in self.teams:
            raise _refused(404, {"message": f"Team not found, passed team id: {id_}."})
        keys = [key for key in self.keys.values() if key["team_id"] == id_]
        most = int(request.query_params.get("key_limit", len(keys)))
        return {"team_id": id_, "team_info": self.teams[id_], "keys": keys[:most]}

    def _update_team(self, body: dict[str, Any]) -> Body:
        id_ = body["team_id"]
        _check(body)
        if id_ not in self.teams:
            raise _refused(404, {"error": f"Team not found, passed team_id={id_}"})
        team = self.teams[id_]
        limit, soft = body.get("max_budget"), team["soft_budget"]
        if limit is not None and isinstance(soft, float) and limit <= soft:
            said = f"max_budget ({limit}) must be strictly greater than soft_budget ({soft})"
            raise _refused(400, {"error": said})
        team.update(_floats(body))
        return {"team_id": id_, "data": team}

    def _key_info(self, request: Request) -> Body:
        id_ = request.query_params.get("key", "")
        info = self.keys.get(id_) or self.deleted.get(id_)
        if info is None:
            raise _gone("Key not found in database")
        return {"key": id_, "info": {name: info[name] for name in info if name != "token"}}

    def _list_keys(self, request: Request) -> Body:
        alias = request.query_params.get("key_alias")
        found = [key for key in self.keys.values() if alias in (None, key["key_alias"])]
        size = int(request.query_params.get("size", "10"))
        full = request.query_params.get("return_full_object") == "true"
        return {
            "keys": [key if full else key["token"] for key in found[:size]],
            "total_count": len(found),
            "current_page": 1,
            "total_pages": -(-len(found) // size),
        }

    def _update_key(self, body: dict[str, Any]) -> Body:
        _check(body)
        key = self._find(body)
        key.update({name: value for name, value in _floats(body).items() if name != "key"})
        return {**key, "key": body["key"]}

    def _switch(self, body: dict[str, Any], *, blocked: bool) -> Body:
        key = self._find(body)
        key["blocked"] = blocked
        return key

    def _find(self, body: dict[str, Any]) -> Body:
        if body["key"] not in self.keys:
            raise _gone("Key not found.")
        return self.keys[body["key"]]


def _check(body: dict[str, Any]) -> None:
    limit = body.get("max_budget")
    if limit is not None and limit < 0:
        raise _refused(400, {"error": _NOT_A_LIMIT.format(float(limit))})


def _floats(body: dict[str, Any]) -> Body:
    """Its database keeps amounts as double precision."""
    return {name: float(v) if isinstance(v, int) else v for name, v in body.items()}


def _refused(status: int, detail: Body) -> Refusal:
    """LiteLLM puts the text of what it raised into the message, Python's quotes and all."""
    error = {
        "message": str(detail),
        "type": "internal_server_error",
        "param": "None",
        "code": str(status),
    }
    return Refusal(status, {"error": error})


def _gone(message: str) -> Refusal:
    shown = {"message": message, "type": "not_found_error", "param": "key", "code": "404"}
    return Refusal(404, {"error": shown})
