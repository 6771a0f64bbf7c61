"""Keys of the record: how a row is hashed, and by which key one was."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PLAIN = "plain"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Content:
    """What a row's hash covers; `previous` is the hash of the row before."""

    previous: str
    seq: int
    at: datetime
    kind: str
    actor: str
    subject: str
    data: Mapping[str, Any]

    def hashed(self, key: bytes | None) -> str:
        """
        An HMAC by a key, which an administrator of the database cannot compute anew; without a key
        a plain hash, which only shows accidents.
        """
        at = self.at.astimezone(UTC).isoformat()
        content = [self.previous, self.seq, at, self.kind, self.actor, self.subject, self.data]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        if key:
            return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Keys:
    """`AUDIT_KEY`: the key of today, then those of earlier rows."""

    values: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, text: bytes | None) -> "Keys":
        return cls(tuple(dict.fromkeys((text or b"").split())))

    @property
    def current(self) -> bytes | None:
        return self.values[0] if self.values else None

    def names(self) -> dict[str, bytes | None]:
        """Every way in which a row may be hashed, by the name that it is told under."""
        return {**{name(key): key for key in self.values}, PLAIN: None}

    def held_by(self, content: Content, digest: str) -> str:
        """The name of the key that a row was hashed with; UNKNOWN when it is none of these."""
        for found, key in self.names().items():
            if hmac.compare_digest(content.hashed(key), digest):
                return found
        return UNKNOWN


def name(key: bytes | None) -> str:
    """What a key is called where it is spoken of: enough to tell two apart, and not the key."""
    if not key:
        return PLAIN
    return hashlib.sha256(b"name of an audit key\n" + key).hexdigest()[:8]
