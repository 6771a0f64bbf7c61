"""The ledger: a window is replaced as a whole, and spend is what it sums to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.attribution import Charge
from bot.domain.money import Micros, micros
from bot.domain.policy import Basis
from bot.domain.usage import Actor, Tokens, UsageRow, Window
from store import ledger
from store.db import Database
from tests.domain.values import DAY, HOUR, NEW_YORK, NOW

SOURCE = "anthropic"
START = NOW - 10 * HOUR
WINDOW = Window(START, NOW)
ROW = UsageRow(
    source=SOURCE,
    starts_at=START,
    ends_at=START + HOUR,
    workspace_id="wrkspc_1",
    api_key_id="apikey_1",
    actor=Actor("user", "user_1", "ann@example.com", "Ann"),
    model="claude-opus-5-5",
    product="api",
    net=micros("1"),
    list=micros("1.20"),
    tokens=Tokens(1, 2, 3, 4, 5),
    requests=6,
)


def charge(
    usd: str, hour: int = 0, budget: str = "search", model: str | None = ROW.model
) -> Charge:
    """A charge in one of the window's hours; its list price is a fifth higher."""
    net, gross = micros(usd), Micros(micros(usd) * 6 // 5)
    starts_at = START + hour * HOUR
    row = replace(
        ROW, starts_at=starts_at, ends_at=starts_at + HOUR, model=model, net=net, list=gross
    )
    return Charge(budget, row, net, gross)


def put(
    db: Database, charges: Sequence[Charge], window: Window = WINDOW, source: str = SOURCE
) -> None:
    """What the source says now about a window."""
    with db.transaction() as tx:
        ledger.replace(tx, source, window, charges)


def spent(
    db: Database,
    starts_at: datetime = START,
    ends_at: datetime = NOW,
    basis: Basis = Basis.NET,
) -> dict[str, Micros]:
    """The sum for each budget."""
    with db.transaction() as tx:
        return dict(ledger.spend(tx, starts_at, ends_at, basis))


def test_a_repeated_poll_changes_nothing(db: Database) -> None:
    """The same window with the same rows is the same spend, however often."""
    for _ in range(3):
        put(db, [charge("1", 0), charge("2", 9), charge("4", 3, "growth")])

    assert {"search": micros("3"), "growth": micros("4")} == spent(db)


def test_revised_and_late_figures_heal(db: Database) -> None:
    """A row that changed, came late, moved to another budget or vanished is what it is now."""
    put(db, [charge("1", 0), charge("2", 1), charge("3", 2)])
    put(db, [charge("1.50", 0), charge("2", 1, "growth"), charge("5", 8)])

    assert {"search": micros("6.50"), "growth": micros("2")} == spent(db)
    put(db, [])
    assert {} == spent(db)


def test_only_the_window_is_replaced(db: Database) -> None:
    """Older hours stay as they are, and so does another source's usage of the same hours."""
    put(db, [charge("1", 0), charge("2", 5)])
    put(db, [charge("7", 1)], source="litellm")
    put(db, [charge("9", 6)], Window(START + 4 * HOUR, NOW))

    assert {"search": micros("17")} == spent(db)


def test_what_came_first_does_not_matter(db: Database) -> None:
    """The same rows in any order, and overlapping windows in between, are the same spend."""
    charges = [charge(f"0.{n:06d}", n % 10, f"b{n % 3}", f"m{n % 4}") for n in range(60)]
    put(db, charges)
    sums = spent(db)
    with db.transaction() as tx:
        models = ledger.top_models(tx, ["b0", "b1", "b2"], START, NOW, Basis.NET)

    for seed in range(5):
        Random(seed).shuffle(charges)  # noqa: S311 an order, not a secret
        late = Window(START + seed * HOUR, NOW)
        put(db, [c for c in charges if c.row.starts_at >= late.starts_at], late)
        put(db, charges)
        assert sums == spent(db)
        with db.transaction() as tx:
            assert models == ledger.top_models(tx, ["b2", "b1", "b0"], START, NOW, Basis.NET)


@pytest.mark.parametrize("hour", [-1, 10, 24])
def test_a_charge_outside_the_window_is_refused(db: Database, hour: int) -> None:
    """It would be counted again by the next poll; nothing of that answer is taken."""
    put(db, [charge("1")])
    with pytest.raises(ValueError, match="outside the window"):
        put(db, [charge("5"), charge("5", hour)])

    assert {"search": micros("1")} == spent(db)


def test_an_interval_is_half_open(db: Database) -> None:
    """The hour that begins at the end belongs to the next period; the zone it is asked in is nothing."""
    put(db, [charge("1", 0), charge("2", 1), charge("4", 2)])

    assert {"search": micros("2")} == spent(db, START + HOUR, START + 2 * HOUR)
    assert {} == spent(db, START + 3 * HOUR, NOW)
    here, there = START.astimezone(NEW_YORK), (START + HOUR).astimezone(NEW_YORK)
    assert {"search": micros("1")} == spent(db, here, there)


def test_spend_is_asked_on_either_basis(db: Database) -> None:
    """Net of discounts, or at the list price."""
    put(db, [charge("10")])

    assert {"search": micros("10")} == spent(db)
    assert {"search": micros("12")} == spent(db, basis=Basis.LIST)


def test_sums_are_whole_numbers_of_any_size(db: Database) -> None:
    """PostgreSQL sums bigints to a Decimal and floats would lose cents: it is an int on both."""
    put(db, [charge("1000000000.000001", n % 10) for n in range(2_000)])
    (total,) = spent(db).values()

    assert (int, 2_000 * 1_000_000_000_000_001) == (type(total), total)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.integers(-(10**6), 10**12)))
)
def test_spend_is_the_sum_of_what_was_said_last(
    db: Database, said: list[tuple[int, str, int]]
) -> None:
    """To the micro-dollar, whatever stood there before."""
    charges = [
        Charge(b, replace(ROW, starts_at=START + h * HOUR), Micros(m), Micros(m))
        for h, b, m in said
    ]
    put(db, charges)

    sums = {b: sum(m for _, other, m in said if other == b) for _, b, _ in said}
    assert sums == spent(db)


