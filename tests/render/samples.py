"""One of each thing the bot shows, with figures that can be checked by eye."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from bot.domain.alerts import (
    Alert,
    AlertFigures,
    AlertQuality,
    Answer,
    AnswerKind,
    Feedback,
    figures_of,
)
from bot.domain.budgets import AtLimit, Budget, BudgetId, Funding, PersonRef, Stage
from bot.domain.buying import Buys
from bot.domain.delegations import Delegation
from bot.domain.escalation import Step, ladder_of, told_before
from bot.domain.funding import Reserve, Sources
from bot.domain.grace import Grace, Word
from bot.domain.increases import IncreaseState
from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros, micros
from bot.domain.overages import FundedBy, OverageRequest, RequestKind, RequestState, Terms
from bot.domain.overages import figures_of as seen
from bot.domain.periods import midnight
from bot.domain.policy import Basis
from bot.domain.spans import Span
from bot.domain.stages import Reason
from bot.domain.standings import Freshness, Standing
from bot.domain.targets import WEBHOOK
from bot.domain.terms import Changed
from bot.render import notice
from bot.render.alert import alert_message
from bot.render.answer import Replaced, Shown
from bot.render.blocks import Rendered
from bot.render.card import Card, Progress, deciders_text
from bot.render.decision_modals import adjust_modal, deny_modal, question_modal
from bot.render.decision_modals import answer_modal as request_answer_modal
from bot.render.decision_notes import (
    donor_note,
    no_longer_yours,
    nobody_note,
    reminder_note,
    waiting_lead,
)
from bot.render.delegation import in_place_of, made, made_for, note
from bot.render.digest import Digest, digest_message
from bot.render.funding import funding_block, source_text
from bot.render.glass import glass_modal
from bot.render.grace import held_off_note, over_note
from bot.render.modals import View, answer_modal, plan_modal
from bot.render.outcome import raise_note, requester_note
from bot.render.overage_modal import Filled, overage_modal
from bot.render.preview import Previewed, preview_text
from bot.render.question import (
    answer_note,
    question_answered,
    question_for_requester,
    question_note,
)
from bot.render.reminder import reminder_lead, with_lead
from bot.render.request import receipt, request_card
from bot.render.status import Detail, help_message, plain, status_detail, status_list
from bot.render.targets import Follower
from tests.domain.values import (
    BUDGET,
    DAY,
    FRESH,
    HOUR,
    NEW_YORK,
    NOW,
    PERIOD,
    STALE,
    UNLIMITED,
    policy,
    raised,
    standing,
)
from tests.render.increase_samples import INCREASE_MESSAGES, INCREASE_MODALS, increase

GROWTH = replace(
    BUDGET, id=BudgetId("growth"), name="Growth", limit=micros(300), at_limit=AtLimit.NOTIFY
)
PLATFORM = replace(
    BUDGET, id=BudgetId("platform"), name="Platform", limit=micros(1000), owner=PersonRef("U0PAT")
)
RESERVE = Reserve(micros("60000"), micros("52000"))
CHANGED = Changed(NOW + HOUR, Terms(micros("30"), NOW + 2 * DAY))
REASON = "launch week: reranking twice the traffic"


def figures(
    spent: str, *raises: TemporaryRaise, daily: str = "8", budget: Budget = BUDGET
) -> AlertFigures:
    """What the alert at that spend says."""
    s = standing(spent, *raises, daily=daily, budget=budget)
    stage = s.stage or Stage.LOOK
    return figures_of(Alert(s, stage, Reason.SHARE), policy(budget), NOW)


LENIENT = replace(BUDGET, grace=Span(2 * HOUR))
HELD_OFF = {"ends_at": NOW + 4 * HOUR, "word": Word.HOLD, "word_by": "U0DANA", "word_at": NOW}


def at_its_limit(**changes: object) -> AlertFigures:
    """The alert of a budget whose response comes two hours later."""
    f = figures("104.20", budget=LENIENT)
    return replace(f, grace=replace(f.grace, **changes))  # type: ignore[type-var]


def request(state: RequestState = RequestState.PENDING, **changes: object) -> OverageRequest:
    """Tom's request for $50, decided by Fin when it is decided."""
    pending = OverageRequest(
        id=42,
        budget=BUDGET.id,
        requester="U0TOM",
        amount=micros("50"),
        reason=REASON,
        ends_at=PERIOD.ends_at,
        lists=("finance",),
        both=False,
        state=RequestState.PENDING,
        asked_at=NOW,
        expires_at=NOW + DAY,
        figures=seen(standing("81", daily="8"), "v1"),
    )
    if state is not RequestState.PENDING:
        decided_by = () if state is RequestState.EXPIRED else ("U0FIN",)
        pending = replace(pending, state=state, decided_at=NOW + HOUR, decided_by=decided_by)
    return replace(pending, **changes)  # type: ignore[arg-type]


