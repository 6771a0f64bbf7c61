"""How the bot itself is doing: readiness and the figures for monitoring."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.parts import Bot
from store import migrate, outbox, sources, standings, target_states

SILENT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each check with its answer; ready when every one is fine."""

    ok: bool
    checks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """For Prometheus; dollars as floats, because that is what it stores."""

    outbox: Mapping[tuple[str, str], int]
    budgets: Mapping[str, tuple[float, float | None]]
    sources: Mapping[str, tuple[float | None, int]]
    targets: Mapping[str, float]  # for how many seconds each has failed


def readiness(bot: Bot, now: datetime, scheduler_runs: bool) -> Readiness:
    """Database and migrations, scheduler, and how old the figures are."""
    try:
        current = migrate.is_current(bot.db.engine)
        with bot.db.transaction() as tx:
            fresh = standings.freshness(tx, bot.policy, now)
            polled = [s.polled_at for s in sources.load_all(tx) if s.polled_at]
    except Exception as error:  # noqa: BLE001 not ready, and this is why
        return Readiness(False, {"database": f"does not answer ({type(error).__name__})"})
    checks = {
        "database": "ok",
        "migrations": "ok" if current else "not at the newest revision: budget-bot migrate",
        "scheduler": "ok" if scheduler_runs else "does not run",
        "sources": "ok" if not fresh.stale else f"stale: {fresh.reason}",
    }
    if polled and now - max(polled) > SILENT_AFTER:
        checks["scheduler"] = f"no poll since {max(polled).isoformat(timespec='seconds')}"
    return Readiness(all(text == "ok" for text in checks.values()), checks)


def figures(bot: Bot, now: datetime) -> Figures:
    with bot.db.transaction() as tx:
        found = standings.gather(tx, bot.policy, now)
        states = [sources.load(tx, source.name) for source in bot.policy.sources]
        waiting = outbox.depth(tx)
        failing = target_states.failing(tx)
    ages = {
        s.name: (
            (now - s.refreshed_at).total_seconds() if s.refreshed_at else None,
            int(s.blind_since is not None),
        )
        for s in states
    }
    budgets = {
        str(s.budget.id): (s.spent / 1e6, s.limit / 1e6 if s.limit is not None else None)
        for s in found.values()
    }
    targets = {
        kind: (now - failing[kind]).total_seconds() if kind in failing else 0.0
        for kind in bot.targets
    }
    return Figures(waiting, budgets, ages, targets)
