"""Much in pieces: statements that take few names, and rows that are not all in memory twice."""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

_AT_ONCE = 500
_ROWS_AT_ONCE = 1_000
Row = TypeVar("Row")


def batches(names: Collection[str] | None) -> Iterator[Sequence[str] | None]:
    """Sorted, few enough for one statement each; None stands for all and is one batch."""
    if names is None:
        yield None
        return
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def pieces(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows, a thousand at a time: what is bound for a statement is there a second time."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
