"""The kinds of value a policy file holds: how each is written, checked and described."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import PlainValidator, StringConstraints, WithJsonSchema

from bot.config.faults import nearest
from bot.domain.budgets import PersonRef
from bot.domain.forecast.history import ENOUGH, MEMORY
from bot.domain.money import Micros, micros
from bot.domain.spans import WEEKDAYS, Span, WorkingHours, parse_span

# A comma only where thousands have one: `1,5` is one and a half to some people, and never fifteen.
_AMOUNT = re.compile(r"-?\$?\s*-?((?:\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?|\.\d+)", re.ASCII)
_PERCENT = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?)\s*%?", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"#[^\s#A-Z@]{1,80}|[CG][A-Z0-9]{2,20}")
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")
MAX_DOLLARS = 1_000_000_000

Off = Literal["off"]


def parse_money(raw: object) -> Micros:
    """Dollars as a number or as text (`12000`, `"12,000.50"`, `"$12,000"`), exact to the cent."""
    match raw:
        case bool():
            raise ValueError("must be an amount in dollars, like 12000")
        case int() | Decimal():
            amount = Decimal(raw)
        case str() if _AMOUNT.fullmatch(raw.strip()):
            amount = Decimal(re.sub(r"[$,\s]", "", raw))
        case _:
            raise ValueError("must be an amount in dollars, like 12000")
    if amount <= 0:
        raise ValueError("must be more than 0")
    if amount > MAX_DOLLARS:
        raise ValueError(f"must be at most {MAX_DOLLARS:,} dollars")
    if int(amount.as_tuple().exponent) < -2:  # 1.500 is fifteen hundred to some people
        raise ValueError("must have at most two decimals; write thousands like 1500 or 1,500")
    return micros(amount)


def parse_percent(raw: object) -> Decimal:
    """`50%`, `50` or `"50"`; a fraction such as 0.5 is a misunderstanding."""
    match raw:
        case bool():
            value = None
        case int() | Decimal():
            value = Decimal(raw)
        case str() if found := _PERCENT.fullmatch(raw.strip()):
            value = Decimal(found[1])
        case _:
            value = None
    if value is None:
        raise ValueError("must be a per cent, like 50%")
    if 0 < value < 1 and not isinstance(raw, str):
        raise ValueError("must be a per cent: write 50% for a half, not 0.5")
    return value


def percent_between(low: int, high: int) -> Callable[[object], int]:
    def parse(raw: object) -> int:
        value = parse_percent(raw)
        if not low <= value <= high or value % 1:
            raise ValueError(f"must be a whole per cent from {low}% to {high}%")
        return int(value)

    return parse


def parse_threshold(raw: object) -> int:
    if isinstance(raw, str) and re.search(r"runway|day|[hdms]$", raw):
        raise ValueError(
            "must be a share of the limit, like 80%; for a time write respond: {lead_times: 2}"
        )
    if is_off(raw):
        raise ValueError(
            "a stage has a share of the limit, like 80%; it is its time that can be off: "
            "{lead_times: off}, for look {forecast: off}"
        )
    return percent_between(1, 99)(raw)


def parse_lead_times(raw: object) -> int | Off:
    if isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= 10:
        return raw
    return _off(raw, "must be a whole number from 1 to 10, or off")


def parse_forecast(raw: object) -> int | Off:
    try:
        return percent_between(1, 1000)(raw)
    except ValueError:
        return _off(raw, "must be a whole per cent from 1% to 1000%, or off")


def parse_trust(raw: object) -> int | Off:
    """Days: no fewer than a forecast needs to know weekdays, no more than it learns from."""
    words = f"must be {ENOUGH}d to {MEMORY}d, in whole days, or off"
    try:
        days, rest = divmod(parse_plain_duration(raw), timedelta(days=1))
    except ValueError:
        return _off(raw, words)
    if rest or not ENOUGH <= days <= MEMORY:
        raise ValueError(words)
    return days


def parse_multiple(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 2 <= raw <= 100:
        return raw
    raise ValueError("must be a whole number from 2 to 100")


def is_off(raw: object) -> bool:
    """`off`, which is false to readers of older YAML."""
    return raw is False or (isinstance(raw, str) and raw.strip().lower() == "off")


def _off(raw: object, otherwise: str) -> Off:
    """Anything else is refused."""
    if is_off(raw):
        return "off"
    raise ValueError(otherwise)


def parse_share(raw: object) -> int:
    """Basis points, so that 33.33% is exact."""
    points = parse_percent(raw) * 100
    if not 0 < points <= 10_000 or points % 1:
        raise ValueError("must be more than 0% and at most 100%, with at most two decimals")
    return int(points)


def parse_duration(raw: object) -> Span:
    if not isinstance(raw, str):
        raise ValueError("must be a duration; write it like 1m, 8h, 14d or 3 working days")
    try:
        span = parse_span(raw)
    except ValueError:
        raise ValueError(
            "must be a duration; write it like 1m, 8h, 14d or 3 working days"
        ) from None
    if span.plain > timedelta(days=3660) or span.working_days > 1000:
        raise ValueError("must be at most 3660d or 1000 working days")
    return span


def parse_plain_duration(raw: object) -> timedelta:
    span = parse_duration(raw)
    if span.working_days:
        raise ValueError("must be a duration by the clock, like 1m, 8h or 14d")
    return span.plain


def parse_grace(raw: object) -> Span:
    """`off` is none at all, whatever the defaults say."""
    return Span() if is_off(raw) else parse_duration(raw)


def parse_zone(raw: object) -> ZoneInfo:
    try:
        if isinstance(raw, str) and raw[:1].isalpha():
            return ZoneInfo(raw)
    except (LookupError, ValueError, OSError):
        pass
    places = (name for name in available_timezones() if "/" in name and name[:4] != "Etc/")
    guess = nearest(raw, places)
    raise ValueError(f"must be a time zone, like Europe/Berlin{guess}")


def parse_weekday(raw: object) -> int:
    """Monday is 0."""
    text = raw.lower() if isinstance(raw, str) else ""
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for number, names in enumerate(zip(WEEKDAYS, full, strict=True)):
        if text in names:
            return number
    raise ValueError(f"must be a weekday: {', '.join(WEEKDAYS)}")


def parse_clock(raw: object) -> time:
    found = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError('must be a time of day, like "09:00"')
    return time(int(found[1]), int(found[2]))


def parse_hours(raw: object) -> WorkingHours:
    """`"09:00-18:00"`, of one day; 24:00 is its end."""
    opens, dash, closes = raw.partition("-") if isinstance(raw, str) else ("", "", "")
    try:
        begin = parse_clock(opens.strip())
        end = time() if closes.strip() == "24:00" else parse_clock(closes.strip())
    except ValueError:
        dash = ""
    if not dash or (begin >= end and closes.strip() != "24:00"):
        raise ValueError('must be hours of one day, like "09:00-18:00"')
    return WorkingHours(begin, end)


def parse_date(raw: object) -> date:
    try:
        if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw, re.ASCII):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise ValueError("must be a date that exists, like 2026-11-26")


def parse_person(raw: object) -> PersonRef:
    if isinstance(raw, str) and (_EMAIL.fullmatch(raw) or _MEMBER.fullmatch(raw)):
        return PersonRef(raw)
    raise ValueError("must be an e-mail address or a Slack user id, like U024BE7LH")


def parse_channel(raw: object) -> str:
    if isinstance(raw, str):
        if _CHANNEL.fullmatch(raw):
            return raw
        if _CHANNEL.fullmatch(f"#{raw}"):
            raise ValueError(f'must begin with #, in quotes: "#{raw}"')
    raise ValueError('must be a channel, like "#team-search" or C024BE91L')


def parse_workspace(raw: object) -> str | tuple[tuple[str, str], ...]:
    """A name, an id or a glob; or the tags it must have: `{tag: {team: search}}`."""
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    if isinstance(raw, dict) and raw.keys() == {"tag"} and isinstance(raw["tag"], dict):
        tags = tuple(raw["tag"].items())
        if tags and all(isinstance(value, str) for _, value in tags):
            return tags
        raise ValueError("must name tags and their values, as text: {tag: {team: search}}")
    raise ValueError("must be a workspace's id or name in quotes, or {tag: {team: search}}")


def parse_tags(raw: object) -> tuple[tuple[str, str], ...]:
    """Tags of a request and their values, which may be globs."""
    if isinstance(raw, dict) and raw:
        tags = tuple(raw.items())
        if all(isinstance(name, str) and isinstance(value, str) for name, value in tags):
            return tags
    raise ValueError("must name tags and their values, as text: {feature: search}")


def matching(pattern: re.Pattern[str], what: str) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        if isinstance(raw, str) and pattern.fullmatch(raw):
            return raw
        raise ValueError(f"must be {what}")

    return parse


def one_of(kind: str, *known: str) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        if isinstance(raw, str) and raw in known:
            return raw
        raise ValueError(f"unknown {kind} {str(raw)!r}; known: {', '.join(known)}")

    return parse


def _schema(*kinds: str, **rest: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kinds[0] if len(kinds) == 1 else list(kinds), **rest})


_DURATION = _schema("string", pattern=r"^\s*\d+\s*([smhd]|working\s+days?)\s*$", examples=["8h"])
PERCENT_SCHEMA: dict[str, Any] = {
    "type": ["string", "number"],
    "pattern": r"^\s*\d+(\.\d+)?\s*%?\s*$",
    "examples": ["50%"],
}
_CENT = WithJsonSchema(PERCENT_SCHEMA)
_OFF = {"enum": ["off", False]}
_DAYS = _schema("string", examples=list(WEEKDAYS))

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Money = Annotated[Micros, PlainValidator(parse_money), _schema("number", "string")]
Duration = Annotated[Span, PlainValidator(parse_duration), _DURATION]
Grace = Annotated[
    Span, PlainValidator(parse_grace), WithJsonSchema({"anyOf": [_DURATION.json_schema, _OFF]})
]
PlainDuration = Annotated[timedelta, PlainValidator(parse_plain_duration), _DURATION]
Threshold = Annotated[int, PlainValidator(parse_threshold), _CENT]
LeadTimes = Annotated[
    int | Off,
    PlainValidator(parse_lead_times),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 10}, _OFF]}),
]
Forecast = Annotated[
    int | Off,
    PlainValidator(parse_forecast),
    WithJsonSchema({"anyOf": [PERCENT_SCHEMA, _OFF]}),
]
SpikeMultiple = Annotated[
    int,
    PlainValidator(parse_multiple),
    WithJsonSchema({"type": "integer", "minimum": 2, "maximum": 100}),
]
Trust = Annotated[
    int | Off,
    PlainValidator(parse_trust),
    WithJsonSchema({"anyOf": [_DURATION.json_schema, _OFF]}),
]
Percent = Annotated[int, PlainValidator(percent_between(1, 1000)), _CENT]
Reserve = Annotated[int, PlainValidator(percent_between(0, 100)), _CENT]
Share = Annotated[int, PlainValidator(parse_share), _CENT]
Zone = Annotated[ZoneInfo, PlainValidator(parse_zone), _schema("string", examples=["UTC"])]
Weekday = Annotated[int, PlainValidator(parse_weekday), _DAYS]
TimeOfDay = Annotated[time, PlainValidator(parse_clock), _schema("string", pattern=r"^\d\d?:\d\d$")]
Hours = Annotated[
    WorkingHours,
    PlainValidator(parse_hours),
    _schema("string", pattern=r"^\s*\d\d?:\d\d\s*-\s*\d\d?:\d\d\s*$", examples=["09:00-18:00"]),
]
Day = Annotated[date, PlainValidator(parse_date), _schema("string", format="date")]
Person = Annotated[PersonRef, PlainValidator(parse_person), _schema("string")]
Channel = Annotated[str, PlainValidator(parse_channel), _schema("string")]
WorkspaceMatch = Annotated[
    str | tuple[tuple[str, str], ...],
    PlainValidator(parse_workspace),
    _schema("string", "object"),
]
Tags = Annotated[
    tuple[tuple[str, str], ...],
    PlainValidator(parse_tags),
    _schema("object", additionalProperties={"type": "string"}),
]
Id = Annotated[
    str,
    PlainValidator(
        matching(_ID, "lower case letters, digits, - and _, and begin with a letter or digit")
    ),
    _schema("string", pattern=f"^{_ID.pattern}$"),
]
Usergroup = Annotated[
    str,
    PlainValidator(matching(_GROUP, "the id of a Slack user group, like S0604QSJC")),
    _schema("string", pattern=f"^{_GROUP.pattern}$"),
]
Command = Annotated[
    str,
    PlainValidator(matching(_COMMAND, "a slash command in lower case, like /budget")),
    _schema("string", pattern=f"^{_COMMAND.pattern}$"),
]
PEOPLE_KIND = "claude_code"  # says who used it, and reports no dollars
SOURCE_KINDS = ("anthropic", "usage_report", "litellm", "mlflow", PEOPLE_KIND)
Kind = Annotated[
    str,
    PlainValidator(one_of("source", *SOURCE_KINDS)),
    _schema("string", enum=list(SOURCE_KINDS)),
]
