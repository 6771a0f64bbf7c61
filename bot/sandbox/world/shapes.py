"""How large requests are: quantiles of two LLM services at work.

From the Azure LLM inference trace 2023 (Microsoft, CC-BY 4.0): 8,819 requests of a coding and 19,366
of a conversation service. Straight lines between the logarithms of nine quantiles come within four
per cent of the mean number of input tokens.
"""

import math
import random
from bisect import bisect_right
from dataclasses import dataclass

from bot.domain.usage import Tokens

SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """The quantiles of a request's input and output tokens, at `SHARES`."""

    tokens_in: tuple[int, ...]
    tokens_out: tuple[int, ...]

    def draw(self, rng: random.Random) -> Tokens:
        return Tokens(
            uncached_input=_between(self.tokens_in, rng.random()),
            output=_between(self.tokens_out, rng.random()),
        )


CODE = Shape(
    tokens_in=(3, 75, 578, 1469, 2744, 5186, 7302, 7436, 7437),
    tokens_out=(6, 6, 9, 13, 24, 55, 90, 249, 1899),
)
CHAT = Shape(
    tokens_in=(2, 181, 396, 1020, 1189, 2734, 4083, 4142, 14050),
    tokens_out=(7, 41, 85, 129, 395, 424, 451, 601, 1000),
)


def _between(quantiles: tuple[int, ...], share: float) -> int:
    upper = min(bisect_right(SHARES, share), len(SHARES) - 1)
    low, high = SHARES[upper - 1], SHARES[upper]
    way = (share - low) / (high - low)
    before, after = math.log(quantiles[upper - 1]), math.log(quantiles[upper])
    return round(math.exp(before + (after - before) * way))
