"""Usage sources: where spend is read from. One protocol, one module for each source."""

from datetime import datetime
from typing import Protocol

from bot.domain.usage import Directory, Fetched, Window


class UsageSource(Protocol):
    """Reads usage; every method may raise a `SourceError` and then has returned nothing."""

    name: str

    def earliest(self, now: datetime) -> datetime:
        """The start of what can be read; a window wholly before it is refused."""
        ...

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """All rows of the window, which the answer may have widened or cut: see `Fetched.window`."""
        ...

    def directory(self) -> Directory: ...

    def check(self) -> str:
        """One line for `doctor`: what the credentials open."""
        ...

    def close(self) -> None: ...
