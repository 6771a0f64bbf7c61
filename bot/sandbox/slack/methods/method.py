"""One Web API method: what runs, which scope it needs, which kind of token it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.methods.arguments import Arguments
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the app is set up in this workspace."""

    strict: bool = True
    home_tab: bool = True
    messages_tab: bool = True
    scopes: frozenset[str] | None = None

    def grants(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


@dataclass(frozen=True, slots=True)
class Context:
    """What a method works on."""

    workspace: Workspace
    settings: Settings
    arguments: Arguments
    open_socket: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the table of methods; any one of the scopes is enough."""

    run: Callable[[Context], Json]
    scopes: tuple[str, ...] = ()
    app_token: bool = False
