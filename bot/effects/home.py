"""What somebody sees on their Home tab, put together from what is true now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId
from bot.domain.overages import OverageRequest
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.standings import Standing, binding, together
from bot.effects import deciders, request_cards
from bot.parts import Bot
from bot.render.home import Asked, Home, Live, OnHome, View, home_view
from store import open_alerts, outbox, overages, people, raises, standings, votes

TOP = 25  # budgets for somebody who has none


@dataclass(frozen=True, slots=True)
class Sight:
    """What several people look at in one transaction, read once for all of them."""

    standings: dict[BudgetId, Standing]
    requests: list[OverageRequest]
    exceptions: list[tuple[OverageRequest, raises.RaiseRecord]]


def views(tx: Session, bot: Bot, who: Collection[str], now: datetime) -> dict[str, View]:
    """The Home tabs of these people, by Slack user id."""
    persons = {id_: people.find(tx, id_) or Person(id_, id_) for id_ in who}
    shown = {id_: _budgets(bot.policy, person) for id_, person in persons.items()}
    paths = {step for _, found in shown.values() for b in found for step in _path(bot, b)}
    sight = Sight(
        standings.gather(tx, bot.policy, now, only=paths),
        [r for r in overages.open_requests(tx) if now < r.expires_at],
        _exceptions(tx, now),
    )
    return {
        id_: home_view(_home(tx, bot, person, *shown[id_], sight, now))
        for id_, person in persons.items()
    }


def _home(
    tx: Session,
    bot: Bot,
    person: Person,
    own: bool,
    budgets: list[Budget],
    sight: Sight,
    now: datetime,
) -> Home:
    seen = [_on_home(bot, sight, budget) for budget in budgets]
    seen.sort(key=lambda on: (-on.standing.percent, -on.standing.spent, on.standing.budget.id))
    answers = [b.id for b in budgets if _answers_for(b, person)]
    alerts = open_alerts.waiting(tx, answers, now)
    return Home(
        own=own,
        budgets=seen,
        alerts=[(alert.id, alert.figures) for alert in alerts],
        to_decide=_to_decide(tx, bot, person, sight),
        requests=[
            request_cards.card_of(tx, bot, r) for r in sight.requests if r.requester == person.id
        ],
        exceptions=_live(bot, person, answers, sight),
        freshness=together([on.standing.freshness for on in seen]),
        basis=bot.policy.basis,
        zone=bot.policy.organization.time_zone,
        command=bot.policy.command,
    )


def _budgets(policy: Policy, person: Person) -> tuple[bool, list[Budget]]:
    """Those somebody owns, stands in for or is named as the team of; else the top of the tree."""
    own = [b for b in policy.tree if _answers_for(b, person) or _is_of_the_team(b, person)]
    return bool(own), own or [b for b in policy.tree if b.parent is None][:TOP]


def _answers_for(budget: Budget, person: Person) -> bool:
    return any(person.is_called(ref) for ref in (budget.owner, budget.backup) if ref)


def _is_of_the_team(budget: Budget, person: Person) -> bool:
    named = budget.team.people if budget.team else ()
    return any(person.is_called(ref) for ref in named)


def _path(bot: Bot, budget: Budget) -> tuple[BudgetId, ...]:
    return bot.policy.tree.path(budget.id)


def _on_home(bot: Bot, sight: Sight, budget: Budget) -> OnHome:
    found = binding([sight.standings[step] for step in _path(bot, budget)])
    other = found if found is not None and found.budget.id != budget.id else None
    return OnHome(sight.standings[budget.id], other)


def _to_decide(tx: Session, bot: Bot, person: Person, sight: Sight) -> list[Asked]:
    """Whoever has approved already is asked no more. Whether they may is asked at the click."""
    found = []
    for request in sight.requests:
        budget = bot.policy.tree.budgets.get(request.budget)
        if budget is None or request.requester == person.id or person.deleted or person.guest:
            continue
        asked = deciders.deciders_of(tx, bot, request, budget)
        gives = asked.donor is not None and person.is_called(asked.donor)
        named = any(person.is_called(ref) for ref in asked.people) or _got_a_card(
            tx, request, person
        )
        if not (named or gives) or any(v.person == person.id for v in votes.of(tx, request.id)):
            continue
        found.append(Asked(request_cards.card_of(tx, bot, request), gives and not named))
    return found


def _got_a_card(tx: Session, request: OverageRequest, person: Person) -> bool:
    """As a member of a user group: who is in it was asked when its cards were sent."""
    return outbox.find(tx, f"{request_cards.subject(request.id)}:dm:{person.id}") is not None


def _exceptions(tx: Session, now: datetime) -> list[tuple[OverageRequest, raises.RaiseRecord]]:
    numbers = {r.request for felt in raises.live(tx, now).values() for r in felt}
    found = []
    for number in sorted(numbers):
        request, record = overages.load(tx, number), raises.load(tx, number)
        if request is not None and record is not None:
            found.append((request, record))
    return found


def _live(bot: Bot, person: Person, budgets: Collection[BudgetId], sight: Sight) -> list[Live]:
    """Those of their budgets, and those they have asked for, as these they may end."""
    found = []
    for request, record in sight.exceptions:
        if request.budget not in budgets and request.requester != person.id:
            continue
        budget = bot.policy.tree.budgets.get(request.budget)
        found.append(
            Live(
                request.id,
                record.raised.extra,
                record.raised.ends_at,
                budget.name if budget else request.budget,
                budget.time_zone if budget else bot.policy.organization.time_zone,
            )
        )
    return found
