"""How each environment variable is written: checks whose texts never repeat a secret."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})", re.ASCII)
NEW_KEY = 'make one with: echo "whsec_$(openssl rand -base64 32)"'


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def secret(text: str) -> SecretStr:
    if re.search(r"\s", text):
        raise ValueError("holds a space or a line break; copy it again")
    return SecretStr(text)


def audit_keys(text: str) -> SecretStr:
    """The key of today first, then those that earlier rows of the record were written with."""
    if len(text.splitlines()) > 1:
        raise ValueError("holds a line break; copy it again, with a space between two keys")
    return SecretStr(" ".join(text.split()))


def bot_token(text: str) -> SecretStr:
    if text.startswith("xapp-"):
        raise ValueError("this looks like an app token; put it into SLACK_APP_TOKEN")
    if text.startswith("xoxp-"):
        raise ValueError("this looks like a user token; copy the Bot User OAuth Token (xoxb-…)")
    if not text.startswith("xoxb-"):
        raise ValueError("must begin with xoxb-; copy the Bot User OAuth Token")
    return secret(text)


def app_token(text: str) -> SecretStr:
    if text.startswith(("xoxb-", "xoxp-")):
        raise ValueError("this looks like a bot token; put it into SLACK_BOT_TOKEN")
    if not text.startswith("xapp-"):
        raise ValueError("must begin with xapp-; make an App-Level Token (connections:write)")
    return secret(text)


def signing_secrets(text: str) -> tuple[SecretStr, ...]:
    """One, or two separated by a space while one replaces the other."""
    secrets = text.split()
    if len(secrets) > 2:
        raise ValueError("holds more than two secrets; keep the new one and the one it replaces")
    for one in secrets:
        if not one.startswith("whsec_"):
            raise ValueError(f"must begin with whsec_; {NEW_KEY}")
        try:
            key = base64.b64decode(one.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"must be base64 after whsec_; {NEW_KEY}") from None
        if not 24 <= len(key) <= 64:
            raise ValueError(f"must hold 24 to 64 bytes, not {len(key)}; {NEW_KEY}")
    return tuple(SecretStr(one) for one in secrets)


def base_url(ending: str) -> Callable[[str], str]:
    """An address to which paths are added, so that it always ends the same."""

    def check(text: str) -> str:
        _check_url(text)
        if "?" in text or "#" in text:
            raise ValueError("must not hold ? or #")
        return text.rstrip("/") + ending

    return check


def target_url(text: str) -> str:
    _check_url(text)
    return text


def _check_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", text):
        raise ValueError("must be an address like https://gateway.example.com/limits")
    if parts.username is not None:
        raise ValueError("must not hold a user name or password")


def database_url(text: str) -> SecretStr:
    if text.startswith("postgres://"):
        raise ValueError("must begin with postgresql://, not postgres://")
    if re.fullmatch(r"sqlite:///\S.*|postgresql(\+psycopg)?://\S+", text):
        return SecretStr(text)
    raise ValueError(
        "must be sqlite:///budget-bot.db or postgresql://user:password@host/name; "
        "no other database is supported"
    )


def address(text: str) -> Address:
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        raise ValueError("must be host:port, like 127.0.0.1:8080")
    return Address(found["host"].strip("[]"), int(found["port"]))


def flag(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError("must be 1 or 0")
    return words[text.lower()]


def level(text: str) -> str:
    return word(*LEVELS)(text.upper())


def word(*known: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return text

    return check
