"""Polling: what the sources say about the window that is read again."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import SourceError, SourceRefused
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Actor, Directory, Fetched, UsageRow, Window
from bot.intake.imported import after_imports
from bot.intake.windows import HOUR, window_to_read, within
from bot.parts import Bot
from store import (
    directory,
    sources,
)
from store.sources import SourceState

logger = logging.getLogger(__name__)
DAY = timedelta(days=1)
NAMES_FOR = timedelta(minutes=15)
NAMES_AGAIN = timedelta(minutes=2)  # when an id turns up that has no name


@dataclass(frozen=True, slots=True)
class Reading:
    """What polling one source brought: rows, names when they were read anew, or why not."""

    source: SourcePolicy
    before: SourceState
    fetched: Fetched | None
    names: Directory | None
    error: str | None
    full: bool = False  # the whole look-back, not only its newest hours


def read(bot: Bot, source: SourcePolicy, now: datetime) -> Reading:
    """Ask one source; whatever goes wrong there is that source's trouble alone."""
    with bot.db.transaction() as tx:
        state = sources.load(tx, source.name)
    client = bot.sources[source.name]
    try:
        planned = window_to_read(bot.policy, source, state, now)
        fetched = _ask(bot, client, state, planned.window, now)
        with bot.db.transaction() as tx:
            known = directory.behind(tx, fetched.rows)
        names = _read_names(client, fetched, state, known, now)
    except SourceError as error:
        logger.warning("source failed", extra={"action": "poll_failed", "source": source.name})
        return Reading(source, state, None, None, str(error))
    except Exception as error:
        logger.exception("source failed", extra={"action": "poll_failed", "source": source.name})
        why = f"{type(error).__name__} while reading it."
        return Reading(source, state, None, None, why)
    return Reading(source, state, fetched, names, None, planned.full)


def _ask(
    bot: Bot, client: UsageSource, state: SourceState, planned: Window, now: datetime
) -> Fetched:
    """
    Without the hours that a file was imported for before the source was ever asked about them.

    Both would count. The present hour is read whatever a file says.
    """
    if state.covered_from is not None and state.covered_from <= planned.starts_at:
        return client.fetch(planned, now)
    with bot.db.transaction() as tx:
        rest = after_imports(tx, planned) or Window(planned.ends_at - HOUR, planned.ends_at)
    fetched = client.fetch(rest, now)
    # A source of whole days answers for the hours before, too; one of whole months knows no hours.
    if rest == planned or rest.starts_at - fetched.window.starts_at >= DAY:
        return fetched
    return within(fetched, rest) or fetched


def _read_names(
    client: UsageSource, fetched: Fetched, state: SourceState, known: Directory, now: datetime
) -> Directory | None:
    """
    Names and tags behind the ids, when they may have changed; None: what is known stands.

    A key that may read usage but not names is told by the rules that match nothing; an outage
    matters only before the first time, because without names a row would land on the wrong budget.
    """
    age = now - state.names_read_at if state.names_read_at else None
    all_known = all(_is_known(row, known) for row in fetched.rows)
    if age is not None and age < (NAMES_FOR if all_known else NAMES_AGAIN):
        return None
    try:
        return client.directory()
    except SourceRefused:
        logger.warning("names refused", extra={"action": "names_refused", "source": state.name})
        return Directory() if state.names_read_at is None else None
    except SourceError:
        if state.names_read_at is None:
            raise
        return None


def _is_known(row: UsageRow, known: Directory) -> bool:
    return (
        (row.workspace_id is None or row.workspace_id in known.workspaces)
        and (row.api_key_id is None or row.api_key_id in known.api_keys)
        and (row.actor is None or _is_named(row.actor, known))
    )


def _is_named(actor: Actor, known: Directory) -> bool:
    """
    Whether reading the names again could not tell more of an actor.

    A user who comes with a name and no e-mail is deleted or the provider's own, and in no list; a
    gateway's users and federated identities are in none either.
    """
    listed = actor.id.startswith(("user_", "svac_"))
    return not listed or bool(actor.email or actor.name) or actor.id in known.actors
