"""Reads `Retry-After`: seconds or an HTTP date."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds to wait, never negative; what cannot be read counts as not said."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
