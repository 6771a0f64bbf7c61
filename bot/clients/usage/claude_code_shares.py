"""Turns a day's records of Claude Code into shares: one for each model and person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.clients.usage.claude_code_answers import DayOfUse, ModelUse
from bot.domain.money import micros_from_cents
from bot.domain.usage import PersonShare

_SUBSCRIPTION = "subscription"


@dataclass(slots=True)
class _Used:
    cents: Decimal = Decimal(0)
    tokens: int = 0

    def add(self, use: ModelUse) -> None:
        self.cents += use.estimated_cost.amount
        self.tokens += use.tokens.total


def share_out(day: date, records: Iterable[DayOfUse]) -> list[PersonShare]:
    """
    Weights are estimated micro-dollars; tokens for a model that is estimated at nothing.

    A token then weighs a micro-dollar, which is $1 a million: of the size of a price, because the
    weights of all models are also summed. What a subscription pays for is on no bill of the API.
    """
    models: dict[str, dict[str, _Used]] = {}
    for record in records:
        if record.customer_type == _SUBSCRIPTION:
            continue
        for use in record.model_breakdown:
            people = models.setdefault(use.model, {})
            people.setdefault(record.actor.person, _Used()).add(use)
    return [
        PersonShare(day, model, person, weight)
        for model in sorted(models)
        for person, weight in sorted(_weigh(models[model]).items())
        if weight
    ]


def _weigh(people: dict[str, _Used]) -> dict[str, int]:
    costs = {person: micros_from_cents(str(used.cents)) for person, used in people.items()}
    if any(costs.values()):
        return dict(costs)
    return {person: used.tokens for person, used in people.items()}