def test_where_the_history_begins(db: Database) -> None:
    """None before there is any; an aware moment afterwards."""
    with db.transaction() as tx:
        assert None is ledger.first_charge_at(tx)
    put(db, [charge("1", 5), charge("1", 2)])

    with db.transaction() as tx:
        assert START + 2 * HOUR == ledger.first_charge_at(tx)


def test_what_most_was_spent_on(db: Database) -> None:
    """The largest first, of these budgets only; what has no model is called other."""
    put(
        db,
        [
            charge("1", 0, model="haiku"),
            charge("2", 1, model="haiku"),
            charge("5", 2, model="opus"),
            charge("4", 3, "growth", model="opus"),
            charge("3", 4, model=None),
            charge("3", 5, model="sonnet"),
        ],
    )

    with db.transaction() as tx:
        top = ledger.top_models(tx, ["search"], START, NOW, Basis.NET)
        both = ledger.top_models(tx, ["search", "growth"], START, NOW, Basis.NET, limit=1)
        nobody = ledger.top_models(tx, [], START, NOW, Basis.NET)
    assert ("opus", micros("5")) == top[0]
    assert 3 == len(top)
    assert {"opus", "haiku", "other", "sonnet"} >= {name for name, _ in top}
    assert [("opus", micros("9"))] == both
    assert [] == nobody


def test_a_window_has_a_beginning_and_an_end() -> None:
    """A window of nothing, or without a zone, cannot be replaced."""
    with pytest.raises(ValueError, match="end after it starts"):
        Window(NOW, NOW)
    with pytest.raises(ValueError, match="aware"):
        Window((NOW - DAY).replace(tzinfo=None), NOW)
    assert timedelta(hours=10) == WINDOW.ends_at - WINDOW.starts_at
