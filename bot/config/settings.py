"""The environment as checked values: secrets, addresses, and where things are."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from bot.config.environment import gather, read_env_file
from bot.config.variables import (
    NEW_KEY,
    Address,
    address,
    app_token,
    audit_keys,
    base_url,
    bot_token,
    database_url,
    flag,
    level,
    secret,
    signing_secrets,
    target_url,
    word,
)
from bot.domain.errors import ConfigError


class SlackMode(StrEnum):
    """How Slack's events arrive."""

    SOCKET = "socket"
    HTTP = "http"


class Enforcement(NamedTuple):
    """Where limit states go, and what signs them: the first secret is the newer one."""

    url: str
    secrets: tuple[SecretStr, ...]


SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "ANTHROPIC_ADMIN_KEY",
    "LITELLM_API_KEY",
    "MLFLOW_PASSWORD",
    "BUDGET_BOT_DATABASE_URL",  # it may hold a password
    "ENFORCEMENT_WEBHOOK_SECRET",
    "USAGE_PUSH_SECRET",
    "AUDIT_KEY",
)

Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(signing_secrets)]


class Settings(BaseModel):
    """
    Made by `load_settings`. A plain model: BaseSettings would read the process's own environment
    behind its back, and stop at a secret file it cannot read instead of telling every fault.

    Commands need different secrets, so none is required here: ask `require_…` for it.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_bot_token: Annotated[SecretStr | None, BeforeValidator(bot_token)] = None
    slack_app_token: Annotated[SecretStr | None, BeforeValidator(app_token)] = None
    slack_signing_secret: Annotated[SecretStr | None, BeforeValidator(secret)] = None
    slack_api_url: Annotated[str, BeforeValidator(base_url("/"))] = "https://slack.com/api/"
    anthropic_admin_key: Annotated[SecretStr | None, BeforeValidator(secret)] = None
    anthropic_base_url: Annotated[str, BeforeValidator(base_url(""))] = "https://api.anthropic.com"
    litellm_base_url: Annotated[str | None, BeforeValidator(base_url(""))] = None
    litellm_api_key: Annotated[SecretStr | None, BeforeValidator(secret)] = None
    mlflow_base_url: Annotated[str | None, BeforeValidator(base_url(""))] = None
    mlflow_username: str | None = None
    mlflow_password: Annotated[SecretStr | None, BeforeValidator(secret)] = None
    budget_bot_config: Path = Path("budgets.yaml")
    budget_bot_database_url: Annotated[SecretStr, BeforeValidator(database_url)] = SecretStr(
        "sqlite:///budget-bot.db"
    )
    budget_bot_http: Annotated[Address, BeforeValidator(address)] = Address("127.0.0.1", 8080)
    enforcement_webhook_url: Annotated[str | None, BeforeValidator(target_url)] = None
    enforcement_webhook_secret: Secrets = ()
    enforcement_allow_private: Annotated[bool, BeforeValidator(flag)] = False
    usage_push_secret: Secrets = ()
    audit_key: Annotated[SecretStr | None, BeforeValidator(audit_keys)] = None
    log_format: Annotated[Literal["text", "json"], BeforeValidator(word("text", "json"))] = "text"
    log_level: Annotated[str, BeforeValidator(level)] = "INFO"

    @property
    def slack_mode(self) -> SlackMode:
        """Socket Mode when there is an app token, HTTP when there is only a signing secret."""
        if self.slack_app_token is not None:
            return SlackMode.SOCKET
        if self.slack_signing_secret is not None:
            return SlackMode.HTTP
        raise ConfigError(
            "SLACK_APP_TOKEN: is missing; make one with the scope connections:write at "
            "api.slack.com/apps > Basic Information > App-Level Tokens (or, for HTTP mode, "
            "set SLACK_SIGNING_SECRET)"
        )

    def require_slack(self) -> SecretStr:
        """The bot token. How events arrive is `slack_mode`; not every command listens."""
        return self.slack_bot_token or _missing(
            "SLACK_BOT_TOKEN",
            "copy it from api.slack.com/apps > OAuth & Permissions > Bot User OAuth Token",
        )

    def require_anthropic(self) -> SecretStr:
        return self.anthropic_admin_key or _missing(
            "ANTHROPIC_ADMIN_KEY",
            "an admin makes one in the Claude Console > Settings > Admin keys, or a read-only "
            "analytics key at claude.ai > Organization settings > API",
        )

    def require_litellm(self) -> tuple[str, SecretStr]:
        url = self.litellm_base_url or _missing(
            "LITELLM_BASE_URL", "the address of the proxy, like https://litellm.example.com"
        )
        key = self.litellm_api_key or _missing(
            "LITELLM_API_KEY",
            "a key of a proxy_admin; to read it needs the routes /team and /v2/team/list, "
            "to enforce /team/info and /team/update, or /key/info, /key/list, /key/update, "
            "/key/block and /key/unblock",
        )
        return url, key

    def require_mlflow(self) -> str:
        return self.mlflow_base_url or _missing(
            "MLFLOW_BASE_URL", "the address of the MLflow server, like https://mlflow.example.com"
        )

    def require_enforcement(self) -> Enforcement:
        if self.enforcement_webhook_url is None:
            return _missing("ENFORCEMENT_WEBHOOK_URL", "the address of your enforcement target")
        return Enforcement(self.enforcement_webhook_url, self.enforcement_webhook_secret)

    def require_usage_push(self) -> tuple[SecretStr, ...]:
        return self.usage_push_secret or _missing("USAGE_PUSH_SECRET", NEW_KEY)

    def require_audit_key(self) -> SecretStr:
        return self.audit_key or _missing("AUDIT_KEY", "make one with: openssl rand -base64 32")


def load_settings(
    environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")
) -> Settings:
    """
    The environment wins over `.env`.

    Raises ConfigError with a line for each fault, which names the variable and never its value.
    """
    names = tuple(name.upper() for name in Settings.model_fields)
    given = {**read_env_file(env_file), **(os.environ if environ is None else environ)}
    values, faults = gather(given, names, SECRETS)
    if "ENFORCEMENT_WEBHOOK_URL" in values and not _set(given, "ENFORCEMENT_WEBHOOK_SECRET"):
        faults.append(
            "ENFORCEMENT_WEBHOOK_SECRET: is missing, and ENFORCEMENT_WEBHOOK_URL is set; " + NEW_KEY
        )
    try:
        settings = Settings.model_validate({name.lower(): text for name, text in values.items()})
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            text = fault.get("ctx", {}).get("error", "cannot be understood")
            faults.append(f"{str(fault['loc'][0]).upper()}: {text}")
        raise ConfigError(*faults) from None
    if faults:
        raise ConfigError(*faults)
    return settings


def _set(given: Mapping[str, str | None], name: str) -> bool:
    return any((given.get(key) or "").strip() for key in (name, f"{name}_FILE"))


def _missing(name: str, remedy: str) -> NoReturn:
    raise ConfigError(f"{name}: is missing; {remedy}")
