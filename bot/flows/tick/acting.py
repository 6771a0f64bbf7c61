"""Acting on a standing: alert the owner, keep the limit state in step, end raises."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert, due_alert, due_spike, figures_of
from bot.domain.budgets import Stage
from bot.domain.escalation import ladder_of
from bot.domain.money import Micros
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from bot.domain.watch import watch
from bot.effects import limits as limit_effects
from bot.effects import messages, request_cards
from bot.effects import requests as request_effects
from bot.flows.tick import muting
from bot.parts import Bot, targets_of
from bot.render.alert import alert_message
from store import (
    alerts,
    audit,
    drivers,
    limits,
    overages,
    raises,
    told,
    watching,
)
from store.db import savepoint

logger = logging.getLogger(__name__)
Act = Callable[[Session, Bot, Standing, datetime], bool]


def one_budget(tx: Session, act: Act, bot: Bot, standing: Standing, now: datetime) -> bool | None:
    """What goes wrong with one budget is undone and logged, and None; the others go on."""
    try:
        with savepoint(tx):
            return act(tx, bot, standing, now)
    except Exception:
        logger.exception(
            "budget failed", extra={"action": "budget_failed", "budget": standing.budget.id}
        )
        return None


def alert(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Fire the one alert that is due, if any: the stage that is reached, or a spike if it is worse."""
    limit = standing.limit
    if limit is None:
        return False
    stage, sudden = _untold(tx, bot, standing, limit)
    if stage is None or (sudden is not None and sudden.stage > stage.stage):
        return sudden is not None and _fire(tx, bot, sudden, now) is not None
    alert_id = _fire(tx, bot, stage, now)
    if alert_id is not None and sudden is not None:
        # The message says it, too: a second one would only wake the owner again.
        muting.mute(tx, sudden, figures_of(sudden, bot.policy, now), alert_id, now)
    return alert_id is not None


def _untold(
    tx: Session, bot: Bot, standing: Standing, limit: Micros
) -> tuple[Alert | None, Alert | None]:
    """The stage and the spike that are there and were not told yet."""
    calendar = replace(bot.policy.organization.calendar, time_zone=standing.budget.time_zone)
    sudden = due_spike(standing, calendar)
    known = told.spike_told(tx, sudden.key) if sudden else None
    stage = None
    if standing.stage is not None:
        sent = told.sent_stages(tx, standing.budget.id, standing.period.first_day, limit)
        stage = due_alert(standing, sent)
    if known is None:
        return stage, sudden
    return (None if stage is not None and _is_of_the_spike(stage, known) else stage), None


def _is_of_the_spike(stage: Alert, spike: Stage) -> bool:
    """Whether the forecast only says what a spike that was told as badly has done to it."""
    return stage.reason is not Reason.SHARE and stage.stage <= spike


def _fire(tx: Session, bot: Bot, alert: Alert, now: datetime) -> int | None:
    """An alert's row and its DM, in this transaction; None when it was told already, or by a child's."""
    standing, budget = alert.standing, alert.standing.budget
    until = min(standing.freshness.as_of or now, now)
    family = bot.policy.tree.family(budget.id)
    driver = drivers.of_budgets(tx, family, until, bot.policy.basis)
    figures = figures_of(alert, bot.policy, now, driver)
    if (said_by := muting.said_by_a_child(tx, bot, alert, now)) is not None:
        muting.mute(tx, alert, figures, said_by, now)
        return None
    ladder = ladder_of(budget, alert.stage, bot.policy)
    alert_id = alerts.record(tx, alert, figures, now, ladder=ladder)
    if alert_id is None:
        return None
    messages.post(
        tx,
        alert.key,
        {"person": budget.owner},
        alert_message(alert_id, figures),
        now,
        subject=f"alert:{alert_id}",
        stream=f"budget:{budget.id}",
        priority=5 - alert.stage,
        instead=budget.backup,
    )
    data = {
        "stage": alert.stage.word,
        "reason": alert.reason.value,
        "owner": budget.owner,
        "spent": standing.spent,
        "limit": standing.limit,
        "policy_version": bot.policy.version,
    }
    audit.note(tx, "alert.fired", audit.SYSTEM, alert.key, data, now)
    return alert_id


def enforce(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """
    Keep the limit state in step.

    On stale figures the limit still follows allocations and raises, but nobody is cut off, and
    nobody let in again, by a spend that may be wrong.
    """
    version = limit_effects.hold(tx, bot, standing, now)
    if version is not None:
        data = {"version": version, "limit": standing.limit, "spent": standing.spent}
        audit.note(tx, "limit_state.changed", audit.SYSTEM, standing.budget.id, data, now)
    return version is not None


def end_raises(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Act on raises that the clock has ended: note which version takes them back, and tell."""
    ended = [r for r in raises.ended_unnoted(tx, now) if r.raised.budget == standing.budget.id]
    # The row is locked, so the target's answer to this version comes before or after, not between.
    held = limits.load(tx, standing.budget.id, lock=True) if ended else None
    version = held.version if held else None
    for record in ended:
        if not raises.note_end(tx, record.raised.request, version, now):
            continue
        request = overages.load(tx, record.raised.request)
        if request is None:
            continue
        data = {"request": request.id, "limit": standing.limit, "version": version}
        audit.note(tx, "exception.ended", audit.SYSTEM, standing.budget.id, data, now)
        if not targets_of(bot, standing.budget.id):
            request_effects.tell_progress(tx, bot, request, now, "ended", lifted=False)
        else:
            request_cards.show_outcome(tx, bot, request, now, "ended")
    if held is not None and held.confirmed:
        # Somebody else's raise came between the end and this turn: the target has answered already.
        request_effects.tell_confirmed(tx, bot, standing.budget.id, held.version, now)
    return bool(ended)


def look_again(tx: Session, found: Sequence[Standing], now: datetime) -> None:
    """
    When each budget is due again, from what was told and what the target is to hold.

    What has to wait for fresh figures is not told yet: then it stays due.
    """
    sent = told.sent_stages_of(tx, found)
    held = limits.modes(tx, [s.budget.id for s in found])
    pending = raises.live(tx, now)
    late = {record.raised.budget for record in raises.ended_unnoted(tx, now)}
    watching.arm(
        tx,
        [
            (
                s.budget.id,
                watch(
                    s,
                    sent.get(s.budget.id, frozenset()),
                    held.get(s.budget.id),
                    pending.get(s.budget.id, []),
                ),
            )
            for s in found
            if s.budget.id not in late
        ],
    )
