"""Overage requests: asked, decided once, asked about, reminded of, withdrawn, expired."""

from bot.flows.overages.asking import ask, expire, withdraw
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
from bot.flows.overages.outcomes import Asked, Counted, Decided, NotDecided, Outcome
from bot.flows.overages.questions import answer, put_question
from bot.flows.overages.reminding import remind

__all__ = [
    "AS_IT_IS",
    "Asked",
    "Click",
    "Counted",
    "Decided",
    "NotDecided",
    "Outcome",
    "adjust_form",
    "answer",
    "answer_form",
    "ask",
    "decide",
    "deny_form",
    "expire",
    "put_question",
    "question_form",
    "remind",
    "tell_if_nobody_is_left",
    "terms_of",
    "who_decides",
    "why_not",
    "withdraw",
]
