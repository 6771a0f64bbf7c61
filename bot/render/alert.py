"""The DM of an alert: stage, figures, runway, what happens at the limit, what is asked for."""

from datetime import datetime

from bot.domain.alerts import AlertFigures
from bot.domain.budgets import Stage
from bot.domain.forecast import Confidence
from bot.domain.money import dollars
from bot.domain.stages import Reason
from bot.render.answer import Shown, answers, below
from bot.render.blocks import (
    Rendered,
    actions,
    context,
    escape,
    header,
    message,
    moment,
    one_line,
    section,
)
from bot.render.figures import (
    BASIS,
    response_word,
    runway_text,
    spent_of_limit,
    transfers,
    whole,
)
from bot.render.figures import at_limit as response_at_limit
from bot.render.grace import response_text

MARK = {
    Stage.LOOK: "👀",
    Stage.RESPOND: "✋",
    Stage.INTERVENE: "🚨",
    Stage.EXHAUSTED: "⛔",
}
LEAD = "lead"  # the block that begins a reminder
ASKED = {
    Stage.LOOK: "Please have a look",
    Stage.RESPOND: "Please say what you will do",
    Stage.INTERVENE: "Please act now",
    Stage.EXHAUSTED: "Please say what happens now",
}


def alert_message(
    alert_id: int,
    figures: AlertFigures,
    shown: Shown | None = None,
    lead: str | None = None,
    now: datetime | None = None,
) -> Rendered:
    """
    `shown` is what was said since; it takes the question and its buttons away. `now`: when it is
    shown again, for a time to answer that may be over.

    `lead` begins a reminder: why this comes again, and how it stands now.
    """
    f = figures
    zone = f.time_zone
    spent = spent_of_limit(f.spent, f.limit, f.estimated)
    ahead = " ".join(_ahead(f))
    response = response_word(f.at_limit, is_held=f.is_held)
    at_limit = f"At the limit {response_at_limit(response, f.grace_span)}."
    if f.stage is Stage.EXHAUSTED:
        at_limit = response_text(f)
    ask = f"{ASKED[f.stage]}." if lead else asked(f, now)
    raised = f" The limit includes {dollars(f.raised)} of exceptions." if f.raised else ""
    raised += "".join(f" The limit {said}." for said in transfers(f.transfers, zone))
    asof = f"as of {moment(f.as_of, zone)}" if f.as_of else "as of the last poll"
    age = f"{asof} · {BASIS[f.basis]} · period ends {moment(f.period_ends_at, zone)}"
    text = (
        f"{f.stage.word}: {one_line(f.name)} has spent {spent}, {age}. {ahead}{raised} {at_limit} "
    )
    blocks = [
        header(f"{MARK[f.stage]} {f.stage.word}: {f.name} {f.percent} %"),
        section(
            f"*{escape(f.name)}* has spent *{spent}*.{raised}\n{ahead} {at_limit}",
            "figures",
        ),
        context(age, "age"),
    ]
    if lead:
        text = f"{lead} {text}"
        blocks.insert(1, section(lead, LEAD))
    if shown is None:
        blocks += [section(f"*{ask}*", "ask"), actions(answers(alert_id, f))]
        return message(text + ask, *blocks)
    said, more = below(alert_id, f, shown)
    return message(text + said, *blocks, *more)


def asked(f: AlertFigures, now: datetime | None = None) -> str:
    """`Please act now by Mon 2 Nov 10:30.`, or that this time is over."""
    by = moment(f.answer_by, f.time_zone)
    if now is not None and f.answer_by <= now:
        return f"{ASKED[f.stage]}; the time to answer was over {by}."
    return f"{ASKED[f.stage]} by {by}."


def _ahead(f: AlertFigures) -> list[str]:
    """When the money runs out against the lead time, what that rests on, and what drove it."""
    runs_out = runway_text(
        f.runs_out_at,
        f.daily_rate,
        f.stage is Stage.EXHAUSTED,
        f.time_zone,
        f.confidence,
    )
    sentences = [f"Far faster than usual: {f.spike}"] if f.spike else []
    sentences.append(f"{runs_out[0].upper()}{runs_out[1:]}{_against_lead_time(f)}.")
    if f.stage is Stage.EXHAUSTED:
        return [*sentences, *_drove(f)]
    if f.reason is Reason.SPIKE:
        return [*sentences, *_drove(f)]
    if f.p50 is not None and f.p80 is not None:
        sentences.append(
            f"Forecast for the period {dollars(whole(f.p50))}, and with 80 % certainty no more "
            f"than {dollars(whole(f.p80))}."
        )
    if f.explained and f.p50 is not None:
        sentences.append(f.explained)
    return [*sentences, *_drove(f)]


def _against_lead_time(f: AlertFigures) -> str:
    """`, 4 working days short of your lead time of 5 working days`: the number that decides."""
    if not f.spare or f.stage is Stage.EXHAUSTED or f.confidence in (None, Confidence.NONE):
        return ""
    return f", {f.spare} your lead time of {f.lead_time}"


def _drove(f: AlertFigures) -> list[str]:
    if f.driver is None:
        return []
    d = f.driver
    days, before = ("in that time", "as much time") if d.sudden else ("in the last 7 days", "the 7")
    against = f" against {dollars(whole(d.before))} in {before} before" if d.compared else ""
    name = one_line(d.name, 80)
    return [f"What drove it: {d.kind} {name}, {dollars(whole(d.spent))} {days}{against}."]
