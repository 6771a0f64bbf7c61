"""What makes a spike, as numbers; `spikes` finds them."""

from dataclasses import dataclass

from bot.domain.money import ZERO, Micros, micros

LONG = 6  # hours that have to add up before they count
LEAST = micros(20)


@dataclass(frozen=True, slots=True)
class SpikeRule:
    """
    What makes a spike; every condition has to hold. benchmarks/spikes.py says what each is worth.

    The hour costs `multiple` times the normal, the `long` hours up to it `long_multiple` times. They
    cost more than normal by `minimum`, by `percent` of the limit (nobody gets up for less than $20, and
    for $20 nobody who has $500,000), and by `swing_percent` of the team's own swing: whoever runs a
    batch whenever it suits does so in an hour in which nothing is normal.

    Where no normal is known, the limit spread evenly over its period stands in for it, with the
    multiples of the SRE workbook (14.4 and 6): in a month 2 % of the limit in the hour and 5 % in six.
    """

    multiple: int = 5
    long_multiple: int = 3
    long: int = LONG  # hours
    minimum: Micros = LEAST
    percent: int = 1
    swing_percent: int = 150
    planned_multiple: int = 15
    planned_long_multiple: int = 6

    def floor(self, limit: Micros | None, swing: Micros = ZERO) -> int:
        """The least that the long window costs above normal, rounded up."""
        share = max((limit or 0) * self.percent, swing * self.swing_percent)
        return max(self.minimum, -(-share // 100))


DEFAULT = SpikeRule()
