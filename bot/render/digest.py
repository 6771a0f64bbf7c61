"""The weekly digest: budgets by state, decisions of the week, what nobody claims, data age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from slackblocks import Block, DividerBlock

from bot.domain.alerts import AlertQuality
from bot.domain.budgets import Stage
from bot.domain.increases import Increase
from bot.domain.money import Micros, dollars, percent
from bot.domain.overages import OverageRequest, RequestKind, RequestState
from bot.domain.policy import Basis
from bot.domain.standings import Freshness, Standing
from bot.render.blocks import (
    Rendered,
    context,
    escape,
    fewer,
    header,
    message,
    moment,
    one_line,
    people,
    section,
)
from bot.render.figures import BASIS, OVERRULED, as_of, runway, signed, spent_of_limit
from bot.render.increase import digest_line

MOST = 8
SHOWN = 24  # digits of the record's head: nobody finds another row that begins so
ROOM = 2_000  # characters for each list: together they stay below what Slack takes


@dataclass(frozen=True, slots=True)
class Digest:
    """What the week looked like; all the figures as of one moment."""

    organization: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    basis: Basis
    freshness: Freshness
    standings: Sequence[Standing]
    unattributed: Micros
    period_spend: Micros
    week_spend: Micros
    week_before: Micros | None  # None: that week was not read as a whole
    decided: Sequence[OverageRequest]
    open: Sequence[OverageRequest]
    alerts: AlertQuality
    revised: Mapping[tuple[str, date], Micros] = field(default_factory=dict)
    increases_decided: Sequence[Increase] = ()
    increases_open: Sequence[Increase] = ()
    head: tuple[int, str] | None = None  # number and hash of the record's last row

    def name(self, budget: str) -> str:
        names = {s.budget.id: s.budget.name for s in self.standings}
        return escape(names.get(budget, budget))  # type: ignore[call-overload]


def digest_message(digest: Digest) -> Rendered:
    d = digest
    week = f"{d.starts_at.astimezone(d.zone):%-d %b} – {d.ends_at.astimezone(d.zone):%-d %b}"
    title = f"{d.organization}: Claude budgets, {week}"
    parts: list[tuple[str, str, list[str]]] = [
        ("spend", "Spend", [_spend(d)]),
        ("states", "Budgets by state", _states(d)),
        ("decisions", "Decisions of the week", _requests(d, d.decided, d.increases_decided)),
        *([("glass", "Break-glass, for review", _glass(d))] if _broken(d) else []),
        ("open", "Open requests", _requests(d, d.open, d.increases_open)),
        ("unattributed", "Unattributed", [_unattributed(d)]),
        *([("revised", "Revised periods", _revised(d))] if d.revised else []),
        ("alerts", "Alerts", _alerts(d.alerts)),
    ]
    age = f"Figures {as_of(d.freshness, d.zone)} · {BASIS[d.basis]}"
    spoken = [f"{name}: {'; '.join(lines).replace('*', '')}." for _, name, lines in parts]
    text = f"{escape(title)}. " + " ".join(spoken)
    blocks: list[Block] = [header(title)]
    for block_id, name, lines in parts:
        body = "\n".join(f"• {line}" for line in lines)
        blocks.append(section(f"*{name}*\n{body}", block_id))
    blocks += [DividerBlock(block_id="line"), context(age, "age")]
    if d.head is None or not d.head[0]:
        return message(f"{text} {age}.", *blocks)
    last = _head(*d.head)
    return message(f"{text} {age}. {last}", *blocks, context(last, "head"))


def _head(seq: int, digest: str) -> str:
    """A copy outside the database: from now on nobody can cut the record off before this row."""
    return f"Record up to row {seq}: `{seq}:{digest[:SHOWN]}`"


def _spend(d: Digest) -> str:
    change = ""
    if d.week_before:
        by = (d.week_spend - d.week_before) * 100 // d.week_before
        change = f", {by:+d} % on the week before"
    return f"{dollars(d.week_spend)} in the week{change}"


def _states(d: Digest) -> list[str]:
    limited = [s for s in d.standings if s.limit is not None]
    lines: list[str] = []
    for stage in reversed(Stage):
        at = sorted((s for s in limited if s.stage is stage), key=lambda s: -s.percent)
        lines += [
            f"{stage.word}: *{escape(s.budget.name)}* {spent_of_limit(s.spent, s.limit, s.estimated)}, "
            f"{runway(s, d.zone)}"
            for s in at[:MOST]
        ]
        if len(at) > MOST:
            lines.append(f"{stage.word}: and {len(at) - MOST} more")
    overruled = sum(1 for s in limited if s.is_overruled)
    below = sum(1 for s in limited if s.stage is None) - overruled
    calm = [f"beyond a share, but {OVERRULED}: {overruled}"] if overruled else []
    return [*fewer(lines, ROOM), *calm, f"below every threshold: {below} of {len(limited)}"]


def _requests(
    d: Digest, requests: Sequence[OverageRequest], increases: Sequence[Increase]
) -> list[str]:
    lines = [_request_line(d, r) for r in requests]
    return fewer([*lines, *(digest_line(i, d.zone) for i in increases)], ROOM) or ["none"]


def _broken(d: Digest) -> list[OverageRequest]:
    return [r for r in d.decided if r.kind is RequestKind.BREAK_GLASS]


def _glass(d: Digest) -> list[str]:
    """What owners granted themselves: was it an emergency, and should it have been asked for?"""
    lines = [
        f"#{r.id} {d.name(r.budget)}: {dollars(r.granted)} until {moment(r.until, d.zone)}, by "
        f"{people(r.decided_by)}: “{one_line(r.reason)}”"
        for r in _broken(d)
    ]
    return fewer(lines, ROOM)


def _request_line(d: Digest, r: OverageRequest) -> str:
    what = f"#{r.id} {d.name(r.budget)} {dollars(r.amount)}"
    match r.state:
        case RequestState.PENDING:
            return f"{what}, expires {moment(r.expires_at, d.zone)}"
        case RequestState.APPROVED if r.kind is RequestKind.BREAK_GLASS:
            return f"{what}: break-glass by {people(r.decided_by)}, see there"
        case RequestState.APPROVED:
            until = moment(r.ends_at, d.zone)
            return f"{what}: approved by {people(r.decided_by)}, {dollars(r.granted)} until {until}"
        case RequestState.DENIED | RequestState.WITHDRAWN:
            return f"{what}: {r.state} by {people(r.decided_by)}"
        case RequestState.EXPIRED:
            return f"{what}: expired, nobody decided in time"


def _alerts(q: AlertQuality) -> list[str]:
    """How good our own alerts were."""
    lines = [f"{q.fired} sent, {q.answered} answered, {q.in_time} of them in time"]
    if q.escalated:
        lines.append(f"{q.escalated} went beyond the owner")
    if q.useful or q.noise:
        lines.append(f"{q.useful} useful, {q.noise} noise")
    if q.lead is not None:
        tenths = round(q.lead * 10 / timedelta(days=1))
        lines.append(
            f"limits that were reached were warned of {tenths // 10}.{tenths % 10} days before (median)"
        )
    return lines


def _unattributed(d: Digest) -> str:
    return (
        f"{dollars(d.unattributed)} of {dollars(d.period_spend)} this period "
        f"({percent(d.unattributed, d.period_spend)} %)"
    )


def _revised(d: Digest) -> list[str]:
    """Periods that were over and cost something else now, the largest change first."""
    changes = sorted(d.revised.items(), key=lambda change: (-abs(change[1]), change[0]))
    return fewer(
        [
            f"{d.name(budget)}, period from {day:%-d %b %Y}: {signed(amount)} after it was over"
            for (budget, day), amount in changes
        ],
        ROOM,
    )
