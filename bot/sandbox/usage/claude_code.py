"""The Claude Code report of the double: who used what on a UTC day, from the same spend events."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from bot.sandbox.usage.buckets import Pairs
from bot.sandbox.usage.events import SpendEvent
from bot.sandbox.usage.ledger import Ledger
from bot.sandbox.usage.organization import Organization, format_time
from bot.sandbox.usage.query import invalid, read_limit

PRODUCT = "claude_code"
# The dimension of an event that names who is behind a shared key: known to this report alone.
PERSON = "claude_code_person"
_DELAY = timedelta(hours=1)
_PARAMETERS = ("starting_at", "limit", "page")
_TOOLS = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool")
_Key = tuple[str, str, str, str]  # actor type and name, customer type, terminal type


def read_claude_code(ledger: Ledger, pairs: Pairs) -> dict[str, object]:
    """The records of one day that are older than an hour, paged by their number."""
    single = _read_parameters(pairs)
    day = _read_day(single.get("starting_at"))
    limit = read_limit(single.get("limit"))
    records: dict[_Key, list[SpendEvent]] = {}
    for event in ledger.shown():
        told = event.at <= ledger.horizon() - _DELAY and event.at.date() == day
        key = _key(event, ledger.organization)
        if told and key is not None and event.dimensions.get("product") == PRODUCT:
            records.setdefault(key, []).append(event)
    first = _read_cursor(single.get("page"), day, len(records))
    shown = sorted(records)[first : first + limit]
    more = first + limit < len(records)
    organization_id = str(ledger.organization.body()["id"])
    return {
        "data": [_render(day, organization_id, key, records[key]) for key in shown],
        "has_more": more,
        "next_page": f"page_{day:%F}_{first + limit}" if more else None,
    }


def _read_parameters(pairs: Pairs) -> Mapping[str, str]:
    single: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS or name in single:
            raise invalid(f"{name}: Extra inputs are not permitted")
        single[name] = value
    return single


def _read_day(text: str | None) -> date:
    if text is None:
        raise invalid("starting_at: Field required")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or text != f"{day:%Y-%m-%d}":
        raise invalid("starting_at: Input should be a date in YYYY-MM-DD format")
    return day


def _read_cursor(text: str | None, day: date, count: int) -> int:
    if text is None:
        return 0
    number = text.removeprefix(f"page_{day:%F}_")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < count):
        raise invalid("page: not a cursor of this query")
    return int(number)


def _key(event: SpendEvent, organization: Organization) -> _Key | None:
    """None for who has neither an address nor a key: the report knows no other actors."""
    kind, _, id_ = (event.actor or "").partition(":")
    known = event.dimensions.get
    customer, terminal = known("customer_type") or "api", known("terminal_type") or "vscode"
    if kind == "user":
        return ("user_actor", organization.users[id_].email, customer, terminal)
    if (person := known(PERSON)) is not None:
        return ("user_actor", person, customer, terminal)
    if kind == "key":
        return ("api_actor", organization.api_keys[id_].name, customer, terminal)
    return None


def _render(
    day: date, organization_id: str, key: _Key, events: Iterable[SpendEvent]
) -> dict[str, object]:
    kind, name, customer, terminal = key
    used: dict[str, list[SpendEvent]] = {}
    for event in events:
        used.setdefault(event.dimensions.get("model") or "unknown", []).append(event)
    return {
        "date": format_time(datetime.combine(day, time(), UTC)),
        "actor": {
            "type": kind,
            "email_address" if kind == "user_actor" else "api_key_name": name,
        },
        "organization_id": organization_id,
        "customer_type": customer,
        "terminal_type": terminal,
        "core_metrics": {
            "num_sessions": sum(len(of_model) for of_model in used.values()),
            "lines_of_code": {"added": 0, "removed": 0},
            "commits_by_claude_code": 0,
            "pull_requests_by_claude_code": 0,
        },
        "tool_actions": {tool: {"accepted": 0, "rejected": 0} for tool in _TOOLS},
        "model_breakdown": [_render_model(model, used[model]) for model in sorted(used)],
    }


def _render_model(model: str, events: list[SpendEvent]) -> dict[str, object]:
    tokens = [event.tokens for event in events]
    cents = sum((event.list_cents or Decimal(0) for event in events), Decimal(0))
    return {
        "model": model,
        "tokens": {
            "input": sum(t.uncached_input for t in tokens),
            "output": sum(t.output for t in tokens),
            "cache_read": sum(t.cache_read for t in tokens),
            "cache_creation": sum(t.cache_creation_5m + t.cache_creation_1h for t in tokens),
        },
        # an estimate, and a JSON number: the only place where cents are not text
        "estimated_cost": {
            "currency": "USD",
            "amount": int(cents) if cents == int(cents) else float(cents),
        },
    }
