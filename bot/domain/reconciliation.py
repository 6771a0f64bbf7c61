"""When two sums of the same thing are too far apart to be left alone."""

from bot.domain.money import Micros

PER_MILLE = 5  # of what the source says: late figures move a day by less
LEAST = Micros(1_000_000)  # a dollar
ESTIMATE_PER_MILLE = 100
ESTIMATE_LEAST = Micros(5_000_000)


def drifts(ledger: Micros, total: Micros) -> bool:
    """The ledger's sum of a day against the source's own: by more than half a per cent and a dollar."""
    return _apart(ledger, total, LEAST, PER_MILLE)


def misses(estimated: Micros, billed: Micros) -> bool:
    """What was estimated against its bill: by more than a tenth and five dollars."""
    return _apart(estimated, billed, ESTIMATE_LEAST, ESTIMATE_PER_MILLE)


def _apart(one: Micros, other: Micros, least: Micros, per_mille: int) -> bool:
    apart = abs(one - other)
    return apart > least and apart * 1_000 > abs(other) * per_mille
