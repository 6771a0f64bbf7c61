"""
The older reports as a source, for organizations without the analytics reports.

The usage report knows tokens, the cost report dollars by UTC day, workspace and kind of token. A
day that is over and billed has the bill's dollars, divided over its hours and keys; the others are
estimated at the rates that the last bills teach, or at list price where there is no bill. Nobody
but the key is named; fast mode is not told apart, Priority Tier is in no bill of this report.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.clients.usage.bill import Bill, BillReader
from bot.clients.usage.billed_days import price_rows
from bot.clients.usage.closing import Closing
from bot.clients.usage.day_totals import read_cost_report_totals
from bot.clients.usage.estimates import GROUPS, Key, Used, sum_results
from bot.clients.usage.names import read_directory, read_organization
from bot.clients.usage.older_reports import (
    USAGE_REPORT,
    USUAL_DELAY,
    check_bucket,
    read_buckets,
    read_pages,
)
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import BucketPage
from bot.clients.usage.windows import (
    DAY,
    HOUR,
    MINUTE,
    earliest_hour,
    floor_moment,
    readable_window,
    split_window,
    widen_to_days,
)
from bot.clock import Clock, utc_now
from bot.domain.usage import DayTotal, Directory, Fetched, Window

BASE_URL = "https://api.anthropic.com"
logger = logging.getLogger(__name__)


class UsageReportSource(Closing):
    """`unpriced` counts the rows of the last fetch that have no known price, by model."""

    def __init__(
        self,
        key: str,
        base_url: str = BASE_URL,
        *,
        name: str = "usage_report",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self.unpriced: Mapping[str, int] = {}
        self._patience = patience
        self._clock = clock
        self._told: set[str] = set()
        self._transport = Transport(
            key,
            base_url,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )
        self._bill = BillReader(self._transport, name, patience)

    def earliest(self, now: datetime) -> datetime:
        return earliest_hour(now)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        Every row of the window in whole hours, and in whole days where they are over.

        A model without a known price has no money, but keeps its tokens and is warned of. How
        fresh the data is, the report does not say; usage usually shows after five minutes, which
        is where `estimated_until` lies. When the bill cannot be read, all is estimated.
        """
        readable = widen_to_days(readable_window(window, now), now)
        patience = Patience(self._patience)
        used: dict[Key, Used] = {}
        for part in split_window(readable):
            self._read(used, part, patience)
        bill = self._bill.read(readable, now)
        priced = price_rows(self.name, readable, used, bill)
        self.unpriced = dict(priced.unpriced)
        self._tell_unpriced()
        return Fetched(
            window=readable,
            rows=priced.rows,
            refreshed_at=None,
            estimated_until=_estimated_until(readable, bill, now),
        )

    def totals(self, window: Window, now: datetime) -> tuple[DayTotal, ...]:
        """See `Totals`; net alone is known and stands for list too, Priority Tier is left out."""
        return read_cost_report_totals(self._transport, window, now, Patience(self._patience))

    def directory(self) -> Directory:
        return read_directory(self._transport, Patience(self._patience), self._told)

    def check(self) -> str:
        """The organization's name, once the report itself has answered too."""
        patience = Patience(self._patience)
        organization = read_organization(self._transport, patience)
        now = self._clock()
        hour = readable_window(Window(now - timedelta(hours=1), now), now)
        read_pages(self._transport, USAGE_REPORT, BucketPage, hour, HOUR, GROUPS, patience)
        return f"{organization} (dollars are estimated from tokens)"

    def close(self) -> None:
        self._transport.close()

    def _read(self, used: dict[Key, Used], window: Window, patience: Patience) -> None:
        for page in read_buckets(
            self._transport, USAGE_REPORT, BucketPage, window, HOUR, GROUPS, patience
        ):
            for bucket in page.data:
                sum_results(used, check_bucket(bucket, window, HOUR), bucket.results)

    def _tell_unpriced(self) -> None:
        if self.unpriced:
            logger.warning(
                "usage without a known price counts as $0",
                extra={
                    "action": "usage_unpriced",
                    "source": self.name,
                    "unpriced_rows": sum(self.unpriced.values()),
                    "models": sorted(self.unpriced),
                },
            )


def _estimated_until(window: Window, bill: Bill, now: datetime) -> datetime | None:
    """None where the bill covers all of the window."""
    until = min(window.ends_at, floor_moment(now, MINUTE) - USUAL_DELAY)
    billed_until = max(bill.days, default=window.starts_at - DAY) + DAY
    return until if until > max(window.starts_at, billed_until) else None
