"""Old hours become days, and nothing that anybody sums is another number afterwards."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.domain.attribution import Charge, attribute
from bot.domain.budgets import UNATTRIBUTED, BudgetId
from bot.domain.money import Micros
from bot.domain.periods import Cadence, midnight
from bot.domain.policy import Basis
from bot.domain.rules import Match, Rule
from bot.domain.usage import Actor, Directory, Tokens, UsageRow, Window
from bot.flows.compaction import HOURS_KEPT, compact_old
from bot.flows.tick.applying import apply_policy
from bot.parts import Bot
from store import charge_rows, compaction, ledger, policies, sources, usage_rows
from store.db import Database
from store.policies import AppliedPolicy
from store.sources import SourceState
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, UNLIMITED, policy
from tests.faults.bench import bench
from tests.store.statements import statements

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 10, 30, 4, tzinfo=UTC)  # a midnight of New York; on 1 November clocks change
NOW = FIRST + 140 * DAY
EVER = Window(FIRST - 60 * DAY, NOW + DAY)
ABROAD = replace(BUDGET, id=BudgetId("abroad"), time_zone=BERLIN)
BELOW = replace(BUDGET, id=BudgetId("below"), parent=BudgetId("abroad"))
SEARCH = replace(BUDGET, cadence=Cadence.QUARTER)
REST = replace(UNLIMITED, id=UNATTRIBUTED)
RULES = (
    Rule(Match(workspace="search"), (("search", 10_000),)),
    Rule(Match(workspace="abroad"), (("abroad", 10_000),)),
    Rule(Match(workspace="below"), (("below", 10_000),)),
    Rule(Match(workspace="both"), (("search", 3_333), ("below", 6_667))),
)
POLICY = policy(SEARCH, ABROAD, BELOW, REST, rules=RULES)
HOURS_ARE_KEPT = {"abroad", "below"}
ANN = Actor("user_actor", "user_1", "ann@example.com", "Ann")
ROWS = st.builds(
    lambda hour, span, workspace, model, actor, tags, tier, amount, tokens, estimated: UsageRow(
        source="anthropic",
        starts_at=FIRST + hour * HOUR,
        ends_at=FIRST + (hour + span) * HOUR,
        workspace_id=workspace,
        api_key_id=None,
        actor=actor,
        model=model,
        product=None,
        net=Micros(amount),
        list=Micros(amount * 2),
        tokens=Tokens(tokens, 1, 2, 3, tokens),
        requests=tokens,
        service_tier=tier,
        tags=tags,
        estimated=estimated,
    ),
    st.integers(0, 6 * 24),
    st.sampled_from([1, 1, 1, 1, 24, 700]),
    st.sampled_from(["search", "search", "both", "abroad", "below", "nobody"]),
    st.sampled_from(["claude-opus-5-5", None]),
    st.sampled_from([ANN, None]),
    st.sampled_from([(), (("env", "prod"),)]),
    st.sampled_from([None, "batch"]),
    st.integers(-(10**6), 10**12),
    st.integers(0, 10**9),
    st.sampled_from([False, False, True]),
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bot]:
    """A bot with these budgets; nothing runs by itself."""
    with bench(tmp_path, database_url) as place:
        yield replace(place.bot, policy=POLICY)


@contextmanager
def empty(acme: Bot) -> Iterator[Database]:
    """A ledger in which nothing was ever charged."""
    with acme.db.transaction() as tx:
        for table in ("charge", "source", "touched_budget"):
            tx.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608
        sources.save(tx, SourceState("anthropic", covered_from=FIRST, polled_at=NOW, ok_at=NOW))
    yield acme.db


def say(acme: Bot, rows: Sequence[UsageRow], window: Window = EVER) -> None:
    """What the source says of a window now."""
    charges = attribute(rows, acme.policy.rules_by_name, Directory(), otherwise=UNATTRIBUTED)
    with acme.db.transaction() as tx:
        ledger.replace(tx, "anthropic", window, charges)
        compaction.begin_again(tx, "anthropic", window.starts_at)


def charged(acme: Bot, source: str = "anthropic") -> list[charge_rows.Values]:
    """Every row of the ledger."""
    with acme.db.transaction() as tx:
        return [values for _, values in charge_rows.read(tx, source, EVER)]


def sums(acme: Bot) -> dict[tuple[object, ...], list[int]]:
    """Every amount by budget, the organization's day, and every dimension there is."""
    found: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * 8)
    for values in charged(acme):
        named = dict(zip(charge_rows._COLUMNS, values, strict=True))
        day = named.pop("starts_at").astimezone(NEW_YORK).date()
        for name in ("ends_at", "row_id", "compacted"):
            named.pop(name)
        amounts = [named.pop(charge_rows._COLUMNS[index]) for index in charge_rows._SUMMED]
        key = (day, *named.values())
        found[key] = [a + b for a, b in zip(found[key], amounts, strict=True)]
    return dict(found)


