"""Everything the bot depends on, asked live."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.clients.anthropic_admin import AdminError
from bot.clients.enforcement import TargetError
from bot.clients.slack import DeliveryError
from bot.clients.usage.errors import SourceError
from bot.parts import Bot, targets_of
from store import audit_reading, homes, limits, migrate, standings, target_states

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, whether it is as it should be, and what was seen or has to be done."""

    name: str
    ok: bool
    text: str


def examine(bot: Bot, now: datetime) -> list[Finding]:
    """One finding for each dependency; none hides another."""
    found = [
        _ask("database", lambda: _database(bot)),
        _ask("audit chain", lambda: _record(bot)),
        _ask("Slack", lambda: _slack(bot)),
        _ask("Home tab", lambda: _home(bot)),
    ]
    people = {b.owner for b in bot.policy.tree} | {b.backup for b in bot.policy.tree if b.backup}
    for approvers in bot.policy.approvers.values():
        people |= set(approvers.people)
        if approvers.usergroup:
            group = approvers.usergroup
            found.append(_ask(f"approvers {approvers.name}", partial(_group, bot, group)))
    found += [_ask(f"person {ref}", partial(_person, bot, ref)) for ref in sorted(people)]
    found += [_ask(f"source {name}", source.check) for name, source in bot.sources.items()]
    found += [_ask(f"people of {name}", help_.check) for name, help_ in bot.helps.items()]
    found += [
        _ask(f"enforcement target {kind}", partial(_target, bot, kind)) for kind in bot.targets
    ]
    if not bot.targets:
        none = "none: set ENFORCEMENT_WEBHOOK_URL, or name targets under `enforce`"
        found.append(Finding("enforcement target", True, none))
    if bot.queue is not None:
        found.append(_ask("increase requests", bot.queue.check))
    found.append(_ask("figures", lambda: _freshness(bot, now)))
    return found


def _ask(name: str, question: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, question())
    except (SourceError, TargetError, AdminError, DeliveryError, _Wrong) as error:
        return Finding(name, False, str(error))
    except Exception as error:  # noqa: BLE001 the others still have to be asked
        return Finding(name, False, f"{type(error).__name__}: {error}")


class _Wrong(Exception):  # noqa: N818 a finding, not a fault
    """Something answered, and the answer is not good enough."""


def _database(bot: Bot) -> str:
    if not migrate.is_current(bot.db.engine):
        raise _Wrong("not at the newest revision: run budget-bot migrate")
    return f"{bot.db.engine.dialect.name}, at the newest revision"


def _record(bot: Bot) -> str:
    """Computed anew as a whole: what was changed in it is found here, and not first by an auditor."""
    verdict = audit_reading.verify(bot.db)
    if verdict.broken_at is not None:
        raise _Wrong(
            f"broken at row {verdict.broken_at}: {verdict.why}; put every key there ever was into "
            "AUDIT_KEY, and if it still is, find out who can write the database"
        )
    rows = f"{verdict.rows:,} rows, the chain holds"
    if bot.db.audit_key is None:
        return f"{rows}; a plain hash: set AUDIT_KEY, and whoever can write the database cannot forge it"
    return f"{rows}; signed with AUDIT_KEY"


def _slack(bot: Bot) -> str:
    identity = bot.slack.identity()
    return f"{identity.get('team', 'the workspace')} as {identity.get('user', 'the bot')}"


def _home(bot: Bot) -> str:
    """Slack says whether the tab is on only when one is published."""
    with bot.db.transaction() as tx:
        last = homes.last_tried(tx)
    if last is None:
        return "nobody has opened it yet"
    if last.state != "pending" and last.error is not None:
        raise _Wrong(f"{last.error} (when somebody last opened it)")
    return "published to whoever opens it"


def _person(bot: Bot, ref: str) -> str:
    person = bot.slack.person(ref)
    if person.deleted:
        raise _Wrong("the account is deactivated: name somebody else in the policy file")
    return f"{person.name} ({person.id})"


def _group(bot: Bot, group: str) -> str:
    members = bot.slack.usergroup(group)
    if not members:
        raise _Wrong(f"user group {group} has no members: nobody could decide")
    return f"{len(members)} people"


def _target(bot: Bot, kind: str) -> str:
    """That it answers, and how far it has followed."""
    said = bot.targets[kind].check()
    budgets = [budget.id for budget in bot.policy.tree if kind in targets_of(bot, budget.id)]
    with bot.db.transaction() as tx:
        states = target_states.at(tx, kind)
        versions = {budget: held.version for budget, held in limits.load_all(tx).items()}
    here = [states[budget] for budget in budgets if budget in states]
    edited = [state.budget for state in here if state.edited]
    if edited:
        names = ", ".join(sorted(edited)[:_MOST_NAMED])
        raise _Wrong(f"{said}; changed by somebody else for {names}: see budget-bot outbox list")
    held = sum(state.confirmed_version >= versions.get(state.budget, 0) > 0 for state in here)
    return f"{said}; has confirmed {held} of {len(budgets)} budgets"


def _freshness(bot: Bot, now: datetime) -> str:
    with bot.db.transaction() as tx:
        fresh = standings.freshness(tx, bot.policy, now)
    if fresh.as_of is None:
        return "no usage source has been read yet: the first tick does it"
    if fresh.stale:
        raise _Wrong(f"stale: {fresh.reason}")
    minutes = int((now - fresh.as_of).total_seconds() // 60)
    return f"{minutes} minutes old"
