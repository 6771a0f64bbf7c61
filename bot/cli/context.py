"""What commands start from: settings, policy, logging, a moment in time."""

import getpass
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from bot.clock import utc_now
from bot.config.load import load_policy
from bot.config.settings import Settings, load_settings
from bot.domain.errors import ConfigError
from bot.domain.policy import Policy

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def prepare() -> tuple[Settings, Policy]:
    """Settings and policy, with the logging that the settings ask for."""
    settings = load_settings()
    start_logging(settings.log_format, settings.log_level)
    loaded = load_policy(settings.budget_bot_config)
    for warning in loaded.warnings:
        logging.getLogger("bot").warning(warning, extra={"action": "policy_warning"})
    return settings, loaded.policy


def moment(text: str | None, policy: Policy) -> datetime:
    """`--at`: an ISO time; without a zone it is in the organization's."""
    if text is None:
        return utc_now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"--at {text!r} is not a time; write it like 2026-11-30T09:00 or 2026-11-30T14:00:00Z"
        ) from None
    if not 2020 <= at.year <= 2100:
        raise ConfigError(f"--at {text!r} is too far away; from 2020 to 2100, please")
    zone = policy.organization.time_zone
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def os_user() -> str:
    """Who has typed the command, as the operating system knows them; for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def start_logging(form: str, level: str) -> None:
    """To stderr; other libraries only when something is wrong, and never message bodies."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("bot", "handlers", "store"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{key}={value}" for key, value in _extra(record).items())
        return f"{super().format(record)} {extra}".rstrip()


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}