def compact(acme: Bot, now: datetime = NOW) -> int:
    """The job, run after run until it finds nothing."""
    saved = 0
    while (more := compact_old(acme, now)) > 0:
        saved += more
    return saved


def kept_as_they_are(rows: Sequence[charge_rows.Values]) -> Counter[charge_rows.Values]:
    """The rows that compaction must leave alone: other days, and longer than a day."""
    found: Counter[charge_rows.Values] = Counter()
    for values in rows:
        named = dict(zip(charge_rows._COLUMNS, values, strict=True))
        day = named["starts_at"].astimezone(NEW_YORK).date()
        too_long = named["ends_at"] > midnight(day + timedelta(days=1), NEW_YORK)
        if named["budget"] in HOURS_ARE_KEPT or too_long:
            found[values] += 1
    return found


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ROWS, max_size=25), st.lists(ROWS, max_size=8))
def test_every_sum_is_what_it_was(acme: Bot, rows: list[UsageRow], again: list[UsageRow]) -> None:
    """By budget, day, model, person, tag, tier and estimate; after a day was read again, too."""
    with empty(acme):
        say(acme, rows)
        before, stayed = sums(acme), kept_as_they_are(charged(acme))
        count = len(charged(acme))
        saved = compact(acme)

        assert before == sums(acme)
        assert count - saved == len(charged(acme))
        assert stayed == kept_as_they_are([v for v in charged(acme) if not v[-1]])
        days = [v for v in charged(acme) if v[-1]]
        assert len(days) == len({charge_rows.of_day(v, Window(v[2], v[3])) for v in days})

        day = Window(FIRST + 2 * DAY, FIRST + 3 * DAY + HOUR)  # the one with 25 hours
        new = [r for r in again if day.starts_at <= r.starts_at < day.ends_at]
        say(acme, [r for r in rows if not day.starts_at <= r.starts_at < day.ends_at] + new)
        expected = sums(acme)
        say(acme, rows)
        compact(acme)
        say(acme, new, day)
        assert expected == sums(acme)
        compact(acme)
        assert expected == sums(acme)


ROW = UsageRow(
    "anthropic",
    FIRST,
    FIRST + HOUR,
    "search",
    None,
    ANN,
    "claude-opus-5-5",
    None,
    Micros(5),
    Micros(7),
    Tokens(1, 2, 3, 4, 5),
    1,
)


def hours(first: datetime, count: int, workspace: str = "search") -> list[UsageRow]:
    """One row an hour."""
    return [
        replace(
            ROW,
            starts_at=first + n * HOUR,
            ends_at=first + (n + 1) * HOUR,
            workspace_id=workspace,
        )
        for n in range(count)
    ]


def test_a_day_becomes_one_row_and_a_second_run_does_nothing(acme: Bot) -> None:
    """A day of the organization, with 25 hours where clocks go back; written once."""
    with empty(acme):
        say(acme, hours(FIRST + 2 * DAY, 25) + hours(FIRST + 2 * DAY, 25, "abroad"))
        assert 24 == compact(acme)
        (day,) = [values for values in charged(acme) if values[-1]]
        with statements(acme.db) as seen:
            assert 0 == compact_old(acme, NOW)

    assert (FIRST + 2 * DAY, FIRST + 3 * DAY + HOUR) == day[2:4]
    assert 25 * 5 == day[charge_rows._COLUMNS.index("net")]
    assert [] == [s for s in seen if "charge" in s and not s.startswith("SELECT")]


def test_hours_of_the_last_hundred_days_stay_hours(acme: Bot) -> None:
    """To the hour: a day is compacted when its end is old enough."""
    with empty(acme):
        say(acme, hours(FIRST, 48))
        assert 0 == compact(acme, FIRST + DAY + HOURS_KEPT - timedelta(seconds=1))
        assert 23 == compact(acme, FIRST + DAY + HOURS_KEPT)
        assert 25 == len(charged(acme))


