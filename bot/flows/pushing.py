"""Usage that is pushed: attributed like any other, and counted once however often it comes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.clients.usage.push import LARGEST_BODY, PushRefused, read_rows, verify
from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.usage import UsageRow
from bot.parts import Bot
from store import directory, ledger, pushed, sources

__all__ = ["LARGEST_BODY", "Refused", "Taken", "take"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a call; a row that came before is a duplicate."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was taken; `text` names the row's index and what is wrong with it."""

    status: int
    text: str


def take(bot: Bot, body: bytes, headers: Mapping[str, str], now: datetime) -> Taken | Refused:
    """Take the rows of a signed call, all or none; the next tick acts on them."""
    try:
        verify(body, headers, bot.push_secrets)
        rows = read_rows(body, now)
    except PushRefused as error:
        return Refused(error.status, error.text)
    with bot.db.transaction() as tx:
        fresh = pushed.new_among(tx, rows, now)
        names = directory.behind(tx, fresh)
        by_source: dict[str, list[UsageRow]] = defaultdict(list)
        for row in fresh:
            by_source[row.source].append(row)
        for source, some in sorted(by_source.items()):
            sources.lock(tx, f"push:{source}")  # new rules may be attributing what is there anew
            charges = attribute(some, bot.policy.rules_by_name, names, otherwise=UNATTRIBUTED)
            ledger.add(tx, f"push:{source}", charges)
    return Taken(len(fresh), len(rows) - len(fresh))
