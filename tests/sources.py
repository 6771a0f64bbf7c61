"""Usage sources that a test holds up or changes on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.clients.usage import UsageSource
from bot.domain.usage import Directory, Fetched, Window


@dataclass
class Held:
    """A source whose answer is in hand, and goes on only when `pass_on` lets it."""

    name: str
    source: UsageSource
    pass_on: Callable[[], object]

    def earliest(self, now: datetime) -> datetime:
        return self.source.earliest(now)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        fetched = self.source.fetch(window, now)
        self.pass_on()
        return fetched

    def directory(self) -> Directory:
        return self.source.directory()

    def check(self) -> str:
        return self.source.check()

    def close(self) -> None:
        self.source.close()
