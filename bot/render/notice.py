"""What operators are told: blind and seeing again, undeliverable messages, people not found."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.domain.limits import LimitState, TemporaryRaise
from bot.domain.money import Micros, dollars
from bot.render.blocks import Rendered, escape, message, moment, one_line, section
from bot.render.figures import MODE, signed

MOST_MOVED = 20


def blind(source: str, since: datetime, reason: str, zone: ZoneInfo) -> Rendered:
    text = (
        f"⚠️ Blind since {moment(since, zone)}: the usage source “{escape(source)}” does not answer "
        f"as it should: {one_line(reason, 500).removesuffix('.')}. "
        "No alert of a budget that it feeds fires or clears meanwhile, and nobody is cut off for it."
    )
    return message(text, section(text, "blind"))


def sees_again(source: str, since: datetime, now: datetime, zone: ZoneInfo) -> Rendered:
    minutes = int((now - since).total_seconds() // 60)
    span = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    span = "a minute" if minutes < 2 else span
    text = (
        f"✅ All clear: the usage source “{escape(source)}” answers again after {span}; "
        f"the figures of {moment(since, zone)} and later have been read."
    )
    return message(text, section(text, "clear"))


def drift(source: str, day: date, held: Micros, total: Micros) -> Rendered:
    """The ledger and the source's own total of a UTC day have been apart twice."""
    text = (
        f"⚠️ The usage source “{escape(source)}” says {dollars(total)} for {day:%-d %b %Y} (UTC), "
        f"the ledger holds {dollars(held)} ({signed(Micros(held - total))}). Read the day again: "
        f"`budget-bot backfill --since {day}`. If it stays, usage is missing from the report by "
        "workspace, key and actor."
    )
    return message(text, section(text, "drift"))


def agrees(source: str, day: date) -> Rendered:
    text = (
        f"✅ The ledger agrees again with what the usage source “{escape(source)}” says for "
        f"{day:%-d %b %Y} (UTC)."
    )
    return message(text, section(text, "agrees"))


def estimate_missed(source: str, day: date, estimated: Micros, billed: Micros) -> Rendered:
    """What was estimated of a UTC day, against the bill for the same hours."""
    by = abs(estimated - billed) * 100 // max(abs(billed), 1)
    side = "more" if estimated > billed else "less"
    text = (
        f"⚠️ The estimate of {day:%-d %b %Y} (UTC) from “{escape(source)}” was {dollars(estimated)}; "
        f"the bill for the same hours is {dollars(billed)}: {by} % {side} than billed. The figures "
        "are the bill's now; alerts of that day were based on the estimate."
    )
    return message(text, section(text, "estimate"))


def undelivered(entry_id: int, what: str, to: str, error: str) -> Rendered:
    why = one_line(error, 500).removesuffix(".")
    text = (
        f"⚠️ Not delivered: {escape(what)} to {escape(to)}. {why}. "
        f"When it is mended: `budget-bot outbox redrive {entry_id}`."
    )
    return message(text, section(text, "undelivered"))


def moved(version: str, changes: Mapping[str, Micros]) -> Rendered:
    """What new rules moved from one budget to another in the current periods."""
    shown = sorted(changes.items(), key=lambda change: -abs(change[1]))[:MOST_MOVED]
    lines = [f"{escape(budget)} {signed(amount)}" for budget, amount in shown]
    if len(changes) > len(shown):
        lines.append(f"and {len(changes) - len(shown)} more")
    text = (
        f"The attribution rules have changed (policy {escape(version)}). Usage of the current "
        f"periods was attributed anew: {', '.join(lines)}."
    )
    return message(text, section(text, "moved"))


def left(
    budget: str, held: LimitState | None, live: Sequence[TemporaryRaise], zone: ZoneInfo
) -> Rendered:
    """A budget that left the policy file, and what is still held for it."""
    text = f"⚠️ The budget {escape(budget)} is no longer in the policy file."
    if held is not None:
        text += (
            f" The enforcement target still holds {dollars(held.limit)} ({MODE[held.mode]}) for "
            "it: lift or move that there, if it is not meant."
        )
    for raised in live:
        text += (
            f" Its exception of request #{raised.request} ({dollars(raised.extra)} until "
            f"{moment(raised.ends_at, zone)}) no longer counts."
        )
    return message(text, section(text, "left"))