def test_older_hours_that_come_late_are_compacted_later(acme: Bot) -> None:
    """History that is read backwards, and days that were healed by force."""
    with empty(acme):
        say(acme, hours(FIRST + 3 * DAY + HOUR, 24))
        assert 23 == compact(acme)
        say(acme, hours(FIRST - 20 * DAY, 24), Window(FIRST - 20 * DAY, FIRST - 19 * DAY))
        assert 23 == compact(acme)
        say(
            acme, hours(FIRST + 3 * DAY + HOUR, 24), Window(FIRST + 3 * DAY + HOUR, FIRST + 5 * DAY)
        )
        assert 23 == compact(acme)
        assert 2 == len(charged(acme))


def test_days_that_are_one_already_are_not_written_again(acme: Bot) -> None:
    """When older hours come late, the days after them are only looked at."""
    with empty(acme):
        say(acme, hours(FIRST, 48))
        compact(acme)
        say(acme, hours(FIRST - 5 * DAY, 2), Window(FIRST - 5 * DAY, FIRST - 4 * DAY))
        with statements(acme.db) as seen:
            assert 1 == compact_old(acme, NOW)

    written = [s for s in seen if s.startswith(("INSERT INTO charge", "DELETE FROM charge"))]
    assert 2 == len(written)


@pytest.mark.parametrize("older", [False, True], ids=["", "after older hours came"])
@pytest.mark.parametrize("edge", ["starts_at", "ends_at"])
def test_a_window_that_cuts_a_day_is_refused(acme: Bot, edge: str, *, older: bool) -> None:
    """Half of a day cannot be replaced; nothing of that answer is taken."""
    whole = Window(FIRST, FIRST + DAY)
    windows = {
        "starts_at": Window(FIRST + HOUR, FIRST + 2 * DAY),
        "ends_at": Window(FIRST - DAY, FIRST + HOUR),
    }
    with empty(acme):
        say(acme, hours(FIRST, 24))
        compact(acme)
        if older:
            say(acme, hours(FIRST - 20 * DAY, 2), Window(FIRST - 20 * DAY, FIRST - 19 * DAY))
        before = sums(acme)
        with pytest.raises(ValueError, match="kept as one"):
            say(acme, [], windows[edge])
        assert before == sums(acme)
        say(acme, [], whole)
        assert before != sums(acme)


def test_an_outage_is_never_compacted_away(acme: Bot) -> None:
    """A source that comes back is read from where it stopped, in the middle of a day."""
    with empty(acme):
        say(acme, hours(FIRST, 48))
        with acme.db.transaction() as tx:
            sources.save(tx, SourceState("anthropic", FIRST, NOW, ok_at=FIRST + 2 * DAY))
        assert 0 == compact(acme, NOW + 300 * DAY)
        say(acme, hours(FIRST + 30 * HOUR, 4), Window(FIRST + 30 * HOUR, NOW))

        assert 34 == len(charged(acme))


def test_what_was_imported_keeps_its_hours(acme: Bot) -> None:
    """Where a file ends is where history begins, and it may be imported again in other stretches."""
    with empty(acme) as db:
        with db.transaction() as tx:
            sources.lock(tx, "import:file")
            some = [Charge("search", r, r.net, r.list) for r in hours(FIRST, 24)]
            ledger.add(tx, "import:file", some)

        assert 0 == compact(acme)
        assert 24 == len(charged(acme, "import:file"))


def test_new_rules_meet_no_day_that_is_one(acme: Bot) -> None:
    """A quarter is attributed anew from its first hour; what lies before stays on its budget."""
    quarter = datetime(2027, 1, 1, 5, tzinfo=UTC)
    now = quarter + 89 * DAY  # the last day but one: as far as it can be from the first
    old = hours(quarter - 30 * DAY, 240)
    with empty(acme) as db:
        say(acme, old + hours(quarter, 30))
        with db.transaction() as tx:
            sources.save(tx, SourceState("anthropic", FIRST, now, ok_at=now))
            first = AppliedPolicy("v0", acme.policy.rules_version, {}, now - DAY)
            policies.record(tx, first)
        assert 240 - 10 == compact(acme, now)
        moved = policy(SEARCH, ABROAD, BELOW, REST, rules=RULES[1:])
        with db.transaction() as tx:
            apply_policy(tx, replace(acme, policy=moved), now)
            before = ledger.spend(tx, EVER.starts_at, quarter, Basis.NET)
            after = ledger.spend(tx, quarter, now, Basis.NET)
            rows = usage_rows.of_window(tx, "anthropic", Window(quarter, now))

    assert {"search": 240 * 5} == before
    assert {"unattributed": 30 * 5} == after
    assert hours(quarter, 30) == rows
