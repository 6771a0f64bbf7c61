"""A CSV file as lines of cells: streamed, and a line that cannot be read costs only itself."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from bot.domain.errors import UserError

DELIMITERS = ",;\t"
LONGEST_LINE = 1_000_000  # of bytes that are no CSV, a line may be gigabytes long


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is refused: where, which column when it is one, and why."""

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Line:
    """One record and the line it begins on; cells are stripped, empty ones left out."""

    number: int
    cells: dict[str, str]
    text: str  # everything the record says, to tell it from others


class Table:
    """An open CSV file with a header; `close` it. `position` is the number of bytes read."""

    def __init__(self, path: Path) -> None:
        self.size, self._raw, text = _open(path)
        # Bytes that are no UTF-8 survive until their own line is refused.
        self._text = text
        try:
            delimiter = _delimiter(path, text)
            pieces = iter(lambda: text.readline(LONGEST_LINE), "")
            self._reader = csv.reader(pieces, delimiter=delimiter, strict=True)
            self.columns = self._header(path)
        except UserError:
            self.close()
            raise

    @property
    def position(self) -> int:
        return self._raw.tell()

    def close(self) -> None:
        self._text.close()

    def lines(self) -> Iterator[Line | BadLine]:
        while True:
            number = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                # A quote that never ends takes the lines after it with it.
                last = self._reader.line_num
                lost = f"; lines {number} to {last} are lost" if last > number else ""
                yield BadLine(number, None, f"not CSV: {error}{lost}")
                continue
            if any(cell.strip() for cell in cells):
                yield self._line(number, cells)

    def _line(self, number: int, cells: list[str]) -> Line | BadLine:
        if len(cells) != len(self.columns):
            return BadLine(
                number, None, f"{len(cells)} cells, but the header has {len(self.columns)}"
            )
        for column, cell in zip(self.columns, cells, strict=True):
            if not cell.isascii() and not _is_unicode(cell):
                return BadLine(number, column, "not UTF-8")
            if "\0" in cell:
                return BadLine(number, column, "holds a NUL character")
        found = {
            column: stripped
            for column, cell in zip(self.columns, cells, strict=True)
            if (stripped := cell.strip())
        }
        return Line(number, found, "\x1f".join(f"{c}\x1e{found[c]}" for c in sorted(found)))

    def _header(self, path: Path) -> tuple[str, ...]:
        try:
            header = tuple(cell.strip() for cell in next(self._reader, []))
        except csv.Error as error:
            raise UserError(f"{path}: not CSV: its first line: {error}", "file") from None
        if not all(_is_unicode(name) and "\0" not in name for name in header):
            raise UserError(f"{path}: not CSV in UTF-8; save it as CSV UTF-8", "file")
        if not any(header):
            raise UserError(f"{path}: empty; the first line has to name the columns", "file")
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            raise UserError(f"{path}: column {twice[0]} is there twice", "file")
        return header


def _open(path: Path) -> tuple[int, BinaryIO, TextIO]:
    try:
        raw = path.open("rb")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be read: {why}", "file") from None
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.stat().st_size, raw, text


def _delimiter(path: Path, text: TextIO) -> str:
    """Whatever separates the names in the header: a spreadsheet may save a semicolon or a tab."""
    header = text.readline(LONGEST_LINE)
    if len(header) == LONGEST_LINE:
        raise UserError(f"{path}: not CSV: its first line does not end", "file")
    text.seek(0)
    return max(DELIMITERS, key=header.count)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
