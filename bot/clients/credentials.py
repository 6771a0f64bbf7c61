"""Credentials as they stand in an `authorization` header."""

import base64
from collections.abc import Sequence


def can_be_sent(authorization: str) -> bool:
    """A scheme, one space, and what follows it without any; httpx would quote all of a bad one."""
    scheme, _, key = authorization.partition(" ")
    return bool(scheme and key) and key.isascii() and key.isprintable() and " " not in key


def basic(username: str | None, password: str | None) -> tuple[str | None, Sequence[str]]:
    """The header, None where there is nobody to name, and what of it must never be quoted."""
    if username is None and password is None:
        return None, ()
    pair = base64.b64encode(f"{username or ''}:{password or ''}".encode()).decode()
    return f"Basic {pair}", tuple(secret for secret in (password, pair) if secret)
