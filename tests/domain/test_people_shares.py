"""People's shares: dollars of a shared key go to who used it, and none is lost on the way."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.attribution import attribute
from bot.domain.money import Micros, micros
from bot.domain.people_shares import NOBODY, NOBODYS_TAG, SharedUsage, divide_among_people
from bot.domain.rules import Match, Rule
from bot.domain.usage import Actor, Directory, PersonShare, Tokens, UsageRow, Workspace
from tests.domain.values import HOUR

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
OPUS, HAIKU, SONNET = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"
ANN, BOB = "ann@search.example.com", "bob@growth.example.com"
NAMES = Directory(
    workspaces={
        "wrkspc_1": Workspace("wrkspc_1", "Claude Code"),
        "wrkspc_2": Workspace("wrkspc_2", "team-search"),
    }
)
ROW = UsageRow(
    source="anthropic",
    starts_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
    ends_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    workspace_id="wrkspc_1",
    api_key_id="apikey_1",
    actor=Actor("api_actor", "apikey_1"),
    model=OPUS,
    product="claude_code",
    net=micros("10"),
    list=micros("12"),
    tokens=Tokens(1_001, 7, 3, 1, 500),
    requests=11,
)
SHARED = SharedUsage()


def share(person: str, weight: int, model: str = OPUS, day: date = TODAY) -> PersonShare:
    """What somebody used, today and with Opus unless told otherwise."""
    return PersonShare(day, model, person, weight)


def divided(
    *shares: PersonShare, row: UsageRow = ROW, where: SharedUsage = SHARED
) -> list[UsageRow]:
    """What becomes of a row."""
    return divide_among_people([row], shares, NAMES, where)


def dollars_of(rows: Iterable[UsageRow]) -> dict[str | None, Micros]:
    """Net dollars by person."""
    return {row.actor.email if row.actor else None: row.net for row in rows}


def test_a_row_becomes_one_for_each_person() -> None:
    """Dollars, tokens and requests in proportion to the estimated cost; the rest stays as it was."""
    ann, bob = divided(share(BOB, 25), share(ANN, 75))

    assert Actor("user_actor", ANN, ANN) == ann.actor
    assert Actor("user_actor", BOB, BOB) == bob.actor
    assert (micros("7.50"), micros("9")) == (ann.net, ann.list)
    assert (micros("2.50"), micros("3")) == (bob.net, bob.list)
    assert (Tokens(751, 5, 2, 1, 375), 8) == (ann.tokens, ann.requests)
    assert (Tokens(250, 2, 1, 0, 125), 3) == (bob.tokens, bob.requests)
    assert replace(ROW, actor=None) == replace(
        ann, actor=None, net=ROW.net, list=ROW.list, tokens=ROW.tokens, requests=ROW.requests
    )


def test_rules_about_people_then_work() -> None:
    """Two teams behind one key each get what their people used."""
    rules = [Rule(Match(actor="*@search.example.com"), (("search", 10_000),))]
    rows = divided(share(ANN, 30), share(BOB, 70))

    charges = attribute(rows, rules, NAMES, otherwise="unattributed")

    assert {"search": micros("3"), "unattributed": micros("7")} == {
        charge.budget: charge.net for charge in charges
    }


@pytest.mark.parametrize(
    ("row", "where", "expected"),
    [
        (ROW, SHARED, True),
        (replace(ROW, actor=None), SHARED, True),
        (replace(ROW, product="messages_api"), SHARED, True),  # the workspace is enough
        (replace(ROW, workspace_id="wrkspc_2"), SHARED, True),  # so is the product
        (replace(ROW, workspace_id="wrkspc_2", product=None), SHARED, False),
        (replace(ROW, workspace_id=None, product=None), SHARED, False),
        (ROW, SharedUsage("claude*", None), True),
        (ROW, SharedUsage("wrkspc_1", None), True),
        (ROW, SharedUsage("team-*", None), False),
        (replace(ROW, workspace_id="wrkspc_2"), SharedUsage("team-*", None), True),
        (ROW, SharedUsage(None, "cowork"), False),
        (ROW, SharedUsage(None, None), False),
    ],
)
def test_where_people_share(row: UsageRow, where: SharedUsage, expected: bool) -> None:
    """Rows of a workspace, by id, name or glob, and rows of a product; others are left alone."""
    rows = divided(share(ANN, 1), row=row, where=where)

    assert [ANN if expected else None] == [r.actor and r.actor.email for r in rows]
    assert expected or [row] == rows


@pytest.mark.parametrize(
    "actor",
    [
        Actor("user_actor", "user_1", "dana@example.com", "Dana"),
        Actor("user_actor", "user_2"),  # without an address it is somebody all the same
        Actor("service_account_actor", "svac_1"),
        Actor("federated_actor", "repo:acme/search"),
    ],
)
def test_who_is_named_stays(actor: Actor) -> None:
    """What the bill knows is not guessed at."""
    row = replace(ROW, actor=actor)

    assert [row] == divided(share(ANN, 1), row=row)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([share(ANN, 1), share(BOB, 1, HAIKU), share(BOB, 1, day=TODAY - DAY)], {ANN: "10"}),
        # the day over all models, before any earlier day
        (
            [share(ANN, 3, HAIKU), share(BOB, 1, SONNET), share(BOB, 1, day=TODAY - DAY)],
            {ANN: "7.50", BOB: "2.50"},
        ),
        # the newest of the earlier days
        ([share(ANN, 1, day=TODAY - 2 * DAY), share(BOB, 1, day=TODAY - DAY)], {BOB: "10"}),
        ([share(ANN, 1, HAIKU, TODAY - DAY), share(BOB, 1, day=TODAY - 3 * DAY)], {BOB: "10"}),
        # too old, later, of another model, or of no weight: nothing is known
        ([share(ANN, 1, day=TODAY - 4 * DAY)], {None: "10"}),
        ([share(ANN, 1, day=TODAY + DAY)], {None: "10"}),
        ([share(ANN, 1, HAIKU, TODAY - DAY)], {None: "10"}),
        ([share(ANN, 0)], {None: "10"}),
        ([share(ANN, 0), share(BOB, 1, HAIKU)], {BOB: "10"}),
        ([], {None: "10"}),
    ],
)
def test_the_nearest_shares_count(
    shares: list[PersonShare], expected: dict[str | None, str]
) -> None:
    """That day and model, else that day, else that model up to three days before, else nobody."""
    assert {who: micros(usd) for who, usd in expected.items()} == dollars_of(divided(*shares))


def test_the_day_is_one_of_utc() -> None:
    """A row that says its hour in another zone belongs to the UTC day it lies in."""
    late = datetime.fromisoformat("2026-11-21T22:00:00-05:00")
    row = replace(ROW, starts_at=late, ends_at=late + HOUR)

    assert {ANN: micros("10")} == dollars_of(
        divided(share(ANN, 1), share(BOB, 1, day=TODAY - DAY), row=row)
    )


def test_usage_without_a_model_follows_the_day() -> None:
    """Code execution has no model, and is divided by what the day's people used."""
    row = replace(ROW, model=None)

    assert {ANN: micros("10")} == dollars_of(divided(share(ANN, 1), row=row))
    assert [row] == divided(share(ANN, 1, day=TODAY - DAY), row=row)


