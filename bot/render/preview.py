"""What the form to ask for more shows while it is filled in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.buying import Buys
from bot.domain.money import Micros, dollars
from bot.render.blocks import escape, moment
from bot.render.figures import whole

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would come of it if it was sent like this; `wrong` says why it could not be sent."""

    most: Micros  # what the policy still allows
    latest: date  # the latest last day
    zone: ZoneInfo
    period_ends: datetime
    wrong: str | None = None
    buys: Buys | None = None
    ends_at: datetime | None = None
    deciders: str = ""
    source: str = ""  # where the dollars come from, in a sentence of ours


def preview_text(p: Previewed) -> str:
    """A few lines, the most important first: what is wrong, or what it buys."""
    allowed = (
        f"The policy allows up to {dollars(p.most)} more, for as long as {p.latest:%a %-d %b %Y}."
    )
    if p.wrong is not None:
        return f"⚠️ {escape(p.wrong)}\n{allowed}"
    if p.buys is None or p.ends_at is None:
        return f"Once there is an amount, this says what it buys and who decides.\n{allowed}"
    lines = [
        f"*{_limit(p.buys, p.ends_at, p.zone)}*",
        _runway(p.buys, p),
        _forecast(p.buys),
        p.source,
        f"Decided by {p.deciders}.",
        allowed,
    ]
    return "\n".join(line for line in lines if line)


def _limit(b: Buys, ends_at: datetime, zone: ZoneInfo) -> str:
    return f"The limit would be {dollars(b.limit)} until {moment(ends_at, zone)}."


def _runway(b: Buys, p: Previewed) -> str:
    """How many days it buys; an exception that is over first buys no more than its term."""
    if b.runs_out_at is None:
        if b.p50 is None:
            return ""  # nothing is known, which is not the same as lasting
        return "The limit as it is lasts to the end of the period: it may not be needed."
    without = f"Without it the limit is reached {moment(b.runs_out_at, p.zone)}"
    if (
        p.ends_at is not None
        and (b.then_at is None or b.then_at > p.ends_at)
        and (p.ends_at < p.period_ends)
    ):
        gained = _days(p.ends_at - b.runs_out_at)
        return f"{without}, with it not before the exception ends: it buys {gained}."
    if b.then_at is None:
        gained = _days(p.period_ends - b.runs_out_at)
        return f"{without}, with it not in this period: it buys {gained}."
    if b.then_at <= b.runs_out_at:
        return f"{without}, and with it too: it is less than what was spent above the limit."
    return f"{without}, with it {moment(b.then_at, p.zone)}: it buys {_days(b.then_at - b.runs_out_at)}."


def _days(span: timedelta) -> str:
    """`3.5 days`; below a day in hours."""
    if span < DAY:
        hours = max(round(span / timedelta(hours=1)), 1)
        return f"{hours} hour{'s' * (hours != 1)}"
    days = round(span / DAY, 1)
    return f"{days:g} day{'s' * (days != 1)}"


def _forecast(b: Buys) -> str:
    if b.p50 is None or b.p80 is None:
        return "There is no forecast yet, with less than 3 days of history."
    said = f"Forecast of the period's end: {dollars(whole(b.p50))} (P50), {dollars(whole(b.p80))} (P80)"
    if b.limit >= b.p80:
        return f"{said}: within the new limit."
    if b.limit >= b.p50:
        return f"{said}: the new limit holds in the middle case, not in the bad one."
    return f"{said}: above the new limit all the same."
