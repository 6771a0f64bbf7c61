"""The parameters of an analytics report, checked by every documented rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.usage.dimensions import FAN_OUT, FILTERS, Report

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
WIDTHS = {"1m": timedelta(minutes=1), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
_SINGLE = {
    "starting_at",
    "ending_at",
    "time_bucket_width",
    "limit",
    "order_by",
    "order",
    "page",
    "exclude_deleted_users",
}


class ApiError(Exception):
    """An answer in the documented error envelope."""

    def __init__(self, status: int, type_: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.type = type_
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    starts_at: datetime
    ends_at: datetime
    width: timedelta | None
    group_by: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    limit: int
    order_by: str
    descending: bool
    exclude_deleted: bool
    page: str | None


def invalid(message: str) -> ApiError:
    return ApiError(400, "invalid_request_error", message)


def read_query(pairs: Sequence[tuple[str, str]], report: Report, now: datetime) -> Query:
    """A query, or the 400 that names the first rule it breaks."""
    single, arrays = _sort_out(pairs)
    width = read_choice(single, "time_bucket_width", WIDTHS)
    starts_at, ends_at = _range(single, width, now)
    group_by = _group_by(arrays.get("group_by", ()), report)
    order_by = read_choice(single, "order_by", report.orders) or report.default_order
    order = read_choice(single, "order", ("asc", "desc")) or "desc"
    exclude = read_choice(single, "exclude_deleted_users", ("true", "false")) == "true"
    if exclude and "actor" not in group_by:
        raise invalid("exclude_deleted_users requires group_by[]=actor")
    filters = _filters(arrays, group_by)
    if order_by == "time" and width is None:
        order_by = report.default_order
    return Query(
        starts_at=starts_at,
        ends_at=ends_at,
        width=WIDTHS[width] if width else None,
        group_by=group_by,
        filters=filters,
        limit=read_limit(single.get("limit")),
        order_by=order_by,
        descending=order == "desc",
        exclude_deleted=exclude,
        page=single.get("page") or None,
    )


def read_limit(text: str | None) -> int:
    if text is None:
        return 20
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise invalid("limit: must be between 1 and 1000")
    return int(text)


def _sort_out(
    pairs: Sequence[tuple[str, str]],
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Arrays are repeated `name[]`; anything the documentation does not name is refused."""
    single: dict[str, str] = {}
    arrays: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        bare = name.removesuffix("[]")
        if name in _SINGLE and name not in single:
            single[name] = value
        elif name != bare and bare in (*FILTERS, "group_by", "organization_ids"):
            arrays[bare] = (*arrays.get(bare, ()), value)
        else:
            raise invalid(f"{name}: Extra inputs are not permitted")
    return single, arrays


def read_choice(single: Mapping[str, str], name: str, allowed: Iterable[str]) -> str | None:
    value = single.get(name)
    if value is not None and value not in allowed:
        raise invalid(f"{name}: Input should be one of {', '.join(allowed)}")
    return value


def read_moment(single: Mapping[str, str], name: str) -> datetime | None:
    text = single.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name}: Input should be a valid datetime") from None
    if moment.tzinfo is None:
        raise invalid(f"{name}: Input should have timezone info")
    return moment.astimezone(UTC)


def _range(
    single: Mapping[str, str], width: str | None, now: datetime
) -> tuple[datetime, datetime]:
    starts_at = read_moment(single, "starting_at")
    if starts_at is None:
        raise invalid("starting_at: Field required")
    if starts_at < EARLIEST:
        raise invalid("starting_at: must not be before 2026-01-01T00:00:00Z")
    if starts_at < now - timedelta(days=365):
        raise invalid("starting_at: must be within the last 365 days")
    ends_at = read_moment(single, "ending_at")
    if ends_at is None:
        if width is not None:
            raise invalid("ending_at: required when time_bucket_width is set")
        ends_at = min(now, starts_at + timedelta(days=31))
    if ends_at <= starts_at:
        raise invalid("Invalid date range: ending date must be after starting date")
    if ends_at - starts_at > timedelta(days=31):
        raise invalid("Invalid date range: the range may span at most 31 days")
    if width == "1m" and ends_at - starts_at > timedelta(hours=24):
        raise invalid("Invalid date range: with time_bucket_width=1m at most 24 hours")
    return starts_at, ends_at


def _group_by(names: tuple[str, ...], report: Report) -> tuple[str, ...]:
    for name in names:
        if name not in report.dimensions:
            raise invalid(f"group_by: Input should be one of {', '.join(report.dimensions)}")
    distinct = tuple(dict.fromkeys(names))
    if len([name for name in distinct if name not in FAN_OUT]) > 5:
        raise invalid("group_by: at most 5 dimensions")
    return distinct


def _filters(
    arrays: Mapping[str, tuple[str, ...]], group_by: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    if "organization_ids" in arrays:
        raise ApiError(403, "permission_error", "organization_ids needs a parent organization key")
    if "claude_tag_user_id" in group_by and (
        "rbac_group_id" in group_by or "rbac_group_ids" in arrays
    ):
        raise invalid("claude_tag_user_id cannot be combined with rbac_group_id")
    filters = {name: values for name, values in arrays.items() if name in FILTERS}
    for name, values in filters.items():
        allowed = FILTERS[name].values
        for value in values:
            if allowed and value not in allowed:
                raise invalid(f"{name}: Input should be one of {', '.join(allowed)}")
    if len(filters.get("actor_ids", ())) > 100:
        raise invalid("actor_ids: at most 100 items")
    return filters
