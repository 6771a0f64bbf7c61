"""
Claude Code's report of who used what, as shares: it knows people, but its dollars are estimates.

So it is no usage source. It says in which proportion the billed dollars of a shared key belong to
the people behind it. One call answers for one UTC day, with data older than an hour. Usage through
Bedrock, Vertex and the like is not in it, nor is that of Enterprise accounts.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from bot.clients.usage.claude_code_answers import DayOfUse, DayPage
from bot.clients.usage.claude_code_shares import share_out
from bot.clients.usage.closing import Closing
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.http_json import parse_answer
from bot.clients.usage.names import read_organization
from bot.clients.usage.pages import ROOT, follow_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER, Parameters
from bot.clients.usage.transport import Transport
from bot.clock import Clock, utc_now
from bot.domain.usage import PersonShare, Window

BASE_URL = "https://api.anthropic.com"
_PATH = f"{ROOT}/usage_report/claude_code"
_DAY = timedelta(days=1)


class ClaudeCodePeople(Closing):
    def __init__(
        self,
        key: str,
        base_url: str = BASE_URL,
        *,
        name: str = "claude_code",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self._patience = patience
        self._clock = clock
        self._transport = Transport(
            key,
            base_url,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )

    def shares(self, window: Window, now: datetime) -> tuple[PersonShare, ...]:
        """
        What each person used on every day of `days_of(window, now)`, as weights in micro-dollars.

        What a key used without a person is a share of nobody, so that nobody else pays for it. Any
        failure raises a SourceError, and then nothing was read.
        """
        patience = Patience(self._patience)
        return tuple(
            share
            for day in days_of(window, now)
            for share in share_out(day, self._read(day, patience))
        )

    def check(self) -> str:
        """The organization's name, once the report itself has answered too."""
        patience = Patience(self._patience)
        organization = read_organization(self._transport, patience)
        next(self._pages(self._clock().astimezone(UTC).date(), "1", patience))
        return f"{organization} (who used Claude Code)"

    def close(self) -> None:
        self._transport.close()

    def _read(self, day: date, patience: Patience) -> Iterator[DayOfUse]:
        for page in self._pages(day, "1000", patience):
            for record in page.data:
                if record.date.astimezone(UTC).date() != day:
                    raise SourceDataError(f"{_PATH}: a record of {record.date:%F}, not of {day:%F}")
                yield record

    def _pages(self, day: date, limit: str, patience: Patience) -> Iterator[DayPage]:
        def read(parameters: Parameters) -> DayPage:
            return parse_answer(DayPage, self._transport.get(_PATH, parameters, patience), _PATH)

        return follow_pages(read, _PATH, (("starting_at", f"{day:%F}"), ("limit", limit)))


def days_of(window: Window, now: datetime) -> tuple[date, ...]:
    """The UTC days that a window touches, up to today's."""
    first = window.starts_at.astimezone(UTC).date()
    last = min(window.ends_at - timedelta.resolution, now).astimezone(UTC).date()
    return tuple(first + n * _DAY for n in range((last - first).days + 1))