def test_what_a_key_used_stays_nobodys() -> None:
    """A pipeline's part is given to no person: it keeps its key, and is marked as looked at."""
    ann, rest = divided(share(ANN, 40), share(NOBODY, 60))

    assert (ANN, micros("4")) == (ann.actor and ann.actor.email, ann.net)
    assert (ROW.actor, micros("6")) == (rest.actor, rest.net)
    assert (NOBODYS_TAG,) == rest.tags
    assert () == ann.tags


def test_the_mark_stands_among_other_tags() -> None:
    """Tags stay sorted by name, and none is lost."""
    tagged = replace(ROW, tags=(("a", "1"), ("z", "2")))

    assert [(("a", "1"), NOBODYS_TAG, ("z", "2"))] == [
        row.tags for row in divided(share(NOBODY, 1), row=tagged)
    ]


def test_nobody_gets_a_row_of_nothing() -> None:
    """A micro-dollar has one owner, and who gets nothing gets no row; a row of nothing stays."""
    nothing = replace(ROW, net=Micros(0), list=Micros(0), tokens=Tokens(), requests=0)
    tiny = replace(nothing, net=Micros(1))

    assert {BOB: 1} == dollars_of(divided(share(ANN, 1), share(BOB, 2), row=tiny))
    assert [nothing] == divided(share(ANN, 1), share(BOB, 2), row=nothing)


