"""When a budget has to be looked at again: pure arithmetic on its standing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.budgets import Stage
from bot.domain.limits import RESPONSE, Mode, TemporaryRaise, mode_for
from bot.domain.money import Micros
from bot.domain.outlook import look_again_at
from bot.domain.spikes import spike_at
from bot.domain.stages import of_share, overrules
from bot.domain.standings import Standing

REST = timedelta(minutes=5)  # how late it may be noticed that there is room above again


@dataclass(frozen=True, slots=True)
class Watch:
    """Nothing can be due while spend is in [back_at, next_at) and the clock before `check_at`."""

    next_at: int | None  # micro-dollars; reached: something is due
    back_at: int | None  # micro-dollars; below it something is due
    check_at: datetime


def watch(
    standing: Standing,
    sent: Collection[Stage],
    held: Mode | None,
    raises: Collection[TemporaryRaise],
    *,
    resting: Stage | None = None,
    grace_until: datetime | None = None,
) -> Watch:
    """
    `sent` are the stages told for this period and limit, `held` is the mode at the target.

    `resting` is a stage that is not told while a budget above is exhausted. Nothing of this budget
    says when that ends, so it is asked for now and then, and not in every tick.

    `raises` are all that are not over, because one may begin later. A target that holds another
    mode than it should, because the figures were stale, is looked at every time. `grace_until` is
    when a response begins that is due already: until then it is not missing.
    """
    bounds = [standing.period.ends_at]
    bounds += [r.starts_at for r in raises if r.starts_at > standing.at]
    bounds += [r.ends_at for r in raises if r.ends_at > standing.at]
    if resting is not None:
        bounds.append(standing.at + REST)
    limit = standing.limit
    if limit is None:
        return Watch(None, None, min(bounds))
    worst = max([*sent, *([] if resting is None else [resting])], default=None)
    quiet = _overruled(standing, limit, worst)
    rests = quiet is not None and quiet >= Stage.RESPOND
    again = look_again_at(
        standing.budget.id, standing.outlook, limit, standing.at, rests_on_it=rests
    )
    bounds.append(again)
    told = max((stage for stage in (worst, quiet) if stage is not None), default=None)
    amounts = [
        max(1, -(-limit * standing.budget.thresholds.percent(stage) // 100))
        for stage in Stage
        if told is None or stage > told
    ]
    if (sudden := _spike_at(standing, again)) is not None:
        amounts.append(sudden)
    back = None
    if grace_until is not None and standing.at < grace_until and held is Mode.ALLOW:
        return Watch(min(amounts, default=None), int(limit), min([*bounds, grace_until]))
    if held not in (None, mode_for(standing.budget.at_limit, standing.spent, limit)):
        bounds.append(standing.at)
    if RESPONSE[standing.budget.at_limit] is not Mode.ALLOW:
        if held in (None, Mode.ALLOW):
            amounts.append(int(limit))
        else:
            back = int(limit)
    return Watch(min(amounts, default=None), back, min(bounds))


def _overruled(standing: Standing, limit: Micros, sent: Stage | None) -> Stage | None:
    """
    The stage that only the forecast keeps from being told.

    Its spend is reached, so it would be due in every tick: the next forecast is waited for instead,
    on stale figures too, or a blind source would wake all of these at once.
    """
    ahead = standing.outlook.forecast if standing.outlook else None
    shared = of_share(standing.budget, standing.spent, limit)
    if (
        shared is None
        or shared.stage is Stage.EXHAUSTED
        or not overrules(ahead, standing.budget, limit)
    ):
        return None
    return shared.stage if sent is None or shared.stage > sent else None


def _spike_at(standing: Standing, until: datetime) -> int | None:
    """The spend below which nothing is a spike before the next look; None: there is none to find."""
    ahead = standing.outlook
    rule = standing.budget.thresholds.spike
    if rule is None or ahead is None or ahead.burn is None or not ahead.is_known:
        return None
    if standing.freshness.stale and ahead.spike is not None:
        return int(standing.spent)  # it could not be told
    found = spike_at(ahead.burn, standing.spent, until, rule)
    # One that is there and is none by the team's own swing would wake the budget in every tick.
    return None if found is None or found <= standing.spent else int(found)
