"""Increase requests: what is proposed, what may be granted, and where a member's usage falls."""

from dataclasses import replace

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.increases import (
    FallsOn,
    Increase,
    IncreaseFigures,
    IncreaseState,
    Member,
    by_rules,
    main_budget,
    proposed_limit,
    read_limit,
)
from bot.domain.money import Micros, micros
from bot.domain.rules import Match, Rule, Rules
from bot.domain.usage import ApiKey, Directory, NamedActor
from tests.domain.values import NOW

TOM = Member("user_01tom", "Tom", "tom@example.com")


def figures(limit: str | None, spent: str = "0") -> IncreaseFigures:
    """A member's limit and spend in dollars."""
    return IncreaseFigures(None if limit is None else micros(limit), micros(spent), NOW, "v1")


@pytest.mark.parametrize(
    ("limit", "spent", "proposed"),
    [
        ("500", "431.20", "630"),  # a quarter more is 625
        ("400", "0", "500"),  # whole tens are left alone
        ("500", "900", "1130"),  # what was spent counts where it is more
        (None, "80", "100"),
        ("0", "0", "10"),  # included usage only: more than nothing
        ("0.01", "0", "10"),
    ],
)
def test_a_quarter_more_is_proposed(limit: str | None, spent: str, proposed: str) -> None:
    """In whole tens of dollars, so that nobody approves an odd figure by haste."""
    assert micros(proposed) == proposed_limit(figures(limit, spent))


@pytest.mark.parametrize("limit", ["0", "0.01", "7", "10", "499.99", "12345678"])
def test_what_is_proposed_would_be_taken(limit: str) -> None:
    """The form can be sent as it opens."""
    known = figures(limit)

    assert proposed_limit(known) == read_limit(str(proposed_limit(known) // 1_000_000), known)


@pytest.mark.parametrize(
    ("text", "amount"), [("700", "700"), ("$1,500.50", "1500.50"), (" 1.5k ", "1500")]
)
def test_an_amount_as_people_type_it(text: str, amount: str) -> None:
    """The new limit in all."""
    assert micros(amount) == read_limit(text, figures("500"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a lot", "“a lot” is not an amount in dollars"),
        ("", "“” is not an amount"),
        ("-700", "“-700” is not an amount"),
        ("700.505", "“700.505” is not an amount"),
        ("500", "The limit is $500 now."),
        ("200", "Give the new limit in all"),
    ],
)
def test_what_is_no_higher_limit_is_refused(text: str, told: str) -> None:
    """Whoever types how much more, or a lower limit, reads what is meant."""
    with pytest.raises(UserError) as caught:
        read_limit(text, figures("500"))

    assert told in caught.value.text
    assert "amount" == caught.value.field


def test_without_a_limit_any_amount_is_one() -> None:
    """Nothing caps the member now, so there is nothing to be above."""
    assert micros(5) == read_limit("5", figures(None))


def rule(shares: dict[str, int], **match: str) -> Rule:
    """A rule of the policy."""
    return Rule(Match(**match), tuple(shares.items()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "falls"),
    [
        ([rule({"growth": 10_000}, actor="*@example.com")], {"growth": 10_000}),
        ([rule({"growth": 10_000}, actor="user_01tom")], {"growth": 10_000}),
        ([rule({"growth": 10_000}, actor="tommy")], {"growth": 10_000}),  # the directory's name
        ([rule({"growth": 10_000}, workspace="team-search")], {"unattributed": 10_000}),
        ([rule({"a": 6_000, "b": 4_000}, actor="tom@*")], {"a": 6_000, "b": 4_000}),
        (
            [rule({"a": 10_000}, actor="lee@*"), rule({"b": 10_000}, actor="tom@*")],
            {"b": 10_000},
        ),
        ([rule({"a": 10_000}, api_key="x")], {"unattributed": 10_000}),
    ],
)
def test_where_the_rules_put_a_member(rules: list[Rule], falls: dict[str, int]) -> None:
    """By who they are, which is all that is known; a share of it where the rule says so."""
    names = Directory(
        api_keys={"apikey_1": ApiKey("apikey_1", "x")},
        actors={"user_01tom": NamedActor("user_01tom", "tommy", None)},
    )

    assert falls == by_rules(TOM, Rules(rules), names, NOW)


def test_a_decision_waits_until_it_is_confirmed() -> None:
    """Only what was decided here waits for Anthropic."""
    increase = Increase(7, "slir_1", TOM, "monthly", NOW, figures("500"))
    waiting = {state for state in IncreaseState if replace(increase, state=state).waits}

    assert {IncreaseState.APPROVED, IncreaseState.DENIED} == waiting
    assert not replace(increase, state=IncreaseState.DENIED, confirmed_at=NOW).waits


def test_it_is_filed_under_the_budget_with_most_of_it() -> None:
    """Where nothing is known, under what nobody claims."""
    one = FallsOn(BudgetId("growth"), "Growth", micros(5), micros(9), None)
    none = figures("500")

    assert "unattributed" == main_budget(none)
    assert "growth" == main_budget(replace(none, budgets=(one, replace(one, share=Micros(1)))))


def test_a_member_is_somebody_by_account_and_by_address() -> None:
    """Whichever of the two a list names."""
    person = replace(TOM, account="U0TOM").person

    assert person.is_called("U0TOM")
    assert person.is_called("TOM@example.com")
    assert not TOM.person.is_called("U0TOM")
