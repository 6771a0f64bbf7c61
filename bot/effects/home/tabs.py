"""Home tabs, put together from what was read: each person's part of it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.escalation import Step
from bot.domain.standings import binding, together
from bot.effects.home.sight import Known, Sight, look
from bot.effects.home.viewers import Seen, Shelf, Viewer, viewers
from bot.parts import Bot
from bot.render.home import AlertOnHome, Asked, Home, OnHome, Unclaimed, View, home_view
from store.alert_rows import SentAlert


def views(
    tx: Session, bot: Bot, who: Mapping[str, Collection[str]], now: datetime
) -> dict[str, View]:
    """
    The Home tabs of these people, by Slack user id.

    `who` says for each in which Slack user groups they are, as far as that is known.
    """
    shelf = Shelf(bot.policy.tree)
    looking = viewers(tx, who, now)
    seen = {id_: shelf.of(viewer) for id_, viewer in looking.items()}
    sight = look(tx, bot, [b for one in seen.values() for b in one.everything], now)
    return {
        id_: home_view(_home(bot, viewer, seen[id_], sight, now)) for id_, viewer in looking.items()
    }


def _home(bot: Bot, viewer: Viewer, seen: Seen, sight: Sight, now: datetime) -> Home:
    alerts = _alerts(bot, viewer, sight, now)
    told = {on.id for on in alerts}
    budgets = [_on_home(bot, viewer, sight, budget, told) for budget in seen.budgets]
    budgets.sort(key=lambda on: (-on.standing.percent, -on.standing.spent, on.standing.budget.id))
    rest = sight.standings[seen.rest.id] if seen.rest else None
    return Home(
        own=seen.own,
        budgets=budgets,
        beyond=seen.beyond,
        alerts=alerts,
        to_decide=_to_decide(viewer, sight),
        requests=[k.card for k in sight.open if k.request.requester == viewer.person.id],
        exceptions=[k.card for k in sight.live if _may_end(bot, viewer, k)],
        unclaimed=Unclaimed(rest, sight.everything) if rest else None,
        freshness=together([sight.standings[b.id].freshness for b in seen.everything]),
        basis=bot.policy.basis,
        zone=bot.policy.organization.time_zone,
        command=bot.policy.command,
    )


def _on_home(
    bot: Bot, viewer: Viewer, sight: Sight, budget: Budget, told: Collection[int]
) -> OnHome:
    path = bot.policy.tree.path(budget.id)
    found = binding([sight.standings[step] for step in path])
    other = found if found is not None and found.budget.id != budget.id else None
    late = [a.id for a in sight.of([budget.id]) if a.figures.glass and a.id not in told]
    glass = late[0] if late and viewer.owns(budget) else None
    return OnHome(
        sight.standings[budget.id],
        other,
        viewer.may_ask(budget),
        glass,
        viewer.stands_in_for(budget),
        sight.unheld.get(budget.id, ()),
    )


def _alerts(bot: Bot, viewer: Viewer, sight: Sight, now: datetime) -> list[AlertOnHome]:
    """Those that wait for somebody's answer, or only for their last word within the grace."""
    found = []
    for alert in sight.alerts:
        budget = bot.policy.tree.budgets.get(alert.budget)
        answers = budget is not None and viewer.answers_for(budget)
        if not answers and not _is_asked_instead(alert, viewer):
            continue
        is_open, has_word = alert.is_open(now), answers and _in_its_grace(alert, sight, now)
        if not is_open and not has_word:
            continue
        owns = budget is not None and viewer.owns(budget)
        found.append(AlertOnHome(alert.id, alert.figures, not is_open, has_word, owns, now))
    return found


def _is_asked_instead(alert: SentAlert, viewer: Viewer) -> bool:
    """Nobody answered, so it has come to those who approve."""
    if alert.ladder is None or alert.escalated < Step.APPROVERS:
        return False
    asked = viewer.is_called(alert.ladder.approvers)
    return asked or not viewer.groups.isdisjoint(alert.ladder.groups)


def _in_its_grace(alert: SentAlert, sight: Sight, now: datetime) -> bool:
    """A grace is of one limit: where that has changed since, there is nothing to say any more."""
    grace, standing = alert.figures.grace, sight.standings.get(alert.budget)
    is_same = standing is not None and standing.limit == alert.limit
    return grace is not None and is_same and grace.is_running(now)


def _to_decide(viewer: Viewer, sight: Sight) -> list[Asked]:
    """
    The first to expire first. Whoever has approved is asked no more; whether somebody may, is asked
    of Slack when they press.
    """
    found = []
    for known in sight.open:
        if not viewer.decides or known.request.requester == viewer.person.id:
            continue
        gives = viewer.is_called([known.asked.donor])
        named = _is_on_a_list(viewer, known)
        if (named or gives) and viewer.person.id not in known.card.votes:
            found.append(Asked(known.card, gives and not named))
    return sorted(found, key=lambda asked: asked.card.request.expires_at)


def _may_end(bot: Bot, viewer: Viewer, known: Known) -> bool:
    """Owner and backup, whoever asked for it, and those who could decide it."""
    if not viewer.decides:
        return False
    budget = bot.policy.tree.budgets.get(known.request.budget)
    owns = budget is not None and viewer.owns(budget)
    asked_for_it = known.request.requester == viewer.person.id
    return owns or asked_for_it or _is_on_a_list(viewer, known)


def _is_on_a_list(viewer: Viewer, known: Known) -> bool:
    """By name, or by a user group: its members are known by the cards that they got."""
    if viewer.is_called(known.asked.people):
        return True
    groups = known.asked.groups
    got_one = viewer.person.id.lower() in known.written_to
    return bool(groups) and (got_one or not viewer.groups.isdisjoint(groups))
