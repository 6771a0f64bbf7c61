"""One of each thing that is shown of an increase request of Claude Enterprise."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bot.domain.budgets import BudgetId, Stage
from bot.domain.increases import FallsOn, Increase, IncreaseFigures, IncreaseState, Member
from bot.domain.money import micros
from bot.render.blocks import Rendered
from bot.render.increase import IncreaseCard, decider_note, increase_card, member_note
from bot.render.increase_modals import View, approve_modal, deny_modal
from bot.render.increase_notes import (
    nameless_note,
    nobody_note,
    readable_again,
    refused_note,
    silent_note,
    unreadable,
)
from tests.domain.values import HOUR, NEW_YORK, NOW

SEARCH = FallsOn(
    BudgetId("search"), "Search ranking", micros(61), micros(81), micros(100), Stage.RESPOND
)
GROWTH = FallsOn(BudgetId("growth"), "Growth", micros(30), micros(30), micros(300))
APPROVED, DENIED = IncreaseState.APPROVED, IncreaseState.DENIED
BY_KIM = "already approved by Kim at 2026-11-23 15:00 UTC"
UNKNOWN = "Anthropic does not know this request any more"
SUMMARY = "Increase request #7 of Tom: monthly limit now $500, spent of it so far $431.20."


def increase(state: IncreaseState = IncreaseState.PENDING, **changes: object) -> Increase:
    """Tom's request; Fin decides it, for $700 when it is approved."""
    figures = IncreaseFigures(micros(500), micros("431.205"), NOW, "v1", (SEARCH, GROWTH))
    member = Member("user_01tom", "Tom", "tom@example.com", "U0TOM")
    found = Increase(7, "slir_01", member, "monthly", NOW, figures, state)
    if state in {APPROVED, DENIED}:
        found = replace(
            found,
            decided_at=NOW + HOUR,
            decided_by="U0FIN",
            reason="conference week" if state is APPROVED else "use Haiku for drafts",
            granted=micros(700) if state is APPROVED else None,
        )
    return replace(found, **changes)  # type: ignore[arg-type]


def shown(state: IncreaseState = IncreaseState.PENDING, **changes: object) -> IncreaseCard:
    """The card of that request."""
    return IncreaseCard(increase(state, **changes), NEW_YORK, "finance or leads")


SILENT = replace(shown(APPROVED, failing_since=NOW + HOUR), silent_since=NOW + HOUR)
UNCAPPED = IncreaseFigures(None, micros(0), NOW, "v1", (replace(GROWTH, share=None),))
NOWHERE = replace(increase().figures, budgets=())
STRANGER = Member("user_01ann", "Ann <b>", "ann@example.com")
OVERRULED = shown(
    IncreaseState.ELSEWHERE, decided_by="U0FIN", granted=micros(700), elsewhere=BY_KIM
)

INCREASE_MESSAGES: dict[str, Callable[[], Rendered]] = {
    "increase pending": lambda: increase_card(shown()),
    "increase of a stranger to Slack": lambda: increase_card(
        shown(member=STRANGER, figures=UNCAPPED, period="daily")
    ),
    "increase of nobody's usage": lambda: increase_card(shown(figures=NOWHERE)),
    "increase accepted": lambda: increase_card(shown(APPROVED)),
    "increase confirmed": lambda: increase_card(shown(APPROVED, confirmed_at=NOW + HOUR)),
    "increase denied": lambda: increase_card(shown(DENIED, confirmed_at=NOW + HOUR)),
    "increase refused": lambda: increase_card(shown(DENIED, refused="the key may not do this.")),
    "increase that waits for Anthropic": lambda: increase_card(SILENT),
    "increase decided elsewhere": lambda: increase_card(
        shown(IncreaseState.ELSEWHERE, elsewhere=BY_KIM)
    ),
    "increase that came too late": lambda: increase_card(OVERRULED),
    "increase gone": lambda: increase_card(
        shown(IncreaseState.GONE, decided_by="U0FIN", elsewhere=UNKNOWN)
    ),
    "increase for the member": lambda: member_note(shown(APPROVED, confirmed_at=NOW + HOUR)),
    "increase for whoever decided": lambda: decider_note(OVERRULED),
    "increase nobody may decide": lambda: nobody_note(shown()),
    "increase without an address": lambda: nameless_note(shown(member=STRANGER)),
    "increase refused, for operators": lambda: refused_note(
        shown(APPROVED, refused="the key may not do this"), 3
    ),
    "increase silent, for operators": lambda: silent_note(SILENT, "503 from a proxy"),
    "increases unreadable": lambda: unreadable(NOW, "the key was refused", NEW_YORK),
    "increases readable again": lambda: readable_again(NOW, NEW_YORK),
}
INCREASE_MODALS: dict[str, Callable[[], View]] = {
    "raise a member's limit": lambda: approve_modal("7.1 C024BE91L", SUMMARY, "monthly", "$630"),
    "deny a member": lambda: deny_modal("7.1 C024BE91L 1700000000.000100", SUMMARY),
}


def increase_messages(words: str) -> Iterator[Rendered]:
    """Every message, with those words wherever somebody can put words of their own."""
    member = Member("user_01tom", words, "tom@example.com")
    figures = replace(increase().figures, budgets=(replace(SEARCH, name=words[:200]),))
    common: dict[str, Any] = {"member": member, "figures": figures}
    pending = shown(**common)
    yield increase_card(pending)
    for state in (APPROVED, DENIED):
        card = shown(state, reason=words, refused=words, **common)
        yield from (increase_card(card), member_note(card), refused_note(card, 3))
    for state in (IncreaseState.ELSEWHERE, IncreaseState.GONE):
        card = shown(state, elsewhere=words, **common)
        yield from (increase_card(card), decider_note(card))
    yield from (nobody_note(pending), nameless_note(pending), silent_note(pending, words))
    yield unreadable(NOW, words, NEW_YORK)


def increase_views(words: str) -> Iterator[View]:
    """Every form, likewise."""
    yield from (approve_modal("7.1", words, "monthly", "$630"), deny_modal("7.1", words))
