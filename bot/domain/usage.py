"""What a usage source reports: usage rows, the window they fill, and the names behind the ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.domain.money import Micros


@dataclass(frozen=True, slots=True)
class Actor:
    """Who used it: a user, a service account, a federated identity, or a key when nobody is named."""

    kind: str
    id: str
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    uncached_input: int = 0
    cache_read: int = 0
    cache_creation_5m: int = 0
    cache_creation_1h: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        return (
            self.uncached_input
            + self.cache_read
            + self.cache_creation_5m
            + self.cache_creation_1h
            + self.output
        )


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One bucket of one combination of dimensions, as the source bills it."""

    source: str
    starts_at: datetime
    ends_at: datetime
    workspace_id: str | None
    api_key_id: str | None
    actor: Actor | None
    model: str | None
    product: str | None
    net: Micros  # after discounts, before credits
    list: Micros  # before discounts
    tokens: Tokens
    requests: int
    service_tier: str | None = None
    team: str | None = None  # as a gateway knows it
    tags: tuple[tuple[str, str], ...] = ()  # of the request, sorted by name
    row_id: str | None = None  # where the source names each row: what makes a push idempotent
    estimated: bool = False  # priced by us from tokens; the bill replaces it


IMPORTED = "import:"  # how the names of imported files begin in the ledger


@dataclass(frozen=True, slots=True)
class Window:
    """From `starts_at` up to, but not including, `ends_at`; both UTC."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("a window's bounds must be aware datetimes")
        if self.ends_at <= self.starts_at:
            raise ValueError("a window must end after it starts")


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    A complete answer for a window.

    Billed rows after `refreshed_at` may be incomplete; up to `estimated_until` they are filled up
    with rows that are priced by us.
    """

    window: Window
    rows: tuple[UsageRow, ...]
    refreshed_at: datetime | None
    estimated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What a source itself says a UTC day cost, not divided by anything."""

    day: date
    net: Micros
    list: Micros


@dataclass(frozen=True, slots=True)
class PersonShare:
    """What a person used of a model on a UTC day; weights are only compared with each other."""

    day: date
    model: str
    person: str  # an e-mail address
    weight: int


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    name: str
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True)
class NamedActor:
    """Who is behind a user's or service account's id; kept when the source forgets it."""

    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Names and tags behind the ids of a source."""

    workspaces: Mapping[str, Workspace] = field(default_factory=dict)
    api_keys: Mapping[str, ApiKey] = field(default_factory=dict)
    actors: Mapping[str, NamedActor] = field(default_factory=dict)
