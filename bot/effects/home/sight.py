"""What several people look at in one transaction, read once for all of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.money import ZERO, Micros
from bot.domain.overages import OverageRequest
from bot.domain.standings import Standing
from bot.effects import deciders, messages, request_cards
from bot.effects.followers import followers
from bot.parts import Bot
from bot.render.card import Card
from bot.render.targets import standing_lines
from store import limits, open_alerts, outbox, overages, raises, spending, standings
from store.alert_rows import SentAlert

NOBODY = deciders.Deciders((), ())  # of a budget that has left the policy file


@dataclass(frozen=True, slots=True)
class Known:
    """A request that is open, or an exception that holds, and who has to do with it."""

    card: Card
    asked: deciders.Deciders
    written_to: frozenset[str]  # the names its cards were sent under

    @property
    def request(self) -> OverageRequest:
        return self.card.request


@dataclass(frozen=True, slots=True)
class Sight:
    """`alerts`: those of the present period that no worse stage has replaced, answered or not."""

    standings: dict[BudgetId, Standing]
    open: Sequence[Known]
    live: Sequence[Known]
    alerts: Sequence[SentAlert]
    unheld: dict[BudgetId, list[str]]  # where a target does not hold the limit that is shown
    everything: Micros  # what all budgets spent in the period of what no rule claims

    def of(self, budgets: Collection[BudgetId]) -> list[SentAlert]:
        """Their alerts, the worst and newest first."""
        return [alert for alert in self.alerts if alert.budget in budgets]


def look(tx: Session, bot: Bot, budgets: Collection[Budget], now: datetime) -> Sight:
    """Where these budgets and all above them stand, and what is open or holds anywhere."""
    tree = bot.policy.tree
    wanted = {step for budget in budgets for step in tree.path(budget.id)}
    open_ = (r for r in overages.open_requests(tx) if now < r.expires_at)
    stand = standings.gather(tx, bot.policy, now, only=wanted)
    return Sight(
        stand,
        [_known(tx, bot, request) for request in open_],
        [_known(tx, bot, request) for request in _held(tx, now)],
        open_alerts.standing(tx, {budget.id for budget in budgets}, now),
        _unheld(tx, bot, {budget.id for budget in budgets}),
        _everything(tx, bot, stand.get(UNATTRIBUTED)),
    )


def _unheld(tx: Session, bot: Bot, budgets: Collection[BudgetId]) -> dict[BudgetId, list[str]]:
    return {
        id_: standing_lines(
            followers(tx, bot, id_, held.version), bot.policy.tree.budgets[id_].time_zone
        )
        for id_, held in limits.unconfirmed(tx).items()
        if id_ in budgets and id_ in bot.policy.tree.budgets
    }


def _everything(tx: Session, bot: Bot, unattributed: Standing | None) -> Micros:
    if unattributed is None:
        return ZERO
    totals = spending.totals(tx, unattributed.period.starts_at, bot.policy.basis)
    return Micros(sum(totals.values()))


def _held(tx: Session, now: datetime) -> list[OverageRequest]:
    """The requests whose exceptions hold now."""
    numbers = sorted({r.request for felt in raises.live(tx, now).values() for r in felt})
    return [r for number in numbers if (r := overages.load(tx, number)) is not None]


def _known(tx: Session, bot: Bot, request: OverageRequest) -> Known:
    budget = bot.policy.tree.budgets.get(request.budget)
    asked = deciders.deciders_of(tx, bot, request, budget) if budget else NOBODY
    about = request_cards.subject(request.id)
    sent = outbox.about(tx, about, messages.POST)
    return Known(
        request_cards.card_of(tx, bot, request),
        asked,
        frozenset(e.key.removeprefix(f"{about}:dm:").lower() for e in sent),
    )