def previewed() -> Previewed:
    """What $20 more would buy Growth, with a forecast."""
    return Previewed(
        most=micros("150"),
        latest=date(2026, 12, 7),
        zone=NEW_YORK,
        period_ends=PERIOD.ends_at,
        buys=Buys(micros("320"), NOW + DAY, NOW + 3 * DAY, micros("310"), micros("340")),
        ends_at=PERIOD.ends_at,
        deciders="finance (Fin) and leads (its user group) together",
    )


def card(
    state: RequestState = RequestState.PENDING,
    progress: Progress | None = None,
    votes: tuple[str, ...] = (),
    name: str = BUDGET.name,
    offered: Terms | None = None,
    questions: int = 0,
    answered: int = 0,
    donor: str | None = None,
    changed: Changed | None = None,
    **changes: object,
) -> Card:
    """The card of that request."""
    r = request(state, **changes)
    deciders = deciders_text(r.lists, r.both, donor)
    found = Card(r, name, NEW_YORK, deciders, votes, progress, offered, questions, answered, donor)
    return replace(found, changed=changed)


def progress(**changes: object) -> Progress:
    """An approved exception of $50 on the way to a target."""
    more = raised("50", NOW + HOUR, PERIOD.ends_at, request=42)
    started = Progress(raised=more, limit=micros("150"), target=True)
    return replace(started, **changes)  # type: ignore[arg-type]


APPROVED = RequestState.APPROVED
QUESTION = "how much of it is the batch job?"
SMALLER = Terms(micros("30"), NOW + 2 * DAY)
LESS_MORE = progress(
    raised=raised("30", NOW + HOUR, SMALLER.ends_at, request=42), limit=micros("130")
)
LESS = card(APPROVED, LESS_MORE, granted=SMALLER.amount, granted_until=SMALLER.ends_at)
GLASS = card(
    APPROVED,
    LESS_MORE,
    kind=RequestKind.BREAK_GLASS,
    requester="U0DANA",
    amount=SMALLER.amount,
    granted=SMALLER.amount,
    ends_at=SMALLER.ends_at,
    decided_by=("U0DANA",),
    decision_reason=REASON,
)
TRANSFER = card(donor=GROWTH.name, funding=FundedBy(Funding.TRANSFER, GROWTH.id))
CONFIRMED = progress(applied_at=NOW + HOUR)
OVER = progress(applied_at=NOW + HOUR, ended_at=NOW + DAY, limit=micros("100"))
RESTORED = replace(OVER, restored_at=NOW + DAY)
NO_TARGET = progress(target=False)


def detail(**changes: object) -> Detail:
    """Where the search budget stands, with everything that explains it."""
    full = Detail(
        standing=standing("96.50", raised("50"), daily="12"),
        binding=standing("990", budget=PLATFORM),
        models=[("claude-opus-5-5", micros("80")), ("claude-haiku-5-5", micros("16.50"))],
        open_requests=[(42, micros("20"))],
        targets=[Follower(WEBHOOK)],
    )
    return replace(full, **changes)  # type: ignore[arg-type]


def some() -> list[Standing]:
    """Three budgets and what nobody claims, the fullest first."""
    return [
        standing("120", daily="9"),
        standing("850", budget=PLATFORM, daily="40"),
        standing("30", budget=GROWTH, daily="1"),
        standing("12.34", budget=UNLIMITED),
    ]


