"""Exports: what left the database, for whom, recorded before anybody gets it."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Literal

from bot.effects import recording
from bot.parts import Bot
from bot.render.exported import Row, csv_lines, json_lines

Form = Literal["csv", "json"]
FORMS: tuple[Form, ...] = ("csv", "json")
_IN_MEMORY = 1_000_000  # bytes; a larger export waits in a file


@dataclass(frozen=True, slots=True)
class Export:
    """What somebody has asked for; the days are as they were written, None: from or to the end."""

    what: str
    form: Form
    first_day: str | None
    last_day: str | None
    os_user: str


def export(
    bot: Bot,
    asked: Export,
    columns: tuple[str, ...],
    rows: Iterable[Row],
    out: IO[bytes],
    now: datetime,
) -> None:
    """
    Write rows to `out`, after the record says so with the hash of what is written.

    What cannot be recorded is not written: nothing leaves unseen.
    """
    count = _Count()
    counted = count.through(rows)
    lines = csv_lines(columns, counted) if asked.form == "csv" else json_lines(counted)
    with _spooled(lines) as (file, digest):
        data = {
            "format": asked.form,
            "from": asked.first_day,
            "to": asked.last_day,
            "rows": count.rows,
            "sha256": digest,
            "via": "command line",
            "os_user": asked.os_user,
        }
        with bot.db.transaction() as tx:
            recording.note(tx, bot, "export.made", recording.OPERATOR, asked.what, data, now)
        shutil.copyfileobj(file, out)
        out.flush()


class _Count:
    rows = 0

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            yield row


@contextmanager
def _spooled(lines: Iterable[str]) -> Iterator[tuple[IO[bytes], str]]:
    """The whole of it, and its hash, before the first byte goes anywhere."""
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for line in lines:
            written = line.encode(errors="replace")  # half of a surrogate pair is no character
            digest.update(written)
            file.write(written)
        file.seek(0)
        yield file, digest.hexdigest()
