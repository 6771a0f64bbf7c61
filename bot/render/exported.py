"""
Records as CSV and JSON, a line at a time, so that a million rows need no memory.

CSV is RFC 4180 in UTF-8, without a byte order mark: it would become part of the first column's name
for every program that is not a spreadsheet.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

Row = Mapping[str, object]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_STARTS_FORMULA = frozenset("=+-@")
_QUOTES = frozenset("'\"`\u00b4\u201a\u201e")  # those that Unicode counts as something else
_CUTS_IN = frozenset("\t\r\n\0")


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """The header, then a record for each row, each ended by CR LF."""
    yield _record(columns)
    for row in rows:
        yield _record([cell(row[column]) for column in columns])


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One list, a row on each line; keys as the rows have them, and below that in order."""
    before = "["
    for row in rows:
        fields = (f"{json.dumps(key)}: {_json(value)}" for key, value in row.items())
        yield f"{before}\n  {{{', '.join(fields)}}}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def cell(value: object) -> str:
    """A value as a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return harmless(_json(value))
    if isinstance(value, list | tuple):
        return harmless(" ".join(str(item) for item in value))
    return harmless(str(value))


def harmless(text: str) -> str:
    """
    A text that would be a formula is marked as text by an apostrophe; taking one off gives it back.

    Looked at as a spreadsheet may: without spaces and quotes in front, and whatever width its signs
    have. A plain number is none, negative or not.
    """
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether some spreadsheet would do something with it instead of showing it."""
    if _NUMBER.fullmatch(text):
        return False
    if text[:1] in _CUTS_IN and text:
        return True
    for char in text:
        if _is_quote(char) or _is_blank(char):
            continue
        return unicodedata.normalize("NFKC", char)[:1] in _STARTS_FORMULA
    return False


def _is_quote(char: str) -> bool:
    return char in _QUOTES or unicodedata.category(char) in {"Pi", "Pf"}


def _is_blank(char: str) -> bool:
    """Spaces of any kind, and what is not seen at all, as a byte order mark."""
    return char.isspace() or unicodedata.category(char) in {"Cf", "Cc", "Zs"}


def _record(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
