"""Usage sources: where spend is read from. One protocol, one module for each source."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.domain.usage import DayTotal, Directory, Fetched, Window


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


@runtime_checkable
class Totals(Protocol):
    """A source that also says what a day cost as a whole; not every source can."""

    def totals(self, window: Window, now: datetime) -> tuple[DayTotal, ...]:
        """
        What each UTC day that lies wholly in the window cost, by the source itself and undivided.

        Days in order, in micro-dollars, only those that are over and known; raises a SourceError.
        Rows that are estimated are in no total.
        """
        ...
