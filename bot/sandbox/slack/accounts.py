"""Accounts: who is in the workspace, as Slack's user objects tell it."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot.sandbox.slack.errors import SandboxError

# An ultra guest sees one channel; a neighbour is of another workspace of the same organization.
Kind = Literal["member", "guest", "ultra_guest", "deactivated", "bot", "stranger", "neighbour"]
HOME_TEAM = "T0SANDBOX"
FOREIGN_TEAM = "T0FOREIGN"
TEAM_DOMAIN = "sandbox"
APP_ID = "A0BUDGETBOT"
BOT_ID = "B0BUDGETBOT"
BOT_USER = "U0BUDGETBOT"
BOT_NAME = "budget-bot"


@dataclass(frozen=True, slots=True)
class Account:
    """One Slack user; a stranger belongs to another team (Slack Connect)."""

    id: str
    email: str
    name: str
    kind: Kind = "member"
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise SandboxError(f"unknown kind of person: {self.kind}")

    @property
    def team_id(self) -> str:
        return FOREIGN_TEAM if self.kind in {"stranger", "neighbour"} else HOME_TEAM

    @property
    def handle(self) -> str:
        """The user name after the @ sign."""
        return self.email.partition("@")[0] if self.email else self.name.lower().replace(" ", ".")

    @property
    def is_active(self) -> bool:
        return self.kind != "deactivated"

    def as_json(self) -> dict[str, Any]:
        """The user object of `users.info`; Slack leaves the time zone out for a deactivated user."""
        user: dict[str, Any] = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.handle,
            "real_name": self.name,
            "deleted": self.kind == "deactivated",
            "is_bot": self.kind == "bot",
            "is_app_user": False,
            "profile": {
                "real_name": self.name,
                "display_name": self.handle,
                "email": self.email,
                "team": self.team_id,
            },
        }
        if self.is_active:
            user |= {
                "tz": self.tz,
                "tz_offset": self.tz_offset,
                "is_admin": False,
                "is_owner": False,
                "is_restricted": self.kind in {"guest", "ultra_guest"},
                "is_ultra_restricted": self.kind == "ultra_guest",
            }
        if self.kind == "stranger":
            user["is_stranger"] = True
        return user
