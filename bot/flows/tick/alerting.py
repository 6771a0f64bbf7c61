"""Alerting: the owner of a standing is told what is due, and of several budgets in one message."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert, due_alert, due_spike, figures_of
from bot.domain.budgets import Stage
from bot.domain.escalation import ladder_of
from bot.domain.money import Micros
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from bot.effects import above, bundles, messages, recording
from bot.effects import alerts as alert_effects
from bot.effects.above import Known
from bot.effects.bundles import Fired
from bot.flows.tick import muting
from bot.parts import Bot
from bot.render.alert import alert_message
from store import alerts, drivers, told
from store.db import savepoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a standing that was looked at."""

    fired: Fired | None = None
    rests: Stage | None = None  # reached, but a budget above is exhausted and binds
    waits: bool = False  # that budget was not told yet: it may be, in this same tick


def alert(
    tx: Session,
    bot: Bot,
    standing: Standing,
    now: datetime,
    known: Known | None = None,
    *,
    waited: bool = False,
) -> Outcome:
    """
    Fire the one alert that is due, if any: the stage that is reached, or a spike if it is worse.

    While a budget above is exhausted, which comes first, a stage that it covers is not told; it
    stays due until there is room again. `waited`: should nobody have been told of the budget above
    by now, nobody will be, and the stage is told after all.
    """
    limit = standing.limit
    if limit is None:
        return Outcome()
    stage, sudden = _untold(tx, bot, standing, limit)
    rests, waits = None, False
    if stage is not None and stage.stage < Stage.EXHAUSTED:
        over = above.binding(tx, bot, standing.budget.id, stage.stage, now, known)
        if over is not None and (over.sent is not None or not waited):
            above.tell(tx, bot, stage, over, now)
            rests, waits, stage = stage.stage, over.sent is None, None
    if stage is None or (sudden is not None and sudden.stage > stage.stage):
        fired = None if sudden is None else _fire(tx, bot, sudden, now)
        return Outcome(fired, rests, waits)
    fired = _fire(tx, bot, stage, now)
    if fired is not None and sudden is not None:
        # The message says it, too: a second one would only wake the owner again.
        muting.mute(tx, bot, sudden, figures_of(sudden, bot.policy, now), fired.alert_id, now)
    return Outcome(fired)


def put_together(tx: Session, fired: Iterable[Fired], now: datetime) -> None:
    """What fired for one owner becomes one message; where that fails they stay one for each."""
    for group in bundles.by_owner(fired):
        try:
            with savepoint(tx):
                bundles.send_together(tx, group, now)
        except Exception:
            extra = {"action": "bundle_failed", "alerts": [one.alert_id for one in group]}
            logger.exception("several alerts could not be one message", extra=extra)


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


def _fire(tx: Session, bot: Bot, alert: Alert, now: datetime) -> Fired | None:
    """An alert's row and its DM, in this transaction; None when it was told already, or by a child's."""
    standing, budget = alert.standing, alert.standing.budget
    until = min(standing.freshness.as_of or now, now)
    family = bot.policy.tree.family(budget.id)
    since = alert.spike.since if alert.spike else None
    driver = drivers.of_budgets(tx, family, until, bot.policy.basis, since)
    figures = figures_of(alert, bot.policy, now, driver)
    # One with a grace asks for a word on its own limit, which no child's message could take.
    said_by = None if figures.grace else muting.said_by_a_child(tx, bot, alert, now)
    if said_by is not None:
        muting.mute(tx, bot, alert, figures, said_by, now)
        return None
    ladder = ladder_of(budget, alert.stage, bot.policy)
    alert_id = alerts.record(tx, alert, figures, now, ladder=ladder)
    if alert_id is None:
        return None
    stream, priority = f"budget:{budget.id}", 5 - alert.stage
    alert_effects.overtake(tx, budget.id, alert_id, stream, priority, now)
    messages.post(
        tx,
        alert.key,
        {"person": budget.owner},
        alert_message(alert_id, figures),
        now,
        subject=alert_effects.subject(alert_id),
        stream=stream,
        priority=priority,
        instead=budget.backup,
    )
    recording.fired(tx, bot, alert, alert_id, figures, now)
    return Fired(alert_id, alert.key, stream, budget.owner, alert.stage, figures)