def test_the_same_person_twice_is_one() -> None:
    """Two sources that tell of the same person are added up."""
    assert {ANN: micros("7.50"), BOB: micros("2.50")} == dollars_of(
        divided(share(ANN, 1), share(BOB, 1), share(ANN, 2))
    )


AMOUNTS = st.integers(-(10**12), 10**12)
COUNTS = st.integers(0, 10**10)
ROWS = st.builds(
    replace,
    st.just(ROW),
    starts_at=st.integers(-96, 24).map(lambda hours: ROW.starts_at + hours * HOUR),
    workspace_id=st.sampled_from([None, "wrkspc_1", "wrkspc_2"]),
    product=st.sampled_from([None, "claude_code", "messages_api"]),
    actor=st.sampled_from([None, ROW.actor, Actor("user_actor", "user_1", "dana@example.com")]),
    model=st.sampled_from([None, OPUS, HAIKU]),
    net=AMOUNTS.map(Micros),
    list=AMOUNTS.map(Micros),
    tokens=st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    requests=COUNTS,
)
SHARES = st.builds(
    PersonShare,
    day=st.integers(0, 5).map(lambda days: TODAY - days * DAY),
    model=st.sampled_from([OPUS, HAIKU, SONNET]),
    person=st.sampled_from([NOBODY, ANN, BOB, "eve@example.com"]),
    weight=st.integers(0, 10**12),
)


def totals(rows: Iterable[UsageRow]) -> Counter[object]:
    """Every sum, by everything but the person."""
    sums: Counter[object] = Counter()
    for row in rows:
        key = (row.starts_at, row.workspace_id, row.api_key_id, row.model, row.product)
        figures = (row.net, row.list, *astuple(row.tokens), row.requests)
        for number, figure in enumerate(figures):
            sums[key, number] += figure
    return sums


@given(st.lists(ROWS, max_size=6), st.lists(SHARES, max_size=12))
def test_a_division_loses_and_invents_nothing(
    rows: list[UsageRow], shares: list[PersonShare]
) -> None:
    """Dollars, tokens and requests of every hour, key and model are what they were, to the last one."""
    assert totals(rows) == totals(divide_among_people(rows, shares, NAMES, SHARED))


@given(st.lists(ROWS, max_size=6), st.lists(SHARES, max_size=12))
def test_twice_is_once(rows: list[UsageRow], shares: list[PersonShare]) -> None:
    """What was divided is not divided again, nobody's part neither."""
    once = divide_among_people(rows, shares, NAMES, SHARED)

    assert once == divide_among_people(once, shares, NAMES, SHARED)


@given(st.lists(ROWS, max_size=6), st.lists(SHARES, max_size=12))
def test_the_order_of_the_shares_is_of_no_matter(
    rows: list[UsageRow], shares: list[PersonShare]
) -> None:
    """The odd micro-dollar goes to the same person however the shares come."""
    assert divide_among_people(rows, shares, NAMES, SHARED) == divide_among_people(
        rows, shares[::-1], NAMES, SHARED
    )
