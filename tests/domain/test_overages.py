"""Overage requests: what the policy allows, who decides, and errors that say what would do."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import ApproverList, Budget, PersonRef, Route
from bot.domain.errors import UserError
from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros, micros
from bot.domain.overages import (
    MAX_REASON,
    Draft,
    approvers_of,
    default_end,
    draft,
    end_of_day,
    figures_of,
    most_allowed,
    route_for,
)
from bot.domain.periods import midnight
from bot.domain.policy import Policy
from bot.domain.spans import Span, WorkCalendar
from bot.domain.standings import Standing
from tests.domain.values import (
    APPROVERS,
    BUDGET,
    DAY,
    HOUR,
    NEW_YORK,
    NOW,
    OVERAGE,
    PERIOD,
    UNLIMITED,
    policy,
    raised,
    standing,
)

CALENDAR = WorkCalendar(NEW_YORK)
TOM = ("U0TOM", "tom@example.com")
DANA = ("U0DANA", "Dana@Example.com")


def asked(
    amount: str = "20",
    reason: str = "launch week",
    last_day: date | None = None,
    *raises: TemporaryRaise,
    names: tuple[str, ...] = TOM,
    where: Standing | None = None,
    rules: Policy | None = None,
    now: datetime = NOW,
) -> Draft:
    """What becomes of a request; each test names only what it is about."""
    s = where or standing("81", *raises, now=now)
    return draft(s, names[0], amount, reason, last_day, rules or policy(), names, now)


def answered(ask: Callable[[], Draft]) -> Draft | UserError:
    """The draft, or the error that is told."""
    try:
        return ask()
    except UserError as error:
        return error


def test_a_request_within_the_policy_is_drafted() -> None:
    """Amount, reason, end, who decides until when, and the figures as they were seen."""
    s = standing("81", daily="5")
    d = asked(" $20 ", "  launch week ", where=s)

    assert (
        Draft(
            budget=BUDGET.id,
            requester="U0TOM",
            amount=micros("20"),
            reason="launch week",
            ends_at=PERIOD.ends_at,
            expires_at=NOW + 24 * HOUR,
            lists=("finance",),
            both=False,
            figures=figures_of(s, "v1"),
        )
        == d
    )
    assert (micros("81"), micros("100"), micros("100")) == (
        d.figures.spent,
        d.figures.limit,
        d.figures.allocation,
    )


@pytest.mark.parametrize(
    ("amount", "reason", "last_day", "field", "remedy"),
    [
        ("abc", "x", None, "amount", "“abc” is not an amount in dollars, like 500 or 1,500.00."),
        ("", "x", None, "amount", "“” is not an amount in dollars, like 500 or 1,500.00."),
        ("0", "x", None, "amount", "more than $0 and at most $1,000,000,000."),
        ("50.01", "x", None, "amount", "at most $50 more for Search ranking (50 % of its"),
        ("50.01", "x", None, "amount", "Ask for less, or have the allocation reviewed."),
        ("20", "", None, "reason", "Say in a few words what it is for"),
        ("20", " \n\t ", None, "reason", "Say in a few words what it is for"),
        ("20", "x" * (MAX_REASON + 1), None, "reason", "At most 1000 characters"),
        ("20", "x", date(2026, 11, 22), "ends_at", "The end has to lie in the future."),
        ("20", "x", date(1, 1, 1), "ends_at", "The end has to lie in the future."),
        (
            "20",
            "x",
            date(2026, 12, 8),
            "ends_at",
            "at most 14d: the latest end is Mon 07 Dec 2026.",
        ),
        ("20", "x", date.max, "ends_at", "the latest end is Mon 07 Dec 2026."),
    ],
)
def test_an_error_names_the_field_and_what_would_do(
    amount: str, reason: str, last_day: date | None, field: str, remedy: str
) -> None:
    """The text stands beside the field in the form, so it has to help there."""
    with pytest.raises(UserError) as error:
        asked(amount, reason, last_day)

    assert field == error.value.field
    assert remedy in error.value.text


def test_a_long_word_is_not_repeated_in_full() -> None:
    """Somebody who pastes a page as the amount gets a sentence back, not the page."""
    with pytest.raises(UserError) as error:
        asked("9" * 3_000)

    assert len(error.value.text) < 150


def test_a_budget_without_a_limit_cannot_be_raised() -> None:
    """What is unattributed has no limit that could be lifted."""
    with pytest.raises(UserError, match="has no limit that could be raised") as error:
        asked(where=standing("5", budget=UNLIMITED), rules=policy(UNLIMITED))

    assert "budget" == error.value.field


@pytest.mark.parametrize("amount", ["50", "$50.00", "0.01"])
def test_the_whole_share_may_be_asked_for(amount: str) -> None:
    """The policy's share is allowed, to the cent."""
    assert micros("50") >= asked(amount).amount


