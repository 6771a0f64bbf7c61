"""The schedule as data: job name, how often, which flow."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from bot.clock import utc_now
from bot.domain.policy import PeoplePolicy, Policy, SourcePolicy
from bot.flows import (
    compaction,
    digest,
    drift,
    enforcement,
    escalation,
    exceptions,
    history,
    home,
    increases,
    outages,
    overages,
    people,
    reconciliation,
    turns,
)
from bot.flows.tick import TickReport, tick
from bot.parts import Bot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A flow that runs again and again; every run asks the database what is due."""

    name: str
    every: timedelta
    flow: Callable[[Bot, datetime], object]


def no_pause(_seconds: float) -> None:
    """For whoever calls a job and waits for it."""


def jobs(policy: Policy, sleep: history.Sleep = no_pause) -> tuple[Job, ...]:
    """
    A tick for each source, as often as that source is read, and what is due by the clock.

    `sleep` is how the second pass pauses between two questions.
    """
    return (
        *(_poll(source) for source in policy.sources),
        *(_history(source) for source in policy.sources),
        *(_revisions(source, sleep) for source in policy.sources),
        *(_people(help_) for help_ in policy.helps),
        *BY_THE_CLOCK,
    )


def _poll(source: SourcePolicy) -> Job:
    return Job(
        f"tick:{source.name}", source.every, lambda bot, now: tick(bot, now, only=source.name)
    )


def _people(help_: PeoplePolicy) -> Job:
    return Job(
        f"people:{help_.name}", help_.every, lambda bot, now: people.read_people(bot, help_, now)
    )


def _history(source: SourcePolicy) -> Job:
    """A chunk a run, until everything is there that the policy asks for."""
    pace = history.Pace()
    return Job(
        f"history:{source.name}",
        timedelta(seconds=30),
        lambda bot, now: history.read_step_back(bot, source, pace, now),
    )


def _revisions(source: SourcePolicy, sleep: history.Sleep) -> Job:
    pace = history.Pace()
    return Job(
        f"revisions:{source.name}",
        timedelta(minutes=10),
        lambda bot, now: history.read_again_if_due(bot, source, pace, now, sleep),
    )


BY_THE_CLOCK = (
    Job("expiry", timedelta(seconds=10), overages.expire),
    Job("reminders", timedelta(seconds=30), overages.remind),
    Job("escalation", timedelta(seconds=30), escalation.escalate),
    Job("endings", timedelta(minutes=1), exceptions.tell_ending),
    Job("digest", timedelta(seconds=30), digest.send_if_due),
    Job("home", timedelta(minutes=1), home.refresh),
    Job("sweep", timedelta(minutes=1), enforcement.sweep),
    Job("adopt", timedelta(minutes=5), enforcement.adopt),
    Job("drift", timedelta(minutes=5), drift.look),
    Job("increases", timedelta(minutes=5), increases.poll),
    Job("outages", timedelta(minutes=1), outages.watch),
    Job("reconcile", timedelta(minutes=10), reconciliation.reconcile),
    Job("compact", timedelta(hours=1), compaction.compact_old),
)


def scheduler(bot: Bot) -> BackgroundScheduler:
    """
    A scheduler that only ticks, the first time at once: it holds no fact that a restart could lose.

    A late run is run all the same, several missed ones are one, and none overlaps itself.
    """
    planned = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs(bot.policy, time.sleep):
        planned.add_job(
            lambda job=job: run(bot, job),
            "interval",
            seconds=job.every.total_seconds(),
            id=job.name,
            next_run_time=utc_now(),
        )
    return planned


def run(bot: Bot, job: Job) -> None:
    """One run of one job, if it is this replica's turn. Whatever goes wrong ends here."""
    try:
        now = bot.clock()
        if turns.take_turn(bot, job.name, job.every, now):
            job.flow(bot, now)
    except Exception:
        logger.exception("job failed", extra={"action": "job_failed", "job": job.name})


def run_all(bot: Bot, now: datetime) -> TickReport:
    """
    One turn of everything that is due, for the command line; what the tick did.

    History is not: it takes minutes, and `budget-bot backfill` shows how far it is.
    """
    for help_ in bot.policy.helps:
        people.read_people(bot, help_, now)
    report = tick(bot, now)
    for job in (*(_revisions(source, no_pause) for source in bot.policy.sources), *BY_THE_CLOCK):
        job.flow(bot, now)
    return report
