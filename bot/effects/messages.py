"""Messages that will be sent: outbox entries made of what was rendered and for whom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.domain.budgets import PersonRef
from bot.parts import Bot
from bot.render.blocks import Rendered
from store import outbox
from store.outbox import Lane, NewEntry

POST = "slack.post"
UPDATE = "slack.update"
GROUP = "slack.group"


def post(
    tx: Session,
    key: str,
    to: dict[str, str],
    rendered: Rendered,
    now: datetime,
    *,
    subject: str,
    stream: str | None = None,
    priority: int = 5,
    instead: PersonRef | None = None,
    unreached: Sequence[str] = (),
    while_open: int | None = None,
) -> bool:
    """
    A message to `{"person": …}` or `{"channel": …}`.

    `while_open` names a request: once that has its outcome, the message is not sent any more.

    When the person cannot be reached at all, `instead` gets it and the operators are told; of an
    alert, whoever is next on its ladder. `unreached` are those in whose place this one gets it.
    """
    request: dict[str, Any] = {"to": to, "text": rendered.text, "blocks": rendered.blocks}
    if instead is not None:
        request["instead"] = instead
    if unreached:
        request["unreached"] = list(unreached)
    if while_open is not None:
        request["while_open"] = while_open
    return outbox.add(
        tx,
        NewEntry(key, stream or key, subject, Lane.SLACK, POST, request, priority),
        now,
    )


def post_in_thread(
    tx: Session,
    key: str,
    copy: str,
    rendered: Rendered,
    now: datetime,
    *,
    subject: str,
    while_open: int | None = None,
) -> bool:
    """
    Into the thread that begins at a message we post, named by its key.

    It waits in that message's stream, so it never overtakes it; of one that could not be posted
    nothing is said. False when there never was such a message.
    """
    first = outbox.find(tx, copy)
    if first is None:
        return False
    request: dict[str, Any] = {"to": first.request["to"], "thread_of": copy}
    request |= {"text": rendered.text, "blocks": rendered.blocks}
    if while_open is not None:
        request["while_open"] = while_open
    return outbox.add(tx, NewEntry(key, first.stream, subject, Lane.SLACK, POST, request), now)


def post_to_group(
    tx: Session,
    key: str,
    group: str,
    rendered: Rendered,
    now: datetime,
    *,
    subject: str,
    about: dict[str, int],
) -> bool:
    """
    The same to every member of a user group; who they are is asked when it is sent.

    `about` is `{"request": id}` or `{"alert": id}`: nobody is written to once that is settled. With
    `{"request": id, "again": n}` it is a reminder, and whoever has approved needs none; with
    `{"request": id, "told": 1}` it tells what was decided, whatever comes of it.
    """
    call = {"group": group, **about, "text": rendered.text, "blocks": rendered.blocks}
    return outbox.add(tx, NewEntry(key, key, subject, Lane.SLACK, GROUP, call), now)


def update_copies(
    tx: Session,
    subject: str,
    state: str,
    rendered: Rendered,
    now: datetime,
    *,
    instead: Callable[[str], Rendered | None] | None = None,
    keep: str | None = None,
) -> None:
    """
    Bring every copy of a message up to date; the block named `keep` stays where a copy has it.

    An update waits in its copy's stream, so it never overtakes the post; `state` names what is
    shown, so saying it again adds nothing. `instead` tells what somebody to whom it was written sees
    in its place; None: the same as everybody.
    """
    for copy in outbox.about(tx, subject, POST):
        if copy.state == "superseded":
            continue  # it was never posted
        person = (copy.request.get("to") or {}).get("person")
        shown = (instead(person) if instead and person else None) or rendered
        if keep is not None:
            shown = with_block(shown, copy.request.get("blocks", ()), keep)
        outbox.add(
            tx,
            NewEntry(
                key=f"{copy.key}:{state}",
                stream=copy.stream,
                subject=subject,
                lane=Lane.SLACK,
                kind=UPDATE,
                request={"copy_of": copy.key, "text": shown.text, "blocks": shown.blocks},
            ),
            now,
        )


def with_block(rendered: Rendered, before: Iterable[Mapping[str, Any]], block_id: str) -> Rendered:
    """With the block of that id, below the header, if the message had it."""
    found = next((block for block in before if block.get("block_id") == block_id), None)
    if found is None:
        return rendered
    first, *rest = rendered.blocks
    return Rendered(f"{found['text']['text']} {rendered.text}", [first, dict(found), *rest])


def tell_operators(
    tx: Session, bot: Bot, key: str, rendered: Rendered, now: datetime, *, subject: str
) -> bool:
    channel = bot.policy.organization.channels.operators
    return post(tx, key, {"channel": channel}, rendered, now, subject=subject, priority=2)


def tell_people(
    tx: Session,
    key: str,
    refs: Iterable[str | None],
    rendered: Rendered,
    now: datetime,
    *,
    subject: str,
) -> None:
    """The same DM to several people, each once."""
    for ref in dict.fromkeys(ref for ref in refs if ref):
        post(tx, f"{key}:{ref}", {"person": ref}, rendered, now, subject=subject)