def test_exceptions_that_are_live_use_up_the_share() -> None:
    """Two halves are not a way around the policy; what is over counts no more."""
    live, over = raised("30"), raised("40", NOW - 2 * DAY, NOW)
    s = standing("81", live, over)

    assert micros("20") == most_allowed(s)
    assert micros("20") == asked("20", "x", None, live, over).amount
    with pytest.raises(UserError, match=re.escape("of which $30 is granted already")):
        asked("20.01", "x", None, live)


def test_nothing_is_left_when_the_share_is_used_up() -> None:
    """A policy that became stricter leaves nothing, not less than nothing."""
    assert Micros(0) == most_allowed(standing("81", raised("70")))
    assert Micros(0) == most_allowed(standing("81", budget=UNLIMITED))


@pytest.mark.parametrize(
    ("amount", "lists", "both"),
    [
        ("10", ("owner",), False),
        ("10.01", ("finance",), False),
        ("30", ("finance",), False),
        ("30.01", ("finance", "leads"), True),
        ("50", ("finance", "leads"), True),
    ],
)
def test_the_size_decides_who_decides(amount: str, lists: tuple[str, ...], both: bool) -> None:
    """The first route that is large enough, exact to the cent."""
    d = asked(amount)

    assert (lists, both) == (d.lists, d.both)


@pytest.mark.parametrize("names", [DANA, ("dana@example.com",), ("U0DANA", "dana@example.com")])
def test_an_own_request_passes_to_the_next_route(names: tuple[str, ...]) -> None:
    """An owner asks for $5, and finance decides, however the policy writes the owner's name."""
    assert ("finance",) == asked("5", names=names).lists


def test_a_colleague_on_the_list_is_enough() -> None:
    """Somebody of finance asks; the others of finance can decide."""
    assert ("finance",) == asked("20", names=("U0KIM",)).lists


def test_a_group_may_always_hold_somebody_else() -> None:
    """Who is in a user group is Slack's to tell, at the time of the decision."""
    route = replace(OVERAGE, routes=(Route(None, ("leads",)),))
    budget = replace(BUDGET, overage=route)

    assert ("leads",) == asked(where=standing("81", budget=budget), names=("U0PAT",)).lists


def test_when_only_the_requester_is_left_nobody_could_decide() -> None:
    """It says so at once, instead of posting a card that must expire."""
    budget = replace(BUDGET, overage=replace(OVERAGE, routes=(Route(None, ("owner", "solo")),)))
    rules = policy(budget, approvers={"solo": ApproverList("solo", (PersonRef("U0DANA"),))})
    s = standing("81", budget=budget)

    with pytest.raises(UserError, match="the policy names only you") as error:
        asked(where=s, rules=rules, names=DANA)
    assert "amount" == error.value.field
    assert ("owner", "solo") == asked(where=s, rules=rules).lists


def test_no_route_for_a_size_is_no_route() -> None:
    """Routes that end below the amount leave it undecided."""
    budget = replace(BUDGET, overage=replace(OVERAGE, routes=(Route(10, ("finance",)),)))

    assert None is route_for(budget, micros("100"), micros("10.01"), policy(budget), TOM)


