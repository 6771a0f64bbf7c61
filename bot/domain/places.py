"""Where something was pressed: the message in Slack, and the way to it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A message in Slack; the record of a decision names the one it was made on."""

    channel: str
    ts: str

    @property
    def link(self) -> str:
        """Slack opens it in whatever workspace the reader is signed in to."""
        return f"https://slack.com/archives/{self.channel}/p{self.ts.replace('.', '')}"

    @property
    def as_row(self) -> dict[str, str]:
        return {"channel": self.channel, "ts": self.ts}


def place_of(row: Mapping[str, str] | None) -> Place | None:
    """What was stored, read again."""
    return Place(row["channel"], row["ts"]) if row else None
