"""What the two older reports share: their parameters, and pages of whole buckets."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.usage.organization import format_time
from bot.sandbox.usage.query import WIDTHS, invalid, read_choice, read_moment

Pairs = Sequence[tuple[str, str]]
Results = Sequence[Mapping[str, object]]
_SINGLE = ("starting_at", "ending_at", "bucket_width", "limit", "page")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one of the reports takes; limits count buckets, (default, most) for each width."""

    limits: Mapping[str, tuple[int, int]]
    dimensions: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]  # values, any when empty


@dataclass(frozen=True, slots=True)
class Buckets:
    """A query: buckets from `starts_at` up to `ends_at`, both snapped to UTC."""

    starts_at: datetime
    ends_at: datetime
    width: timedelta
    limit: int
    first: datetime  # of this page
    group_by: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]

    def floor(self, moment: datetime) -> datetime:
        return _floor(moment, self.width)


def read_buckets(pairs: Pairs, allowed: Allowed, now: datetime) -> Buckets:
    """A query, or the 400 that names the first rule it breaks."""
    single, arrays = _sort_out(pairs, allowed)
    name = read_choice(single, "bucket_width", allowed.limits) or "1d"
    width = WIDTHS[name]
    starts_at = read_moment(single, "starting_at")
    if starts_at is None:
        raise invalid("starting_at: Field required")
    ends_at = read_moment(single, "ending_at") or now.astimezone(UTC)
    if ends_at <= starts_at:
        raise invalid("Invalid date range: ending date must be after starting date")
    starts_at, ends_at = _floor(starts_at, width), _ceil(ends_at, width)
    group_by = tuple(dict.fromkeys(arrays.pop("group_by", ())))
    if not set(group_by) <= set(allowed.dimensions):
        raise invalid(f"group_by: Input should be one of {', '.join(allowed.dimensions)}")
    for filter_, values in arrays.items():
        known = allowed.filters[filter_]
        if known and not set(values) <= set(known):
            raise invalid(f"{filter_}: Input should be one of {', '.join(known)}")
    return Buckets(
        starts_at=starts_at,
        ends_at=ends_at,
        width=width,
        limit=_limit(single.get("limit"), name, *allowed.limits[name]),
        first=_read_cursor(single.get("page"), starts_at, ends_at, width),
        group_by=group_by,
        filters=arrays,
    )


def render_page(
    query: Buckets, last: datetime, results: Callable[[datetime], Results]
) -> dict[str, object]:
    """Every bucket of the page up to `last`, empty ones too; the cursor names the next one."""
    ends_at = min(query.ends_at, last)
    data: list[dict[str, object]] = []
    starts_at = query.first
    while starts_at < ends_at and len(data) < query.limit:
        data.append(
            {
                "starting_at": format_time(starts_at),
                "ending_at": format_time(starts_at + query.width),
                "results": list(results(starts_at)),
            }
        )
        starts_at += query.width
    more = starts_at < ends_at
    return {
        "data": data,
        "has_more": more,
        "next_page": _write_cursor(starts_at) if more else None,
    }


def _sort_out(pairs: Pairs, allowed: Allowed) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    single: dict[str, str] = {}
    arrays: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        bare = name.removesuffix("[]")
        if name in _SINGLE and name not in single:
            single[name] = value
        elif name != bare and bare in (*allowed.filters, "group_by"):
            arrays[bare] = (*arrays.get(bare, ()), value)
        else:
            raise invalid(f"{name}: Extra inputs are not permitted")
    return single, arrays


def _limit(text: str | None, width: str, default: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid(f"limit: must be between 1 and {most} for bucket_width={width}")
    return int(text)


def _write_cursor(moment: datetime) -> str:
    return f"page_{base64.b64encode(format_time(moment).encode()).decode()}"


def _read_cursor(
    text: str | None, starts_at: datetime, ends_at: datetime, width: timedelta
) -> datetime:
    if text is None:
        return starts_at
    word, _, rest = text.partition("_")
    try:
        moment = datetime.fromisoformat(base64.b64decode(rest, validate=True).decode())
    except (binascii.Error, ValueError):
        raise invalid("page: not a cursor of this query") from None
    fits = word == "page" and moment.tzinfo is not None and moment == _floor(moment, width)
    if not (fits and starts_at <= moment < ends_at):
        raise invalid("page: not a cursor of this query")
    return moment


def _floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - _ZERO) % width


def _ceil(moment: datetime, width: timedelta) -> datetime:
    floor = _floor(moment, width)
    return floor if floor == moment else floor + width
