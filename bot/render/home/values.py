"""What one person sees on their Home tab, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.alerts import AlertFigures
from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.standings import Freshness, Standing
from bot.render.blocks import one_line
from bot.render.card import Card

View = dict[str, Any]
NAME = 80  # characters of a name


@dataclass(frozen=True, slots=True)
class OnHome:
    """
    A budget, and the parent that binds before it, when one does.

    `asks`: whether this person may ask for more of it. `glass`: the alert that offers to break its
    glass, when it has been answered and stands nowhere else.
    """

    standing: Standing
    binding: Standing | None = None
    asks: bool = True
    glass: int | None = None
    instead_of: str | None = None  # the Slack user id of an owner who is away
    unheld: Sequence[str] = ()  # what is to be said of targets that do not hold its limit yet


@dataclass(frozen=True, slots=True)
class AlertOnHome:
    """
    An alert that waits for an answer, or (`answered`) only for the last word within its grace.

    `has_last_word`: while the grace runs, for owner, backup, or whom they delegated to. `owns`:
    owner or backup.
    """

    id: int
    figures: AlertFigures
    answered: bool = False
    has_last_word: bool = True
    owns: bool = True
    now: datetime | None = None  # when the tab is made


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for somebody. `gives`: they own the budget it would be taken from."""

    card: Card
    gives: bool = False


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """What no rule claims, for whoever owns it; `everything` is what all budgets spent."""

    standing: Standing
    everything: Micros


@dataclass(frozen=True, slots=True)
class Home:
    """
    What one person sees. `own`: whether the budgets are theirs, or the top of the tree; `beyond`:
    how many more there are.
    """

    own: bool
    budgets: Sequence[OnHome]
    alerts: Sequence[AlertOnHome]
    to_decide: Sequence[Asked]
    requests: Sequence[Card]  # their own that are open
    exceptions: Sequence[Card]  # those that hold, and that they may end
    unclaimed: Unclaimed | None
    freshness: Freshness
    basis: Basis
    zone: ZoneInfo
    command: str
    beyond: int = 0


def named(text: str) -> str:
    """Somebody else's name of a budget, inside a sentence."""
    return one_line(text, NAME)
