"""What the outbox would say: for dry runs, and for whoever waits until all is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.domain.targets import WEBHOOK
from bot.effects import increases, orders
from bot.parts import Bot
from bot.render.targets import ONLY, title
from store import homes, outbox


def newest(bot: Bot) -> int:
    """A mark: what is written later comes after it."""
    with bot.db.transaction() as tx:
        return outbox.newest_id(tx)


def said_since(bot: Bot, mark: int) -> list[str]:
    """Each entry written since, as a line: to whom, and what."""
    with bot.db.transaction() as tx:
        written = outbox.written_since(tx, mark)
        kept = [entry for entry in written if entry.state != "superseded"]
        return [_line(entry, _first(tx, entry)) for entry in kept]


def waits_until(bot: Bot, moment: datetime) -> bool:
    """Whether anything becomes due by then."""
    with bot.db.transaction() as tx:
        return outbox.due_by(tx, moment)


def _first(tx: Session, entry: outbox.OutboxEntry) -> outbox.OutboxEntry | None:
    """The message that an update brings up to date."""
    return outbox.find(tx, entry.request["copy_of"]) if "copy_of" in entry.request else None


def _line(entry: outbox.OutboxEntry, first: outbox.OutboxEntry | None) -> str:
    request = entry.request
    if first is not None:
        return f"updated, {_addressed(first.request)}: {request['text']}"
    if orders.is_order(entry):
        data = request["body"]["data"]
        target = orders.target_of(entry)
        name = ONLY if target == WEBHOOK else title(target)
        return f"to {name}: {data['budget']} {data['mode']} ${data['limit_usd']}"
    if increases.is_answer(entry):
        return f"to Anthropic: the decision on increase request #{increases.answered(entry)}"
    if entry.kind == homes.KIND:
        return f"to {request['person']}: their Home tab"
    return f"{_addressed(request)}: {request['text']}"


def _addressed(request: Mapping[str, Any]) -> str:
    to = request.get("to") or {"group": request.get("group", "whoever has a copy")}
    return f"to {next(iter(to.values()))}"
