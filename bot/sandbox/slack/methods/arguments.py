"""The arguments of one Web API call, whether they came as a form or as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import ApiError, invalid_arguments

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Reads single arguments; fields such as `blocks` and `view` may be JSON inside a string."""

    given: Mapping[str, Any]

    def has(self, name: str) -> bool:
        return self.given.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        value = self.given.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise invalid_arguments([f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"true", "1"}

    def whole(self, name: str, default: int) -> int:
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise invalid_arguments([f"[ERROR] must be an integer: {name}"]) from None

    def parsed(self, name: str, error: str) -> Any:
        """The argument as JSON; None when it is not given."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(error) from None