def digest(**changes: object) -> Digest:
    """A week with something of everything in it."""
    full = Digest(
        organization="Acme",
        starts_at=NOW - 7 * DAY,
        ends_at=NOW,
        zone=NEW_YORK,
        basis=Basis.NET,
        freshness=FRESH,
        standings=some(),
        unattributed=micros("41.30"),
        period_spend=micros("1012.80"),
        week_spend=micros("412.80"),
        week_before=micros("300"),
        decided=[
            request(APPROVED, granted=micros("50")),
            request(RequestState.DENIED, id=41),
            request(RequestState.EXPIRED, id=40),
            request(RequestState.WITHDRAWN, id=39, decided_by=("U0TOM",)),
        ],
        open=[request(id=43)],
        alerts=AlertQuality(5, 3, 2, 1, 2, 1, timedelta(days=4, hours=12)),
    )
    return replace(full, **changes)  # type: ignore[arg-type]


def listed(standings: list[Standing], freshness: Freshness = FRESH) -> Rendered:
    """All the budgets, as `/budget status all` shows them."""
    return status_list(standings, freshness, Basis.NET, NEW_YORK, "Acme: all budgets")


ON_IT = Answer(AnswerKind.ON_IT, "U0DANA", NOW + HOUR, "moving the reranker to Haiku", NOW + DAY)
PLANNED = Answer(
    AnswerKind.PLANNED, "U0DANA", NOW + HOUR, until=midnight(date(2026, 11, 28), NEW_YORK)
)
AWAY = Delegation("U0DANA", "U0LEE", NOW, midnight(date(2026, 11, 28), NEW_YORK))


def reminded(step: Step, answer: Answer | None = None) -> Rendered:
    """What somebody gets who is told because nobody answered."""
    told = figures("81")
    ladder = ladder_of(BUDGET, Stage.RESPOND, policy())
    then = ladder.after(step)
    lead = reminder_lead(
        step,
        told,
        told_before(ladder, step),
        None if answer else NOW,
        standing("85"),
        (then, NOW + DAY) if then else None,
        answer,
    )
    return alert_message(7, told, lead=lead)


