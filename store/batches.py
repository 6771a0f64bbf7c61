"""Many names in statements that take few."""

from collections.abc import Collection, Iterator, Sequence

_AT_ONCE = 500


def batches(names: Collection[str] | None) -> Iterator[Sequence[str] | None]:
    """Sorted, few enough for one statement each; None stands for all and is one batch."""
    if names is None:
        yield None
        return
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
