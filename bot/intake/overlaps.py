"""Hours of a file that another source speaks about: what both saw would count twice."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.errors import UserError
from bot.domain.usage import IMPORTED, Window
from bot.intake.imported import EVER, NEVER
from store import ledger, sources, usage_rows

LONGEST_CHARGE = timedelta(days=1)  # of another source, that began before ours and still runs
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another source speaks about hours of the file: what both saw would count twice."""

    source: str
    starts_at: datetime
    ends_at: datetime

    @property
    def is_import(self) -> bool:
        return self.source.startswith(IMPORTED)

    def __str__(self) -> str:
        return (
            f"{self.source} from {self.starts_at:%Y-%m-%dT%H:%MZ} to {self.ends_at:%Y-%m-%dT%H:%MZ}"
        )


def find_overlaps(tx: Session, own: str, spans: Sequence[Span]) -> list[Overlap]:
    """What is polled covers its hours even where it saw nothing; others, where they saw something."""
    found: dict[str, list[Span]] = defaultdict(list)
    for state in sources.load_all(tx):
        until = state.refreshed_at or state.ok_at
        if state.covered_from is not None and until is not None:
            both = [(max(s, state.covered_from), min(e, until)) for s, e in spans]
            found[state.name] += [(s, e) for s, e in both if s < e]
    for starts_at, ends_at in spans:
        within = usage_rows.sources_between(tx, starts_at, ends_at)
        for name in {*within, *_still_running(tx, starts_at)}:
            found[name].append((starts_at, ends_at))
    return [
        Overlap(name, min(s for s, _ in both), max(e for _, e in both))
        for name, both in sorted(found.items())
        if both and name != own
    ]


def _still_running(tx: Session, at: datetime) -> Iterator[str]:
    """Sources with a charge that began up to a day earlier and ends later."""
    before = Window(at - LONGEST_CHARGE, at)
    for name in usage_rows.sources_between(tx, before.starts_at, at):
        if any(row.ends_at > at for row in usage_rows.of_window(tx, name, before)):
            yield name


def take_back(tx: Session, overlap: Overlap, span: Span) -> None:
    """
    Take an earlier import out of the ledger, because a newer file tells of all its hours.

    Refused when the newer file does not reach as far: those hours would be lost.
    """
    sources.lock(tx, overlap.source)
    outside = [Window(EVER, span[0]), Window(span[1], NEVER)]
    if any(usage_rows.any_within(tx, overlap.source, window) for window in outside):
        raise UserError(
            f"nothing was imported: {overlap.source} also holds hours before or after this file's, "
            "which would be lost; import a file that covers them, too",
            "replace",
        )
    ledger.replace(tx, overlap.source, Window(EVER, NEVER), [])
