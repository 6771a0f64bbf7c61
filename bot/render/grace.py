"""Grace at a limit that is reached: what is said, and the buttons of the owner's last word."""

from slackblocks import Button, ConfirmationDialogue, PlainText

from bot.domain.alerts import AlertFigures
from bot.domain.grace import Grace, Word
from bot.domain.standings import Standing
from bot.render.blocks import Rendered, button, escape, message, moment, person, section
from bot.render.figures import AT_LIMIT, LATER_AT_LIMIT, NOW_AT_LIMIT, response_word, spent_of_limit

STATE = {"throttle": "throttled", "block": "blocked"}


def response_text(f: AlertFigures) -> str:
    """`Usage is throttled from Tue 24 Nov 14:00 on.`"""
    grace = f.grace
    if grace is None:
        return NOW_AT_LIMIT[response_word(f.at_limit, is_held=f.is_held)]
    if grace.over_at is not None:
        return f"Usage is {STATE[f.at_limit]} since {moment(grace.over_at, f.time_zone)}."
    if grace.ends_at >= f.period_ends_at:
        text = "Nothing is cut before the period is over."
    else:
        text = f"{LATER_AT_LIMIT[f.at_limit]} {moment(grace.ends_at, f.time_zone)} on."
    if grace.word is Word.HOLD and grace.word_by:
        text += f" {person(grace.word_by)} has held it off once."
    return text


def last_word(alert_id: int, f: AlertFigures) -> list[Button]:
    """While the response is still to come; it can be held off once."""
    grace = f.grace
    if grace is None or grace.over_at is not None or grace.word is Word.NOW:
        return []
    confirm = ConfirmationDialogue(
        title=PlainText("Do not wait?"),
        text=PlainText(f"{AT_LIMIT[f.at_limit].capitalize()} at once."),
        confirm=PlainText("Do it now"),
        deny=PlainText("Wait"),
    )
    value = str(alert_id)
    spoken = f"Usage of {f.name} is {STATE[f.at_limit]} now"
    buttons = [button("Do it now", "limit:now", value, "danger", confirm, spoken)]
    if grace.word is None:
        spoken = f"Hold off for {f.name}, once, by {f.grace_span}"
        buttons.append(button("Hold off", "limit:hold", value, spoken=spoken))
    return buttons


def over_note(standing: Standing, grace: Grace) -> Rendered:
    """One line for the owner when the response holds."""
    budget = standing.budget
    why = "the time to act is over"
    if grace.word is Word.NOW and grace.word_by:
        why = f"{person(grace.word_by)} did not want to wait"
    text = (
        f"⛔ {escape(budget.name)}: {why}, so usage is {STATE[budget.at_limit]} from now on. "
        f"Spent {spent_of_limit(standing.spent, standing.limit)}."
    )
    return message(text, section(text, "over"))


def held_off_note(standing: Standing, grace: Grace) -> Rendered:
    """For those who should know that the response comes later than written down."""
    budget = standing.budget
    until = moment(grace.ends_at, budget.time_zone)
    text = (
        f"{escape(budget.name)}: {person(grace.word_by or '')} holds the response off, once, until "
        f"{until}. Spent {spent_of_limit(standing.spent, standing.limit)}; then "
        f"{AT_LIMIT[budget.at_limit]}."
    )
    return message(text, section(text, "held_off"))