MESSAGES: dict[str, Callable[[], Rendered]] = {
    "alert look": lambda: alert_message(7, figures("51")),
    "alert respond": lambda: alert_message(7, figures("81")),
    "alert intervene": lambda: alert_message(7, figures("96.50", daily="30")),
    "alert exhausted": lambda: alert_message(7, figures("104.20")),
    "alert in its grace": lambda: alert_message(7, at_its_limit()),
    "alert in a grace longer than the period": lambda: alert_message(
        7, at_its_limit(ends_at=PERIOD.ends_at + DAY)
    ),
    "alert held off": lambda: alert_message(7, at_its_limit(**HELD_OFF)),
    "alert after its grace": lambda: alert_message(7, at_its_limit(over_at=NOW + 2 * HOUR)),
    "alert before a grace": lambda: alert_message(7, figures("96.50", budget=LENIENT)),
    "grace is over": lambda: over_note(standing("104.20", budget=LENIENT), Grace(NOW, NOW + HOUR)),
    "grace is ended": lambda: over_note(
        standing("104.20", budget=LENIENT), Grace(NOW, NOW, Word.NOW, "U0LEE", NOW)
    ),
    "grace is held off": lambda: held_off_note(
        standing("104.20", budget=LENIENT),
        Grace(NOW, NOW + 4 * HOUR, Word.HOLD, "U0DANA", NOW),
    ),
    "alert exhausted, critical": lambda: alert_message(7, replace(figures("104"), glass=True)),
    "alert under an exception": lambda: alert_message(7, figures("96", raised("50"))),
    "alert on it": lambda: alert_message(7, figures("81"), Shown(ON_IT)),
    "alert planned": lambda: alert_message(7, figures("81"), Shown(PLANNED)),
    "alert asked for more": lambda: alert_message(
        7, figures("81"), Shown(Answer(AnswerKind.ASKED, "U0DANA", NOW + HOUR))
    ),
    "alert judged": lambda: alert_message(
        7, figures("81"), Shown(ON_IT, feedback=(Feedback.NOISE, "U0DANA"))
    ),
    "alert replaced": lambda: alert_message(
        7, figures("81"), Shown(replaced=Replaced(Stage.INTERVENE, NOW + DAY))
    ),
    "settled and replaced": lambda: alert_message(
        7,
        figures("81"),
        Shown(ON_IT, (Feedback.USEFUL, "U0DANA"), Replaced(Stage.INTERVENE, NOW + DAY, "Reranker")),
    ),
    "reminder": lambda: reminded(Step.REMINDER),
    "reminder of the backup": lambda: reminded(Step.BACKUP),
    "reminder of the approvers": lambda: reminded(Step.APPROVERS),
    "reminder in the channel": lambda: reminded(Step.CHANNEL),
    "reminder after a term": lambda: reminded(Step.REMINDER, ON_IT),
    "delegated": lambda: with_lead(alert_message(7, figures("81")), in_place_of(AWAY, NEW_YORK)),
    "delegation": lambda: note(made(AWAY, NEW_YORK)),
    "delegation of another": lambda: note(made_for(AWAY, NEW_YORK)),
    "request pending": lambda: request_card(card()),
    "request with one of two votes": lambda: request_card(
        card(lists=("finance", "leads"), both=True, votes=("U0FIN",))
    ),
    "request with a smaller vote": lambda: request_card(
        card(lists=("finance", "leads"), both=True, votes=("U0FIN",), offered=SMALLER)
    ),
    "request changed": lambda: request_card(card(revision=2, changed=CHANGED)),
    "request that is not yours any more": lambda: no_longer_yours(
        card(revision=2, changed=CHANGED)
    ),
    "receipt of what was changed": lambda: receipt(card(revision=2, changed=CHANGED)),
    "request from the reserve": lambda: request_card(
        replace(card(), source=source_text(Funding.RESERVE, RESERVE))
    ),
    "break-glass": lambda: request_card(GLASS),
    "break-glass to its owner": lambda: requester_note(GLASS),
    "request with a question": lambda: request_card(card(questions=1)),
    "request with answers": lambda: request_card(card(questions=2, answered=2)),
    "request of a transfer": lambda: request_card(TRANSFER),
    "request to agree to": lambda: request_card(TRANSFER, for_donor=True),
    "request reminded": lambda: with_lead(
        request_card(card()), waiting_lead(card(), NOW + HOUR, standing("83.20"))
    ),
    "request granted in part": lambda: request_card(LESS),
    "request approved": lambda: request_card(card(APPROVED, progress())),
    "request accepted only": lambda: request_card(
        card(APPROVED, progress(targets=[Follower(WEBHOOK, accepted=True)]))
    ),
    "request confirmed": lambda: request_card(card(APPROVED, CONFIRMED)),
    "request without a target": lambda: request_card(card(APPROVED, NO_TARGET)),
    "request over": lambda: request_card(card(APPROVED, OVER)),
    "request restored": lambda: request_card(card(APPROVED, RESTORED)),
    "request denied": lambda: request_card(
        card(RequestState.DENIED, decision_reason="batch it instead")
    ),
    "request expired": lambda: request_card(card(RequestState.EXPIRED)),
    "request withdrawn": lambda: request_card(card(RequestState.WITHDRAWN, decided_by=("U0TOM",))),
    "receipt": lambda: receipt(card()),
    "receipt of two": lambda: receipt(card(lists=("finance", "leads"), both=True)),
    "note approved": lambda: requester_note(card(APPROVED, progress())),
    "note granted in part": lambda: requester_note(LESS),
    "note of a transfer": lambda: donor_note(replace(TRANSFER, request=LESS.request)),
    "note of nobody": lambda: nobody_note(card()),
    "reminder in the thread": lambda: reminder_note(card(), NOW + HOUR),
    "last reminder in the thread": lambda: reminder_note(card(votes=("U0FIN",)), None),
    "question": lambda: question_note(request(), "U0FIN", QUESTION),
    "question for the requester": lambda: question_for_requester(
        request(), BUDGET.name, 7, "U0FIN", QUESTION
    ),
    "answer to a question": lambda: answer_note(request(), "U0FIN", QUESTION, "Two of three."),
    "question answered": lambda: question_answered(request(), "U0FIN", QUESTION, "Two of three."),
    "note denied": lambda: requester_note(
        card(RequestState.DENIED, decision_reason="batch it instead")
    ),
    "note lifted": lambda: raise_note(card(APPROVED, CONFIRMED), lifted=True),
    "note back": lambda: raise_note(card(APPROVED, RESTORED), lifted=False),
    "note back without a target": lambda: raise_note(card(APPROVED, NO_TARGET), lifted=False),
    "status": lambda: listed(some()),
    "status blind": lambda: listed(some(), STALE),
    "status before the first poll": lambda: listed(
        [], Freshness(None, stale=True, reason="no usage has been read yet")
    ),
    "status of one": lambda: status_detail(detail(), Basis.NET),
    "status of one without a limit": lambda: status_detail(
        Detail(standing("12.34", budget=UNLIMITED), None, [], []), Basis.LIST
    ),
    "help": lambda: help_message("/budget"),
    "help for a word": lambda: help_message("/budget", "stauts", "status"),
    "sentence": lambda: plain("There is no such thing."),
    "digest": lambda: digest_message(digest()),
    "digest of a broken glass": lambda: digest_message(digest(decided=[GLASS.request])),
    "digest of nothing": lambda: digest_message(
        digest(
            standings=[standing("0", budget=UNLIMITED)],
            unattributed=Micros(0),
            period_spend=Micros(0),
            week_spend=Micros(0),
            week_before=Micros(0),
            decided=[],
            open=[],
            alerts=AlertQuality(),
        )
    ),
    "blind": lambda: notice.blind("anthropic", NOW, "HTTP 503 three times in a row.", NEW_YORK),
    "sees again": lambda: notice.sees_again("anthropic", NOW, NOW + 3 * HOUR, NEW_YORK),
    "sees again soon": lambda: notice.sees_again(
        "anthropic", NOW, NOW + timedelta(seconds=20), NEW_YORK
    ),
    "undelivered": lambda: notice.undelivered(
        3, "alert:search:2026-11-01:100000000:look", "dana@example.com", "users_not_found"
    ),
    "digest with increase requests": lambda: digest_message(
        digest(
            increases_open=[increase()],
            increases_decided=[
                increase(IncreaseState.APPROVED, confirmed_at=NOW + HOUR),
                increase(IncreaseState.DENIED),
                increase(IncreaseState.ELSEWHERE, elsewhere="already approved by Kim"),
            ],
        )
    ),
    **INCREASE_MESSAGES,
}
MODALS: dict[str, Callable[[], View]] = {
    "ask for more": lambda: overage_modal(
        [BUDGET, GROWTH],
        GROWTH,
        Filled("20", "launch", date(2026, 11, 30)),
        "For Growth the policy allows up to $150 more.",
        preview_text(previewed()),
        "7",
    ),
    "change what was asked for": lambda: overage_modal(
        [BUDGET],
        BUDGET,
        Filled("$50", REASON, None),
        "For Search ranking the policy allows up to $50 more.",
        preview_text(replace(previewed(), wrong="“$5O” is not an amount in dollars, like 250.")),
        "change 42.1",
        changing=True,
    ),
    "ask for more, with a choice of the source": lambda: overage_modal(
        [BUDGET, GROWTH],
        BUDGET,
        Filled("20", "launch", date(2026, 11, 30), "transfer:growth"),
        "For Search ranking the policy allows up to $50 more.",
        preview_text(replace(previewed(), source="Growth has as much less meanwhile.")),
        source=funding_block(
            Sources(tuple(Funding), RESERVE, ((GROWTH, micros("230")),)), "transfer:growth"
        ),
    ),
    "break the glass": lambda: glass_modal("search", "Search ranking", "$10", 24),
    "deny": lambda: deny_modal("42.1 C024BE91L", "Request #42: $50 more for Search ranking."),
    "approve less": lambda: adjust_modal(
        "42.2 C024BE91L 1700000000.000100",
        "Request #42: $50 more for Search ranking.",
        "$50",
        date(2026, 11, 30),
    ),
    "ask the requester": lambda: question_modal(
        "42.1 C024BE91L", "Request #42: $50 more for Search ranking."
    ),
    "answer the question": lambda: request_answer_modal(7, QUESTION),
    "answer": lambda: answer_modal(7, "What will you do?"),
    "plan": lambda: plan_modal(7, date(2026, 11, 27), date(2026, 11, 30)),
    **INCREASE_MODALS,
}
