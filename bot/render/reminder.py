"""What begins an alert that comes again: who was asked since when, and how it stands now."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertFigures, Answer
from bot.domain.escalation import Step
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from bot.render.answer import said
from bot.render.blocks import Rendered, message, moment, people, section
from bot.render.figures import as_of, spent_of_limit

_NEXT = {
    Step.BACKUP: "the backup is asked",
    Step.APPROVERS: "the approvers are told",
    Step.CHANNEL: "it is said in the channel",
}


def reminder_lead(
    step: Step,
    figures: AlertFigures,
    asked: Sequence[str],
    since: datetime | None,
    now: Standing,
    then: tuple[Step, datetime] | None,
    answer: Answer | None = None,
) -> str:
    """
    `asked` are those who did not answer since then; `then` is what follows when nobody does.
    Without `since` they did answer once, and the term of that is over.

    `answer`: its term is over, and the stage is still there.
    """
    f, zone = figures, figures.time_zone
    who = people(asked)
    start = {
        Step.REMINDER: "Reminder:",
        Step.BACKUP: "For you as the backup:",
        Step.APPROVERS: "For you as an approver:",
        Step.CHANNEL: "Nobody has answered:",
    }[step]
    if answer is not None:
        why = f"{said(answer, f).removesuffix('.')}; that is over, and the stage is still there."
    elif step is Step.REMINDER:
        why = f"no answer since {moment(since, zone)}." if since else "no answer yet."
    else:
        has = "has" if len(asked) == 1 else "have"
        why = f"{who} {has} not answered since the last answer was over."
        if since is not None:
            why = f"{who} {has} been asked since {moment(since, zone)} without an answer."
    stands = spent_of_limit(now.spent, now.limit, now.estimated)
    text = f"{start} {why} Now {stands}, {as_of(now.freshness, zone)}."
    if then is not None and then[0] in _NEXT:
        goes_on = ", and if it goes on," if f.reason is Reason.SPIKE else ""
        text += f" Without an answer{goes_on} {_NEXT[then[0]]} {moment(then[1], zone)}."
    return text


def with_lead(rendered: Rendered, lead: str | None) -> Rendered:
    """The same message, with a sentence for whom it is before it."""
    if lead is None:
        return rendered
    first = message(lead, section(lead, "for"))
    return Rendered(f"{lead} {rendered.text}", [*first.blocks, *rendered.blocks])


def unreached(names: Sequence[str]) -> str:
    """Begins the copy of whoever gets it in place of people whom Slack does not reach."""
    return f"For {people(names)}, who cannot be reached in Slack:"
