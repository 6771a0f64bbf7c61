"""Sentences about figures, the same words on every surface."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.alerts import Moved
from bot.domain.budgets import AtLimit, Budget
from bot.domain.forecast import Confidence
from bot.domain.grace import is_given
from bot.domain.limits import LimitState, Mode
from bot.domain.money import ZERO, Micros, dollars, percent
from bot.domain.policy import Basis
from bot.domain.standings import Freshness, Standing
from bot.render.blocks import moment, one_line

BASIS = {Basis.NET: "net of discounts, before credits", Basis.LIST: "at list price"}
UNHELD = "unheld"  # the policy says throttle or block, and no target is set up to do it
AT_LIMIT = {
    UNHELD: "nothing is cut, because no gateway is connected",
    "notify": "people are told, nothing is cut",
    "throttle": "usage is throttled",
    "block": "usage is blocked",
}
NOW_AT_LIMIT = {
    UNHELD: "Nothing is cut, because no gateway is connected.",
    "notify": "Nothing is cut.",
    "throttle": "Usage is throttled now.",
    "block": "Usage is blocked now.",
}
LATER_AT_LIMIT = {"throttle": "Usage is throttled from", "block": "Usage is blocked from"}
OVERRULED = "forecast stays below the limit"  # beside a share that is reached, and no stage
MODE = {Mode.ALLOW: "allowed", Mode.THROTTLE: "throttled", Mode.BLOCK: "blocked"}


def response_word(at_limit: AtLimit, *, is_held: bool) -> str:
    """What happens at the limit, as the tables of this module name it."""
    return at_limit.value if is_held or at_limit is AtLimit.NOTIFY else UNHELD


def at_limit(response: str, grace: str = "") -> str:
    """`usage is throttled, 2h after the limit is reached`"""
    return (
        f"{AT_LIMIT[response]}, {grace} after the limit is reached" if grace else AT_LIMIT[response]
    )


def response_of(budget: Budget) -> str:
    """What the policy says for the limit, with the grace before it."""
    response = response_word(budget.at_limit, is_held=budget.is_held)
    return at_limit(response, str(budget.grace) if is_given(budget) else "")


def now_at_limit(budget: Budget, state: LimitState | None) -> str:
    """What the limit that is reached means now; `state` is what enforcement should hold."""
    response = response_word(budget.at_limit, is_held=budget.is_held)
    if state is None or state.mode is not Mode.ALLOW or not is_given(budget):
        return NOW_AT_LIMIT[response]
    if state.grace_until is None:
        return f"At the limit {response_of(budget)}."
    return f"{LATER_AT_LIMIT[response]} {moment(state.grace_until, budget.time_zone)} on."


def transfers(moved: Sequence[Moved], zone: ZoneInfo) -> list[str]:
    """`includes $500 from Platform until Mon 30 Nov 00:00`, `is $500 lower, lent to Growth until …`"""
    said = []
    for one in moved:
        until = f"{one_line(one.name, 80)} until {moment(one.ends_at, zone)}"
        amount = dollars(Micros(abs(one.extra)))
        said.append(
            f"includes {amount} from {until}"
            if one.extra > 0
            else f"is {amount} lower, lent to {until}"
        )
    return said


def spent_of_limit(spent: Micros, limit: Micros | None, estimated: Micros = ZERO) -> str:
    """`$9,612 of $12,000 (80 %), of which $310 estimated`."""
    part = f", of which {dollars(estimated)} estimated" if estimated else ""
    if limit is None:
        return f"{dollars(spent)} (no limit){part}"
    return f"{dollars(spent)} of {dollars(limit)} ({percent(spent, limit)} %){part}"


def as_of(freshness: Freshness, zone: ZoneInfo) -> str:
    """As of when the figures are, or since when we are blind."""
    if freshness.as_of is None:
        return f"no figures yet ({one_line(freshness.reason or 'no usage source is set up')})"
    text = f"as of {moment(freshness.as_of, zone)}"
    if freshness.billed_to is not None:
        text += f", billed to {moment(freshness.billed_to, zone)} and estimated from there"
    if freshness.stale:
        since = freshness.blind_since or freshness.as_of
        text += f", blind since {moment(since, zone)}"
    return text


def blind(standing: Standing) -> str:
    """`blind since Mon 23 Nov 06:00`: figures that nobody should trust are marked, each budget's."""
    fresh = standing.freshness
    if not fresh.stale or fresh.as_of is None:
        return ""
    return f"blind since {moment(fresh.blind_since or fresh.as_of, standing.budget.time_zone)}"


def binds_first(parent: Standing) -> str:
    """The lowest headroom on the path binds."""
    left, limit = parent.headroom or ZERO, parent.limit or ZERO
    name = one_line(parent.budget.name, 80)
    if left < ZERO:
        over = dollars(Micros(-left))
        return f"its parent {name} comes first: {over} over its limit of {dollars(limit)}"
    return f"its parent {name} binds first: {dollars(left)} left of {dollars(limit)}"


def runway(standing: Standing, zone: ZoneInfo) -> str:
    """When the limit is reached, and how sure that is."""
    if standing.freshness.as_of is None:
        return "no figures yet"
    ahead = standing.outlook.forecast if standing.outlook else None
    return runway_text(
        runs_out_at=standing.runs_out_at,
        daily_rate=standing.daily_rate,
        exhausted=standing.limit is not None and standing.spent >= standing.limit,
        zone=zone,
        confidence=ahead.confidence if ahead else None,
        p50=ahead.p50 if ahead else None,
    )


def runway_text(
    runs_out_at: datetime | None,
    daily_rate: Micros,
    exhausted: bool,
    zone: ZoneInfo,
    confidence: Confidence | None = None,
    p50: Micros | None = None,
) -> str:
    """Without a forecast (`confidence` None) at the rate of the last days."""
    if exhausted:
        return "the limit is reached"
    if confidence is Confidence.NONE:
        return "no forecast yet, with too little recent history"
    unsure = " (low confidence)" if confidence is Confidence.LOW else ""
    if confidence is None:
        start = f"at {dollars(daily_rate)} a day it "
    elif runs_out_at is None and p50 is not None:
        start = f"forecast {dollars(whole(p50))} at the end of the period, so it "
    else:
        start = "it "
    if runs_out_at is None:
        return f"{start}lasts to the end of the period{unsure}"
    return f"{start}runs out {moment(runs_out_at, zone)}{unsure}"


def whole(amount: Micros) -> Micros:
    """Whole dollars from $10 on: the cents of a forecast would claim to be known."""
    return Micros(round(amount, -6)) if abs(amount) >= 10_000_000 else amount


def signed(amount: Micros) -> str:
    """`+$12` and `-$12`."""
    return dollars(amount) if amount < 0 else f"+{dollars(amount)}"
