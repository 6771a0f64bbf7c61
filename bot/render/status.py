"""`/budget status` and `/budget help`: the same numbers the owner sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slackblocks import Block

from bot.domain.alerts import Moved
from bot.domain.forecast import sentence
from bot.domain.money import Micros, dollars
from bot.domain.policy import Basis
from bot.domain.standings import Freshness, Standing
from bot.render.blocks import (
    Rendered,
    actions,
    button,
    context,
    escape,
    fewer,
    fitting,
    header,
    message,
    moment,
    one_line,
    people,
    section,
)
from bot.render.figures import (
    BASIS,
    OVERRULED,
    as_of,
    binds_first,
    blind,
    response_of,
    runway,
    spent_of_limit,
    transfers,
    whole,
)
from bot.render.targets import Follower, standing_lines

BAR = 10
MOST = 40
ROOM = 8_000  # characters for the budgets: with the rest below what Slack takes


@dataclass(frozen=True, slots=True)
class Detail:
    """One budget, with what explains it."""

    standing: Standing
    binding: Standing | None
    models: Sequence[tuple[str, Micros]]
    open_requests: Sequence[tuple[int, Micros]]
    targets: Sequence[Follower] = ()  # how far enforcement has followed
    moved: Sequence[Moved] = ()  # transfers in its limit


def status_list(
    standings: Sequence[Standing], freshness: Freshness, basis: Basis, zone: ZoneInfo, title: str
) -> Rendered:
    """One line a budget, the fullest first; more than fit into a message are counted."""
    bars = [_bar_line(s) for s in standings[:MOST]]
    bars = bars[: fitting(bars, ROOM)]
    shown = standings[: len(bars)]
    lines = [_line(s) for s in shown]
    left = len(standings) - len(shown)
    more = f"and {left} more; ask for one by name." if left else ""
    age = f"{as_of(freshness, zone)} · {BASIS[basis]}"
    text = "\n".join([f"{escape(title)}, {age}:", *lines, *([more] if more else [])])
    blocks: list[Block] = [header(title)]
    while bars:
        count = fitting(bars[:10], 2_900) or 1
        blocks.append(section("\n".join(bars[:count]), f"budgets_{len(blocks)}"))
        bars = bars[count:]
    if not shown:
        blocks.append(section("No budgets yet.", "none"))
    blocks.append(context(f"{age}{' · ' + more if more else ''}", "age"))
    return message(text, *blocks)


def status_detail(detail: Detail, basis: Basis) -> Rendered:
    """One budget in full."""
    s, zone = detail.standing, detail.standing.budget.time_zone
    lines = [f"spent {spent_of_limit(s.spent, s.limit, s.estimated)}"]
    if s.limit is not None:
        lines.append(runway(s, zone))
    if s.outlook and s.outlook.spike:
        lines.append(f"far faster than usual: {s.outlook.spike.sentence(zone).removesuffix('.')}")
    lines += _forecast(s)
    own = [r for r in s.raises if r.other is None]
    if own and s.allocation:
        ends = moment(own[0].ends_at, zone)
        extra = dollars(Micros(sum(r.extra for r in own)))
        lines.append(
            f"the limit is the allocation of {dollars(s.allocation.limit)} "
            f"and {extra} of exceptions, until {ends}"
        )
    lines += [f"the limit {said}" for said in transfers(detail.moved, zone)]
    lines += standing_lines(detail.targets, zone)
    if detail.binding and detail.binding.budget.id != s.budget.id:
        lines.append(binds_first(detail.binding))
    if detail.models:
        top = ", ".join(f"{escape(model)} {dollars(amount)}" for model, amount in detail.models)
        lines.append(f"most spent on {top}")
    asked = [f"overage request #{n} for {dollars(m)} is open" for n, m in detail.open_requests]
    lines += fewer(asked, 1_000)
    owner = people([s.budget.owner])
    who = f"owner {owner}"
    if s.limit is not None:
        who += f" · at the limit {response_of(s.budget)}"
    age = (
        f"{as_of(s.freshness, zone)} · {BASIS[basis]} · "
        f"period ends {moment(s.period.ends_at, zone)}"
    )
    name = escape(s.budget.name)
    text = f"{name}: {'; '.join(lines)}. {who}. {age}."
    return message(
        text,
        header(s.budget.name),
        section(f"{bar(s)}\n" + "\n".join(f"• {line}" for line in lines), "figures"),
        context(f"{who}\n{age}", "age"),
        *_asking(s),
    )


def _forecast(s: Standing) -> list[str]:
    """The period's end, and the forecast in one sentence."""
    ahead = s.outlook.forecast if s.outlook else None
    if ahead is None or ahead.p50 is None or ahead.p80 is None:
        return []
    said = sentence(ahead).removesuffix(".")
    return [
        f"forecast for the period {dollars(whole(ahead.p50))}, with 80 % certainty no more than "
        f"{dollars(whole(ahead.p80))}",
        f"{said[0].lower()}{said[1:]}",
    ]


def _asking(standing: Standing) -> list[Block]:
    if standing.limit is None:
        return []
    name = standing.budget.name
    spoken = f"Ask for more budget for {name}"
    return [actions([button("Ask for more", "request:open", standing.budget.id, spoken=spoken)])]


def bar(standing: Standing) -> str:
    """A bar that is full at the limit; a budget without one has none."""
    if standing.limit is None:
        return "no limit"
    full = min(BAR, standing.percent * BAR // 100)
    stage = _stage(standing)
    return f"{'▰' * full}{'▱' * (BAR - full)} {standing.percent} %" + (
        f" · {stage}" if stage else ""
    )


def _stage(standing: Standing) -> str:
    """What counts; and in words why nothing does, where a share that is reached would."""
    if standing.stage is not None:
        return standing.stage.word
    return OVERRULED if standing.is_overruled else ""


def help_message(command: str, unknown: str | None = None, nearest: str | None = None) -> Rendered:
    """What can be typed; an unknown word gets the nearest that is known."""
    lines = [
        f"`{command} status` your budgets · `{command} status all` every budget · "
        f"`{command} status BUDGET` one of them",
        f"`{command} request` ask for more · `{command} request BUDGET AMOUNT REASON` in one line",
        f"`{command} delegate @lee until Friday` your alerts go to somebody else while you are "
        f"away · `{command} delegate off` ends it",
        f"`{command} break-glass BUDGET AMOUNT REASON` the owner of a critical budget raises it at "
        "once, a little and briefly, and everybody is told",
        f"`{command} help` this text",
    ]
    start = ""
    if unknown is not None:
        hint = f" Did you mean `{command} {nearest}`?" if nearest else ""
        start = f"I don't know “{one_line(unknown, 60)}”.{hint}\n"
    text = start + "\n".join(lines)
    return message(text, section(text, "help"))


def plain(text: str) -> Rendered:
    """One sentence in answer."""
    return message(text, section(text, "answer"))


def _line(s: Standing) -> str:
    stage = f", {_stage(s)}" if _stage(s) else ""
    out = f", {runway(s, s.budget.time_zone)}" if s.limit is not None else ""
    out += _blind(s)
    return f"{escape(s.budget.name)} ({s.budget.id}): {spent_of_limit(s.spent, s.limit, s.estimated)}{stage}{out}"


def _bar_line(s: Standing) -> str:
    return f"*{escape(s.budget.name)}*  {bar(s)}{_blind(s)}\n{spent_of_limit(s.spent, s.limit, s.estimated)}"


def _blind(s: Standing) -> str:
    since = blind(s)
    return f", {since}" if since else ""
