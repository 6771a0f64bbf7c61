"""A sent alert and the row that stores it, with the figures as they were in the message."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.alerts import AlertFigures, Answer, AnswerKind, Feedback, Moved
from bot.domain.budgets import AtLimit, BudgetId, Stage
from bot.domain.drivers import Driver, DriverKind
from bot.domain.escalation import Ladder, Step
from bot.domain.forecast import Confidence
from bot.domain.money import ZERO, Micros
from bot.domain.policy import Basis
from bot.domain.stages import Reason
from store import graces
from store.ladders import ladder_of
from store.tables import AlertRow

_MOMENTS = ("runs_out_at", "as_of", "period_ends_at", "answer_by", "lead_ends_at")


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert as it was sent; `figures` are the ones that were in the message."""

    id: int
    key: str
    budget: BudgetId
    limit: Micros
    stage: Stage
    owner: str
    fired_at: datetime
    figures: AlertFigures
    first_day: date
    answer: Answer | None  # the last one; its term may be over
    first_answered_at: datetime | None
    feedback: Feedback | None
    feedback_by: str | None
    muted_by: int | None
    replaced_by: int | None  # a worse stage's alert
    over_at: datetime | None  # what it told was over by itself then: a spike that has ended
    ladder: Ladder | None
    escalated: Step  # how far, since the ladder last began
    furthest: Step
    round: int  # how often an answer's term was over
    escalate_at: datetime | None  # something is due then
    bundle: int | None = None  # the first alert of the message it is in, when it is not alone

    def is_open(self, now: datetime) -> bool:
        """Whether it waits for an answer: none holds, it is not over, and no worse stage came."""
        term = self.answer.until if self.answer else None
        answered = self.answer is not None and (term is None or now < term)
        return not answered and self.replaced_by is None and self.over_at is None


def sent_of(row: AlertRow) -> SentAlert:
    """The alert that a row stores."""
    if row.id is None:
        raise ValueError("an alert that was never stored")
    return SentAlert(
        id=row.id,
        key=row.key,
        budget=BudgetId(row.budget),
        limit=Micros(row.limit),
        stage=Stage(row.stage),
        owner=row.owner,
        fired_at=row.fired_at,
        figures=_figures(row.figures),
        first_day=row.first_day,
        answer=_answer(row),
        first_answered_at=row.first_answered_at,
        feedback=Feedback(row.feedback) if row.feedback else None,
        feedback_by=row.feedback_by,
        muted_by=row.muted_by,
        replaced_by=row.replaced_by,
        over_at=row.over_at,
        ladder=ladder_of(row.ladder),
        escalated=Step(row.escalated),
        furthest=Step(row.furthest),
        round=row.round,
        escalate_at=row.escalate_at,
        bundle=row.bundle,
    )


def _answer(row: AlertRow) -> Answer | None:
    if row.answer is None or row.answered_by is None or row.answered_at is None:
        return None
    return Answer(
        AnswerKind(row.answer),
        row.answered_by,
        row.answered_at,
        row.answer_note,
        row.answer_until,
    )


def figures_row(f: AlertFigures) -> dict[str, Any]:
    """As JSON; read back by `sent_of`."""
    values = asdict(f)
    values |= {
        "stage": int(f.stage),
        "at_limit": f.at_limit.value,
        "basis": f.basis.value,
        "time_zone": f.time_zone.key,
        "grace": graces.written(f.grace),
        "transfers": [
            [moved.extra, moved.name, moved.ends_at.isoformat()] for moved in f.transfers
        ],
    }
    for name in _MOMENTS:
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _figures(values: Mapping[str, Any]) -> AlertFigures:
    moments = {
        name: datetime.fromisoformat(values[name]) if values.get(name) else None
        for name in _MOMENTS
    }
    read = {
        "stage": Stage(values["stage"]),
        "at_limit": AtLimit(values["at_limit"]),
        "basis": Basis(values["basis"]),
        "time_zone": ZoneInfo(values["time_zone"]),
        "reason": Reason(values.get("reason", Reason.SHARE)),
        "confidence": Confidence(values["confidence"]) if values.get("confidence") else None,
        "driver": _driver(values.get("driver")),
        "grace": graces.read(values.get("grace")),
        "transfers": tuple(
            Moved(Micros(extra), name, datetime.fromisoformat(ends_at))
            for extra, name, ends_at in values.get("transfers", ())
        ),
    }
    return AlertFigures(**{"estimated": ZERO, **values, **moments, **read})


def _driver(values: Mapping[str, Any] | None) -> Driver | None:
    return None if values is None else Driver(**{**values, "kind": DriverKind(values["kind"])})
