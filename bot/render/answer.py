"""What was said to an alert, and the buttons to say it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from slackblocks import Block, Button

from bot.domain.alerts import AlertFigures, Answer, AnswerKind, Feedback
from bot.domain.budgets import Stage
from bot.render.blocks import actions, button, moment, one_line, person, quoted, section
from bot.render.grace import last_word

JUDGED = {Feedback.USEFUL: "👍 useful", Feedback.NOISE: "👎 noise"}


@dataclass(frozen=True, slots=True)
class Replaced:
    """The worse stage's alert that was sent since; of a budget below when `name` is given."""

    stage: Stage
    at: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands below an alert's figures besides the question."""

    answer: Answer | None = None
    feedback: tuple[Feedback, str] | None = None  # and who said so
    replaced: Replaced | None = None
    over_at: datetime | None = None  # a spike has ended


def said(answer: Answer, figures: AlertFigures) -> str:
    """`<@U0DANA> is on it (Mon 2 Nov 11:05), until Tue 3 Nov 09:00.`"""
    what = {
        AnswerKind.ON_IT: "is on it",
        AnswerKind.PLANNED: "says this is planned",
        AnswerKind.ASKED: "asked for more",
    }[answer.kind]
    when = moment(answer.at, figures.time_zone)
    return f"{person(answer.by)} {what} ({when}){_until(answer, figures)}."


def _until(answer: Answer, figures: AlertFigures) -> str:
    """The day of a plan includes that day; the term of other answers is a moment."""
    if answer.until is None:
        return ""
    if answer.until >= figures.period_ends_at:
        return ", until the end of the period"
    if answer.kind is AnswerKind.PLANNED:
        last = (answer.until - timedelta(seconds=1)).astimezone(figures.time_zone)
        return f", until the end of {last:%a %-d %b}"
    return f", until {moment(answer.until, figures.time_zone)}"


def below(alert_id: int, figures: AlertFigures, shown: Shown) -> tuple[str, list[Block]]:
    """What was said, for screen readers and as blocks; a replaced alert has no buttons."""
    sentences: list[str] = []
    blocks: list[Block] = []
    if shown.answer is not None:
        text = said(shown.answer, figures)
        blocks.append(section(text, "answer"))
        if shown.answer.note:
            blocks.append(quoted(shown.answer.note, "note"))
            text += f" “{one_line(shown.answer.note)}”"
        sentences.append(text)
    if shown.feedback is not None:
        judged, by = shown.feedback
        text = f"{JUDGED[judged]}, says {person(by)}."
        sentences.append(text)
        blocks.append(section(text, "feedback"))
    if shown.over_at is not None and shown.replaced is None:
        text = f"Over {moment(shown.over_at, figures.time_zone)}: it spends as usual again."
        sentences.append(text)
        blocks.append(section(text, "over"))
    if shown.replaced is not None:
        text = _replaced(shown.replaced, figures)
        sentences.append(text)
        blocks.append(section(text, "replaced"))
    else:
        blocks.append(actions(_afterwards(alert_id, figures, shown)))
    return " ".join(sentences), blocks


def _replaced(by: Replaced, figures: AlertFigures) -> str:
    of = f" for {one_line(by.name, 80)}" if by.name else ""
    when = moment(by.at, figures.time_zone)
    return f"Replaced by the newer alert{of}: {by.stage.word}, {when}. Please answer that one."


def _afterwards(alert_id: int, figures: AlertFigures, shown: Shown) -> list[Button]:
    about = f"{figures.name}, {figures.stage.word}"
    buttons = meanwhile(alert_id, figures)
    if shown.feedback is None:
        useful, noise = JUDGED[Feedback.USEFUL], JUDGED[Feedback.NOISE]
        buttons += [
            button(useful, "alert:useful", str(alert_id), spoken=f"This was useful: {about}"),
            button(noise, "alert:noise", str(alert_id), spoken=f"This was noise: {about}"),
        ]
    return buttons


def answers(alert_id: int, figures: AlertFigures) -> list[Button]:
    """The buttons of an alert that waits for an answer."""
    about = f"{figures.name}, {figures.stage.word}"
    return [
        button("I'm on it", "alert:ack", str(alert_id), "primary", spoken=f"I'm on it: {about}"),
        ask_for_more(alert_id, figures),
        button("Planned…", "alert:planned", str(alert_id), spoken=f"This is planned: {about}"),
        *last_word(alert_id, figures),
        *_glass(alert_id, figures),
    ]


def meanwhile(alert_id: int, figures: AlertFigures) -> list[Button]:
    """What can still be done about an alert that was answered."""
    return [
        *last_word(alert_id, figures),
        ask_for_more(alert_id, figures),
        *_glass(alert_id, figures),
    ]


def _glass(alert_id: int, figures: AlertFigures) -> list[Button]:
    """For the owner of a critical budget, when it is late."""
    if not figures.glass:
        return []
    return [break_glass(alert_id, figures.name)]


def break_glass(alert_id: int, budget_name: str) -> Button:
    """The handler asks who pressed it, and whether it was broken already."""
    spoken = f"Break the glass of {budget_name}"
    return button("Break the glass…", "alert:break_glass", str(alert_id), "danger", spoken=spoken)


def ask_for_more(alert_id: int, figures: AlertFigures) -> Button:
    spoken = f"Ask for more budget for {figures.name}"
    return button("Ask for more", "alert:request", str(alert_id), spoken=spoken)
