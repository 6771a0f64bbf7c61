"""Rows of the days that the cost report covers: the bill, divided over the hours and keys."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.clients.usage.bill import Bill
from bot.clients.usage.bill_lines import Line, divide_lines, list_cells
from bot.clients.usage.estimates import Estimated, Key, Used, estimate_rows, make_row
from bot.clients.usage.windows import DAY, HOUR, floor_moment
from bot.domain.attribution import divide
from bot.domain.effective_rates import SEARCHES, TOKEN_TYPES, list_cost
from bot.domain.money import Micros
from bot.domain.usage import Tokens, UsageRow, Window


def price_rows(source: str, window: Window, used: Mapping[Key, Used], bill: Bill) -> Estimated:
    """
    Every row of the window: billed where its UTC day is, else estimated at effective rates.

    On a billed day, what the bill has no line for stays an estimate, as tokens of Priority Tier
    do, and a line that nothing was used for becomes rows of its own.
    """
    by_day: dict[datetime, dict[Key, Used]] = defaultdict(dict)
    for key, entry in used.items():
        by_day[floor_moment(key[0], DAY)][key] = entry
    rows: list[UsageRow] = []
    open_: dict[Key, Used] = {}
    for day in sorted({*by_day, *bill.days}):
        if window.starts_at <= day and day + DAY <= window.ends_at and day in bill.days:
            rows += _bill_day(source, day, by_day[day], bill.days[day], open_)
        else:
            open_ |= by_day[day]
    estimated = estimate_rows(source, open_, bill.rates)
    rows += estimated.rows
    return Estimated(tuple(sorted(rows, key=lambda row: row.starts_at)), estimated.unpriced)


def _bill_day(
    source: str,
    day: datetime,
    used: Mapping[Key, Used],
    lines: Mapping[Line, Micros],
    open_: dict[Key, Used],
) -> Iterator[UsageRow]:
    """Puts what has no line into `open_`."""
    divided = divide_lines(list_cells(used), lines)
    for key in sorted(used, key=repr):
        entry = used[key]
        billed, rest = Used(), Used()
        net = 0
        for kind in TOKEN_TYPES:
            share = divided.shares.get((key, kind))
            target = rest if share is None else billed
            target.tokens = _with(target.tokens, kind, getattr(entry.tokens, kind))
            net += share or 0
        share = divided.shares.get((key, SEARCHES))
        (rest if share is None else billed).web_searches = entry.web_searches
        net += share or 0
        if billed:
            yield _billed_row(source, key, billed, Micros(net))
        if rest or not billed:
            open_[key] = rest
    for line, amount in divided.left.items():
        yield from _own_rows(source, day, line, amount)


def _billed_row(source: str, key: Key, billed: Used, net: Micros) -> UsageRow:
    """The report has one amount only: list is by the price list, or the same where none is known."""
    hour, dimensions = key
    listed = list_cost(dimensions.rate_key(), billed.tokens, hour, billed.web_searches)
    gross = net if listed is None else Micros(round(listed))
    return make_row(source, key, billed.tokens, net, gross, estimated=False)


def _own_rows(source: str, day: datetime, line: Line, amount: Micros) -> Iterator[UsageRow]:
    """Cost without usage, such as code execution: nobody says when, so every hour has its part."""
    name = "token_type" if line.kind in TOKEN_TYPES else "cost_type"
    for number, part in enumerate(divide(amount, [1] * 24)):
        if part:
            hour = day + number * HOUR
            yield UsageRow(
                source=source,
                starts_at=hour,
                ends_at=hour + HOUR,
                workspace_id=line.workspace_id,
                api_key_id=None,
                actor=None,
                model=line.key.model,
                product=None,
                net=Micros(part),
                list=Micros(part),
                tokens=Tokens(),
                requests=0,
                service_tier=line.key.service_tier,
                tags=((name, line.kind),),
            )


def _with(tokens: Tokens, kind: str, count: int) -> Tokens:
    return Tokens(**{name: getattr(tokens, name) for name in TOKEN_TYPES} | {kind: count})
