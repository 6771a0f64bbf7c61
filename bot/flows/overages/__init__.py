"""Overage requests: asked, decided once, asked about, reminded of, withdrawn, expired."""

from bot.flows.overages.asking import ask, expire, withdraw
from bot.flows.overages.asking_form import change_form, preview_form, request_form
from bot.flows.overages.changing import change
from bot.flows.overages.clicks import AS_IT_IS, Click
from bot.flows.overages.deciding import decide
from bot.flows.overages.electorate import tell_if_nobody_is_left, who_decides
from bot.flows.overages.forms import (
    adjust_form,
    answer_form,
    deny_form,
    question_form,
    terms_of,
    why_not,
)
from bot.flows.overages.glass import break_glass, glass_form
from bot.flows.overages.outcomes import Asked, Counted, Decided, NotDecided, Outcome
from bot.flows.overages.questions import answer, put_question
from bot.flows.overages.reminding import remind
from bot.render.overage_modal import Filled

__all__ = [
    "AS_IT_IS",
    "Asked",
    "Click",
    "Counted",
    "Decided",
    "Filled",
    "NotDecided",
    "Outcome",
    "adjust_form",
    "answer",
    "answer_form",
    "ask",
    "break_glass",
    "change",
    "change_form",
    "decide",
    "deny_form",
    "expire",
    "glass_form",
    "preview_form",
    "put_question",
    "question_form",
    "remind",
    "request_form",
    "tell_if_nobody_is_left",
    "terms_of",
    "who_decides",
    "why_not",
    "withdraw",
]
