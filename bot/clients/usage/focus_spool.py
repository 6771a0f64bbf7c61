"""Usage rows on disk, sorted by time: a file need not be sorted, and need not fit into memory."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bot.domain.money import Micros
from bot.domain.usage import Actor, Tokens, UsageRow

_COLUMNS = "starts, seq, ends, net, list, input, reads, w5, w1, output, requests, row_id, dims"


class Spool:
    """A temporary database that SQLite keeps on disk and removes by itself; `close` it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(f"CREATE TABLE spool ({_COLUMNS}, PRIMARY KEY (starts, seq))")
        self._db.execute("BEGIN")

    def __len__(self) -> int:
        return self._count

    def add(self, row: UsageRow) -> None:
        self._count += 1
        tokens = row.tokens
        self._db.execute(
            "INSERT INTO spool VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                int(row.starts_at.timestamp()),
                self._count,
                int(row.ends_at.timestamp()),
                row.net,
                row.list,
                tokens.uncached_input,
                tokens.cache_read,
                tokens.cache_creation_5m,
                tokens.cache_creation_1h,
                tokens.output,
                row.requests,
                row.row_id,
                _dimensions(row),
            ),
        )

    def stretches(self, size: int) -> Iterator[tuple[datetime, datetime]]:
        """
        First and last moment of about `size` rows each, in order, none of them overlapping.

        What starts together stays together, because the ledger replaces stretches of time.
        """
        first, last, held = None, 0, 0
        query = "SELECT starts, count(*) FROM spool GROUP BY starts ORDER BY starts"
        for starts, count in self._db.execute(query):
            if first is not None and held + count > size:
                yield _moment(first), _moment(last)
                first, held = None, 0
            first = starts if first is None else first
            last, held = starts, held + count
        if first is not None:
            yield _moment(first), _moment(last)

    def rows(self, first: datetime, last: datetime, size: int) -> Iterator[list[UsageRow]]:
        """The rows of a stretch in order, at most `size` at a time."""
        found = self._db.execute(
            "SELECT * FROM spool WHERE starts BETWEEN ? AND ? ORDER BY starts, seq",
            (int(first.timestamp()), int(last.timestamp())),
        )
        while values := found.fetchmany(size):
            yield [self._row(value) for value in values]

    def spans(self) -> list[tuple[datetime, datetime]]:
        """The stretches of time the rows fill, disjoint and in order."""
        found: list[tuple[int, int]] = []
        query = "SELECT starts, max(ends) FROM spool GROUP BY starts ORDER BY starts"
        for starts, ends in self._db.execute(query):
            if found and starts <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], ends))
            else:
                found.append((starts, ends))
        return [(_moment(starts), _moment(ends)) for starts, ends in found]

    def close(self) -> None:
        self._db.close()

    def _row(self, values: tuple[Any, ...]) -> UsageRow:
        starts, _, ends, net, gross, *counts, requests, row_id, dimensions = values
        return UsageRow(
            source=self._source,
            starts_at=_moment(starts),
            ends_at=_moment(ends),
            net=Micros(net),
            list=Micros(gross),
            tokens=Tokens(*counts),
            requests=requests,
            row_id=row_id,
            **_read_dimensions(dimensions),
        )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _dimensions(row: UsageRow) -> str:
    actor = row.actor
    return json.dumps(
        {
            "workspace_id": row.workspace_id,
            "api_key_id": row.api_key_id,
            "actor": [actor.kind, actor.id, actor.email, actor.name] if actor else None,
            "model": row.model,
            "product": row.product,
            "service_tier": row.service_tier,
            "team": row.team,
            "tags": row.tags,
        }
    )


@lru_cache(maxsize=2048)
def _read_dimensions(text: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(text)
    actor = values["actor"]
    return {
        **values,
        "actor": Actor(*actor) if actor else None,
        "tags": tuple((name, value) for name, value in values["tags"]),
    }
