"""Turns a LiteLLM team's daily activity to usage rows: one a day, model and key."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.litellm_answers import ActivityPage, Day, KeyMetadata, Metrics
from bot.domain.money import micros
from bot.domain.usage import Actor, Tokens, UsageRow, Window

DAY = timedelta(days=1)
_NOISE = Decimal("0.0000005")  # LiteLLM sums floats; half a micro-dollar is none
_Key = tuple[str | None, str | None]  # model, key hash


@dataclass(slots=True)
class _Figures:
    spend: Decimal = Decimal(0)
    prompt: int = 0
    completion: int = 0
    cache_read: int = 0
    cache_creation: int = 0
    requests: int = 0

    def add(self, metrics: Metrics) -> None:
        self.spend += metrics.spend
        self.prompt += metrics.prompt_tokens
        self.completion += metrics.completion_tokens
        self.cache_read += metrics.cache_read_input_tokens
        self.cache_creation += metrics.cache_creation_input_tokens
        self.requests += metrics.api_requests

    def tokens(self) -> Tokens:
        """The prompt includes what the cache read and wrote; the cache's lifetime is not told."""
        return Tokens(
            uncached_input=max(0, self.prompt - self.cache_read - self.cache_creation),
            cache_read=self.cache_read,
            cache_creation_5m=self.cache_creation,
            output=self.completion,
        )


@dataclass(slots=True)
class _DaySum:
    total: _Figures = field(default_factory=_Figures)
    parts: dict[_Key, _Figures] = field(default_factory=dict)


@dataclass(slots=True)
class TeamActivity:
    """
    What one team did, over all answers about it.

    The team is that of the question, not that of the key: a key may have moved to another team
    since, or be gone. Equal keys are summed first and rounded once.
    """

    source: str
    team: str
    days: dict[date, _DaySum] = field(default_factory=dict)
    keys: dict[str, KeyMetadata] = field(default_factory=dict)

    def take(self, page: ActivityPage, asked: Window, path: str) -> None:
        seen: set[str] = set()
        for number, day in enumerate(page.results):
            where = f"{path}: team {self.team}, results.{number}, date {day.date}"
            if day.date in seen:
                raise SourceDataError(f"{where}: comes twice")
            seen.add(day.date)
            self._take_day(day, _date(day.date, asked, where))

    def _take_day(self, day: Day, on: date) -> None:
        sums = self.days.setdefault(on, _DaySum())
        sums.total.add(day.metrics)
        for model, activity in day.breakdown.models.items():
            for key, part in activity.api_key_breakdown.items():
                sums.parts.setdefault((model or None, key or None), _Figures()).add(part.metrics)
                if key:
                    self.keys[key] = part.metadata

    def rows(self) -> Iterable[UsageRow]:
        for on, sums in sorted(self.days.items()):
            parts = dict(sums.parts)
            rest = self._rest(on, sums)
            if rest is not None:
                parts.setdefault((None, None), _Figures())
                parts[None, None] = _sum(parts[None, None], rest)
            for key in sorted(parts, key=repr):
                yield self._row(on, key, parts[key])

    def _rest(self, on: date, sums: _DaySum) -> _Figures | None:
        """What the day's total has and no key: without a model or key, but spent all the same."""
        known = _Figures()
        for part in sums.parts.values():
            known = _sum(known, part)
        spend = sums.total.spend - known.spend
        if spend < -_NOISE:
            raise SourceDataError(
                f"team {self.team}, {on}: the keys spent {known.spend} and the team {sums.total.spend}"
            )
        rest = _Figures(
            spend if spend > _NOISE else Decimal(0),
            *(
                max(0, getattr(sums.total, f.name) - getattr(known, f.name))
                for f in fields(_Figures)[1:]
            ),
        )
        return rest if rest != _Figures() else None

    def _row(self, on: date, key: _Key, figures: _Figures) -> UsageRow:
        model, api_key_id = key
        starts_at = datetime(on.year, on.month, on.day, tzinfo=UTC)
        spend = micros(figures.spend)
        return UsageRow(
            source=self.source,
            starts_at=starts_at,
            ends_at=starts_at + DAY,
            workspace_id=None,
            api_key_id=api_key_id,
            actor=_owner(self.keys.get(api_key_id or "")),
            model=model,
            product=None,
            net=spend,
            list=spend,  # LiteLLM prices by its own list and knows no discounts
            tokens=figures.tokens(),
            requests=figures.requests,
            team=self.team,
        )


def _date(text: str, asked: Window, where: str) -> date:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise SourceDataError(f"{where}: is no date") from None
    if not asked.starts_at.date() <= on < asked.ends_at.date():
        raise SourceDataError(f"{where}: is outside the window")
    return on


def _owner(metadata: KeyMetadata | None) -> Actor | None:
    """LiteLLM names a key's owner, and with single sign-on by the e-mail address."""
    if metadata is None or not metadata.user_id:
        return None
    user = metadata.user_id
    return Actor("user_actor", user, email=user if "@" in user else None)


def _sum(a: _Figures, b: _Figures) -> _Figures:
    return _Figures(*(getattr(a, f.name) + getattr(b, f.name) for f in fields(_Figures)))