def test_who_is_on_a_list() -> None:
    """`owner` is the budget's owner; the members of a group are not in the policy."""
    assert (BUDGET.owner,) == approvers_of("owner", BUDGET, policy())
    assert APPROVERS["finance"].people == approvers_of("finance", BUDGET, policy())
    assert () == approvers_of("leads", BUDGET, policy())


@pytest.mark.parametrize(
    ("max_term", "end"),
    [
        (Span(14 * DAY), PERIOD.ends_at),
        (Span(3 * DAY), NOW + 3 * DAY),
        (Span(working_days=1), NOW + DAY),
    ],
)
def test_without_an_end_it_lasts_to_the_end_of_the_period(max_term: Span, end: datetime) -> None:
    """Or as long as the policy allows, whichever is first."""
    budget = replace(BUDGET, overage=replace(OVERAGE, max_term=max_term))
    s = standing("81", budget=budget)

    assert end == default_end(s, CALENDAR, NOW)
    assert end == asked(where=s).ends_at


@pytest.mark.parametrize(
    ("last_day", "end"),
    [
        (date(2026, 11, 23), midnight(date(2026, 11, 24), NEW_YORK)),  # until tonight
        (date(2026, 11, 30), midnight(date(2026, 12, 1), NEW_YORK)),
        (date(2026, 12, 7), NOW + 14 * DAY),  # the last day the policy allows, to the minute
    ],
)
def test_a_last_day_is_included(last_day: date, end: datetime) -> None:
    """The term ends at the midnight after it, in the budget's own zone."""
    assert end == asked(last_day=last_day).ends_at


def test_the_latest_end_that_is_named_is_accepted() -> None:
    """Where budget and organization live in different zones, the day is the budget's."""
    budget = replace(BUDGET, time_zone=ZoneInfo("Pacific/Kiritimati"))
    s = standing("81", budget=budget)
    with pytest.raises(UserError) as error:
        asked(last_day=date(2027, 1, 1), where=s)
    named = re.search(r"\d\d \w{3} \d{4}", error.value.text)
    assert named is not None
    latest = datetime.strptime(named[0], "%d %b %Y").replace(tzinfo=UTC).date()

    assert NOW + 14 * DAY == asked(last_day=latest, where=s).ends_at
    with pytest.raises(UserError, match="the latest end is"):
        asked(last_day=latest + DAY, where=s)


@given(
    st.sampled_from(["America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"]),
    st.integers(-3, 20),
    st.integers(0, 23),
)
def test_an_end_is_never_beyond_the_policy(zone: str, days: int, hour: int) -> None:
    """Any day either gives an end between now and the longest term, or an error beside the field."""
    now = NOW + hour * HOUR
    s = standing("81", budget=replace(BUDGET, time_zone=ZoneInfo(zone)), now=now)
    last_day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    answer = answered(lambda: asked(last_day=last_day, where=s, now=now))

    if isinstance(answer, UserError):
        assert "ends_at" == answer.field
        assert not 0 <= days < 14
    else:
        assert now < answer.ends_at <= now + 14 * DAY
        assert answer.ends_at == end_of_day(last_day, s, CALENDAR, now)
        assert 0 <= days <= 14


@given(st.text(max_size=40), st.text(max_size=40), st.one_of(st.none(), st.dates()))
def test_whatever_is_asked_the_answer_is_a_draft_or_a_sentence(
    amount: str, reason: str, last_day: date | None
) -> None:
    """Nothing that can be typed into the form breaks it."""
    answer = answered(lambda: asked(amount, reason, last_day))

    if isinstance(answer, UserError):
        assert answer.field in {"amount", "reason", "ends_at"}
        assert answer.text
    else:
        assert micros("0.01") <= answer.amount <= micros("50")
        assert answer.reason == answer.reason.strip() != ""


def test_figures_without_a_limit_are_zero() -> None:
    """A record can be written for a budget whose limit has gone."""
    budget: Budget = UNLIMITED
    figures = figures_of(standing("5", budget=budget), "v1")

    assert (Micros(0), Micros(0), micros("5")) == (
        figures.limit,
        figures.allocation,
        figures.spent,
    )
