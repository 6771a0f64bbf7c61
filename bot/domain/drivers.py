"""What drove a budget's spend: the actor, key or model that rose most against the week before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.money import Micros

WEEK = timedelta(days=7)


class DriverKind(StrEnum):
    ACTOR = "actor"
    API_KEY = "key"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Driver:
    """Spend of the last seven days and of the seven before; of a spike, of its hours."""

    kind: DriverKind
    name: str
    spent: Micros
    before: Micros
    sudden: bool = False
    compared: bool = True  # the ledger reaches back as far as `before` does

    @property
    def rise(self) -> Micros:
        return Micros(self.spent - self.before)


def main_driver(found: Iterable[Driver], total_rise: Micros) -> Driver | None:
    """
    The narrowest that explains at least half of the rise: a person before a key before a model.

    Where nothing does, the one that rose most; None when nothing rose.
    """
    order = list(DriverKind)
    rising = [driver for driver in found if driver.rise > 0]
    enough = [driver for driver in rising if driver.rise * 2 >= total_rise > 0]
    if enough:
        return min(enough, key=lambda d: (order.index(d.kind), -d.rise, d.name))
    return max(rising, key=lambda d: (d.rise, d.name), default=None)
