"""The Home tab: what waits for somebody, where their budgets stand, and the buttons for both."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from slackblocks import Block, Button, HomeTabView, Markdown, SectionBlock

from bot.domain.alerts import AlertFigures
from bot.domain.money import Micros, dollars
from bot.domain.policy import Basis
from bot.domain.standings import Freshness, Standing
from bot.render.alert import ASKED, MARK
from bot.render.blocks import (
    actions,
    button,
    context,
    header,
    moment,
    one_line,
    person,
    quoted,
    section,
)
from bot.render.decision_buttons import agreeing, deciding
from bot.render.exception import end_now
from bot.render.figures import BASIS, as_of, runway, spent_of_limit
from bot.render.request import Card
from bot.render.status import bar

Thing = TypeVar("Thing")
View = dict[str, Any]
NAME, WORDS = 80, 600  # characters of a name, and of somebody's reason
AGE = "age"
# With their headers and what was left out these are below the 100 blocks of a Home tab.
DECISIONS, ALERTS, REQUESTS, EXCEPTIONS, BUDGETS = 8, 8, 8, 8, 25


@dataclass(frozen=True, slots=True)
class OnHome:
    """A budget, and the parent that binds before it, when one does."""

    standing: Standing
    binding: Standing | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for somebody. `gives`: they own the budget it would be taken from."""

    card: Card
    gives: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """An exception that holds."""

    request: int
    extra: Micros
    ends_at: datetime
    budget_name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Home:
    """What one person sees. `own`: whether the budgets are theirs, or the top of the tree."""

    own: bool
    budgets: Sequence[OnHome]
    alerts: Sequence[tuple[int, AlertFigures]]
    to_decide: Sequence[Asked]
    requests: Sequence[Card]
    exceptions: Sequence[Live]
    freshness: Freshness
    basis: Basis
    zone: ZoneInfo
    command: str


def home_view(home: Home) -> View:
    """The view to publish; at most 100 blocks, and what is left out is counted."""
    more = f"{home.command} status all"
    blocks = [
        *_part("Waiting for your decision", home.to_decide, DECISIONS, _to_decide, "see the DMs"),
        *_part("Waiting for your answer", home.alerts, ALERTS, _alert, "see the DMs"),
        *_part("Your open requests", home.requests, REQUESTS, _request, "see the DMs"),
        *_part("Exceptions that hold", home.exceptions, EXCEPTIONS, _exception, more),
        *_part("Your budgets" if home.own else "Budgets", home.budgets, BUDGETS, _budget, more),
    ]
    if not home.budgets:
        blocks.append(section("No budgets yet.", "none"))
    age = f"{as_of(home.freshness, home.zone)} · {BASIS[home.basis]}"
    blocks.append(context(age, AGE))
    view: View = HomeTabView(blocks, callback_id="home").to_dict()
    return view


def digest(view: View) -> str:
    """
    Names what is shown. The line on the age is left out: it changes with every poll, and the
    figures that did not change since are as of then, too.
    """
    shown = [block for block in view["blocks"] if block.get("block_id") != AGE]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def _part(
    title: str,
    things: Sequence[Thing],
    most: int,
    shown: Callable[[Thing], Iterable[Block]],
    where: str,
) -> list[Block]:
    if not things:
        return []
    blocks = [header(title, f"part_{title.lower().replace(' ', '_')}")]
    for thing in things[:most]:
        blocks += shown(thing)
    if len(things) > most:
        left = f"and {len(things) - most} more: {where}"
        blocks.append(context(left, f"more_{title.lower().replace(' ', '_')}"))
    return blocks


def _budget(on: OnHome) -> list[Block]:
    """Bar, figures and what they mean; one block, with the button beside it."""
    s = on.standing
    zone = s.budget.time_zone
    lines = [f"*{_name(s.budget.name)}*  {bar(s)}", spent_of_limit(s.spent, s.limit, s.estimated)]
    if s.limit is not None:
        lines[1] += f"; {runway(s, zone)}"
    if s.freshness.stale and s.freshness.as_of is not None:
        since = s.freshness.blind_since or s.freshness.as_of
        lines.append(f"blind since {moment(since, zone)}")
    b = on.binding
    if b is not None:
        left = f"{dollars(b.headroom or Micros(0))} left of {dollars(b.limit or Micros(0))}"
        lines.append(f"its parent {_name(b.budget.name)} binds first: {left}")
    ask = None
    if s.limit is not None:
        spoken = f"Ask for more budget for {s.budget.name}"
        ask = button("Ask for more", "request:open", s.budget.id, spoken=spoken)
    return [_beside("\n".join(lines), f"budget_{s.budget.id}", ask)]


def _alert(alert: tuple[int, AlertFigures]) -> list[Block]:
    number, f = alert
    text = (
        f"{MARK[f.stage]} *{f.stage.word}: {_name(f.name)}* has spent "
        f"{spent_of_limit(f.spent, f.limit, f.estimated)}. {ASKED[f.stage]} by "
        f"{moment(f.answer_by, f.time_zone)}."
    )
    name = f.name[:NAME]
    buttons = [
        button("I'm on it", "alert:ack", str(number), "primary", spoken=f"I'm on it: {name}"),
        button("Ask for more", "alert:request", str(number), spoken=f"Ask for more for {name}"),
    ]
    return [section(text, f"alert_{number}"), actions(buttons, f"alert_{number}_buttons")]


def _to_decide(asked: Asked) -> list[Block]:
    """As on the card, in fewer words; the same buttons with the same values."""
    card, r = asked.card, asked.card.request
    text = (
        f"*#{r.id}*: {person(r.requester)} asks for *{dollars(r.amount)}* more for "
        f"{_name(card.budget_name)} until {moment(r.ends_at, card.zone)}. Spent when asked: "
        f"{spent_of_limit(r.figures.spent, r.figures.limit)}. Expires "
        f"{moment(r.expires_at, card.zone)} without a decision."
    )
    if card.donor:
        text += f" The dollars come from {_name(card.donor)}."
    buttons = agreeing if asked.gives and card.donor else deciding
    about = card.donor if asked.gives and card.donor else card.budget_name
    return [
        section(text, f"decide_{r.id}"),
        quoted(f"Reason: {r.reason}"[:WORDS], f"decide_{r.id}_reason"),
        actions(buttons(r, about[:NAME], card.zone), f"decide_{r.id}_buttons"),
    ]


def _request(card: Card) -> list[Block]:
    r = card.request
    text = (
        f"*#{r.id}*: {dollars(r.amount)} more for {_name(card.budget_name)} until "
        f"{moment(r.ends_at, card.zone)}. Expires {moment(r.expires_at, card.zone)} without a "
        "decision."
    )
    withdraw = button("Withdraw", "request:withdraw", str(r.id), spoken=f"Withdraw request {r.id}")
    return [_beside(text, f"request_{r.id}", withdraw)]


def _exception(live: Live) -> list[Block]:
    name = _name(live.budget_name)
    text = (
        f"{name}: {dollars(live.extra)} more until {moment(live.ends_at, live.zone)} "
        f"(request #{live.request})"
    )
    end = end_now(
        live.request, live.budget_name[:NAME], f"The limit is {dollars(live.extra)} lower at once."
    )
    return [_beside(text, f"exception_{live.request}", end)]


def _beside(text: str, block_id: str, beside: Button | None) -> Block:
    words = Markdown(text[:3000], verbatim=True)
    return SectionBlock(words, block_id=block_id[:255], accessory=beside)


def _name(text: str) -> str:
    return one_line(text, NAME)
