"""
The tail: what was spent after the analytics reports were last refreshed, estimated from tokens.

The older usage report is minutes behind where the analytics reports are hours behind. Its tokens
are priced at the organization's effective rates; the next refresh replaces them by the bill.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clients.usage.analytics import read_rows
from bot.clients.usage.billed_rates import BilledRates
from bot.clients.usage.default_workspace import find_default_workspace
from bot.clients.usage.errors import SourceUnavailable
from bot.clients.usage.estimates import Estimated
from bot.clients.usage.extra import Extra
from bot.clients.usage.older_reports import USAGE_REPORT, USUAL_DELAY, check_bucket, read_buckets
from bot.clients.usage.patience import Patience
from bot.clients.usage.tail_rows import estimate_tail
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import PersonalPage, PersonalResult
from bot.clients.usage.windows import HOUR, MINUTE, ceil_moment, floor_moment
from bot.domain.usage import Fetched, UsageRow, Window

# All of them but speed, which is in a beta of its own; fast tokens are learned with the others.
GROUPS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "workspace_id",
)
_SHORTEST = timedelta(minutes=2)  # less than this behind is as good as the present
_LONGEST_IN_MINUTES = timedelta(hours=24)
_QUIET = timedelta(hours=1)  # with no usage at all, and the older report may stand still too
_PATIENCE = 5.0  # seconds; the billed rows wait for it
logger = logging.getLogger(__name__)


class Tail:
    """
    Fills up what a fetch found billed; when it never could, the fetch stays as it was.

    When it could before, only hours that are billed in full are read until it can again.
    """

    def __init__(self, transport: Transport, source: str, patience: float) -> None:
        self._transport = transport
        self._source = source
        self._patience = min(patience, _PATIENCE)
        self._rates = BilledRates(transport)
        self._default_workspace: str | None = None
        self._extra = Extra(source, "the estimate of what is not billed yet")
        self._filled = False  # whether the hours that are not billed hold an estimate

    def extend(self, fetched: Fetched, now: datetime) -> Fetched:
        """
        Billed rows up to the minute of `refreshed_at`, estimated ones from it on; none overlap.

        Rows that are billed after that minute are incomplete, so they are left out.
        """
        unbilled = find_unbilled(fetched, now)
        refreshed_at = fetched.refreshed_at
        if unbilled is None or refreshed_at is None:
            return fetched
        extended = self._extra.attempt(
            now, lambda: self._extend(fetched, unbilled, refreshed_at, now)
        )
        if extended is not None:
            self._filled = True
            return extended
        return _billed_hours(fetched, refreshed_at) if self._filled else fetched

    def _extend(
        self, fetched: Fetched, unbilled: Window, refreshed_at: datetime, now: datetime
    ) -> Fetched:
        patience = Patience(self._patience)
        # first, for this is what a key or an organization may not be allowed to read
        results = list(self._read_tokens(unbilled, patience))
        rates = self._rates.rates(refreshed_at, now, patience)
        hour = floor_moment(unbilled.starts_at)
        billed = [row for row in fetched.rows if row.starts_at < hour]
        if hour < unbilled.starts_at:
            billed += self._read_cut_hour(Window(hour, unbilled.starts_at), patience)
        if any(result.workspace_id is None for _, result in results):
            self._default_workspace = self._default_workspace or find_default_workspace(
                self._transport, patience
            )
        estimated = estimate_tail(self._source, results, rates, self._default_workspace)
        _tell_unpriced(self._source, estimated)
        return replace(
            fetched,
            rows=(*billed, *estimated.rows),
            estimated_until=max(refreshed_at, find_end(unbilled, results, now)),
        )

    def _read_tokens(
        self, window: Window, patience: Patience
    ) -> Iterator[tuple[datetime, PersonalResult]]:
        for part, width in divide_tail(window):
            pages = read_buckets(
                self._transport, USAGE_REPORT, PersonalPage, part, width, GROUPS, patience
            )
            for page in pages:
                for bucket in page.data:
                    starts_at = check_bucket(bucket, part, width)
                    yield from ((starts_at, result) for result in bucket.results)

    def _read_cut_hour(self, window: Window, patience: Patience) -> tuple[UsageRow, ...]:
        """The billed minutes of the hour that the estimate begins in."""
        read = read_rows(self._transport, self._source, window, MINUTE, patience)
        if read.refreshed_at is None or read.refreshed_at < window.ends_at:
            # answered by a server that is behind the first one: these minutes are incomplete
            raise SourceUnavailable("the analytics reports went back to an older state")
        return read.rows


def _billed_hours(fetched: Fetched, refreshed_at: datetime) -> Fetched:
    """
    Only the hours that are billed in full: the estimate of the others stands until the next one.

    Incomplete bills in their place would look as if spend had fallen.
    """
    ends_at = floor_moment(refreshed_at)
    if ends_at <= fetched.window.starts_at:
        return fetched
    return replace(
        fetched,
        window=Window(fetched.window.starts_at, ends_at),
        rows=tuple(row for row in fetched.rows if row.starts_at < ends_at),
    )


def find_unbilled(fetched: Fetched, now: datetime) -> Window | None:
    """From the minute of the refresh to the present one; None when there is nothing to estimate."""
    refreshed_at = fetched.refreshed_at
    if refreshed_at is None or now - refreshed_at < _SHORTEST:
        return None
    starts_at = max(floor_moment(refreshed_at, MINUTE), fetched.window.starts_at)
    ends_at = min(floor_moment(now, MINUTE) + MINUTE, fetched.window.ends_at)
    return Window(starts_at, ends_at) if starts_at < ends_at else None


def find_end(
    window: Window, results: Sequence[tuple[datetime, PersonalResult]], now: datetime
) -> datetime:
    """
    How far the estimate goes: usually to five minutes ago.

    The older report does not say how far it has come. Usage that it shows is what proves it, and
    for an hour after that it is believed to be quiet; where it shows none, nothing is proved.
    """
    if not results:
        return window.starts_at
    last = max(starts_at for starts_at, _ in results)
    usual = floor_moment(now, MINUTE) - USUAL_DELAY
    return max(window.starts_at, min(window.ends_at, usual, last + _QUIET))


def divide_tail(window: Window) -> Iterator[tuple[Window, timedelta]]:
    """Minutes of the last day and of the hour it begins in; whole hours where it is longer."""
    border = ceil_moment(window.ends_at - _LONGEST_IN_MINUTES)
    if window.starts_at >= border:
        yield window, MINUTE
        return
    hour = min(ceil_moment(window.starts_at), border)
    if window.starts_at < hour:
        yield Window(window.starts_at, hour), MINUTE
    if hour < border:
        yield Window(hour, border), HOUR
    if border < window.ends_at:
        yield Window(border, window.ends_at), MINUTE


def _tell_unpriced(source: str, estimated: Estimated) -> None:
    if estimated.unpriced:
        logger.warning(
            "usage without a known price counts as $0",
            extra={
                "action": "usage_unpriced",
                "source": source,
                "unpriced_rows": sum(estimated.unpriced.values()),
                "models": sorted(estimated.unpriced),
            },
        )
