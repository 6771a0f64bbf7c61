"""
A file of usage: FOCUS 1.2 and 1.3, or a plain CSV. It is streamed, however large it is.

A line that cannot be read is refused alone, with its number, column and reason. A file that
cannot be used at all is a `UserError`, which names the columns that are missing.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.clients.usage import focus_charges, focus_plain
from bot.clients.usage.focus_cells import BadCell
from bot.clients.usage.focus_charges import NotUsage, Used
from bot.clients.usage.focus_table import BadLine, Line, Table
from bot.domain.errors import UserError
from bot.domain.money import Micros
from bot.domain.usage import IMPORTED, UsageRow

Entry = UsageRow | BadLine | NotUsage


class UsageFile:
    """An open file; `close` it. `workspaces` are the names it has given so far for its ids."""

    def __init__(self, path: Path, name: str, mapping: Mapping[str, str], zone: ZoneInfo) -> None:
        self.source = f"{IMPORTED}{name}"
        self.workspaces: dict[str, str] = {}
        self._zone = zone
        self._table = Table(path)
        try:
            self.form, self._columns = _form(path, self._table.columns, mapping)
        except UserError:
            self._table.close()
            raise
        self._net, self._list = _Rounding(), _Rounding()
        self._seen = _Occurrences()

    @property
    def size(self) -> int:
        return self._table.size

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._table.position

    def close(self) -> None:
        self._table.close()
        self._seen.close()

    def read(self) -> Iterator[Entry]:
        """Every line in order, once."""
        for line in self._table.lines():
            if isinstance(line, BadLine):
                yield line
                continue
            try:
                used = self._used(line)
            except BadCell as error:
                yield BadLine(line.number, error.column, error.reason)
                continue
            yield used if isinstance(used, NotUsage) else self._row(line, used)

    def _used(self, line: Line) -> Used | NotUsage:
        if self._columns is None:
            return focus_charges.read(line.number, line.cells)
        return focus_plain.read(line.cells, self._columns, self._zone)

    def _row(self, line: Line, used: Used) -> UsageRow:
        if used.workspace_id and used.workspace_name:
            self.workspaces[used.workspace_id] = used.workspace_name
        return UsageRow(
            source=self.source,
            starts_at=used.starts_at,
            ends_at=used.ends_at,
            workspace_id=used.workspace_id,
            api_key_id=used.api_key_id,
            actor=used.actor,
            model=used.model,
            product=used.product,
            net=self._net.next(used.net),
            list=self._list.next(used.list),
            tokens=used.tokens,
            requests=used.requests,
            service_tier=used.service_tier,
            team=used.team,
            tags=used.tags,
            row_id=self._seen.name(line.text),
        )


def name_of(path: Path) -> str:
    """What the file is called in the ledger: by its content, so that a copy is the same import."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be read: {why}", "file") from None


class _Rounding:
    """
    What rounding a line leaves goes into the next one, so that the sum of a file is exact.

    A single token costs less than a micro-dollar: rounded alone, a million of them cost nothing.
    """

    def __init__(self) -> None:
        self._rest = Decimal(0)

    def next(self, usd: Decimal) -> Micros:
        exact = usd * 1_000_000 + self._rest
        whole = exact.to_integral_value()
        self._rest = exact - whole
        return Micros(int(whole))


class _Occurrences:
    """
    Names a line by what it says, and how often that was said before: two equal lines are two.

    Counted in a temporary database, which SQLite moves to disk as it grows.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE seen (line BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def name(self, text: str) -> str:
        digest = hashlib.sha256(text.encode())
        (times,) = self._db.execute(
            "INSERT INTO seen VALUES (?, 1) "
            "ON CONFLICT (line) DO UPDATE SET times = times + 1 RETURNING times",
            (digest.digest(),),
        ).fetchone()
        return f"{digest.hexdigest()}-{times}"

    def close(self) -> None:
        self._db.close()


def _form(
    path: Path, header: Sequence[str], mapping: Mapping[str, str]
) -> tuple[str, dict[str, str] | None]:
    """FOCUS when it has its columns and nothing is mapped; else plain, with its columns."""
    if focus_charges.MARK in header and not mapping:
        absent = focus_charges.missing(header)
        if absent:
            raise UserError(f"{path}: FOCUS without {_with_nearest(absent, header)}", "file")
        return f"FOCUS {focus_charges.version(header)}", None
    columns = focus_plain.columns_of(header, mapping)
    absent = [column for column in mapping.values() if column not in header]
    if absent:
        raise UserError(f"{path}: no column {_with_nearest(absent, header)}", "map")
    absent = [name for name in focus_plain.NEEDED if name not in columns]
    if absent:
        known = ", ".join(name or "(no name)" for name in header[:12])
        raise UserError(
            f"{path}: no column {_with_nearest(absent, header)}; it has {known[:200]}. "
            f"Map them like --map at=timestamp,cost_usd=amount",
            "file",
        )
    if misspelt := focus_plain.misspelt(header, columns):
        column, field = misspelt
        raise UserError(
            f"{path}: nothing is read from the column {column!r}; did you mean {field}? Map it like "
            f"--map {field}={column}, or take it out",
            "file",
        )
    return "plain CSV", columns


def _with_nearest(absent: Sequence[str], header: Sequence[str]) -> str:
    lower = {name.lower(): name for name in header}
    return ", ".join(
        f"{name} (nearest: {lower[near[0]]})"
        if (near := get_close_matches(name.lower(), lower, n=1))
        else name
        for name in absent
    )
