"""The Claude Code report as shares: who used how much of a model on a UTC day, and nobody's part."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.claude_code import ClaudeCodePeople, days_of
from bot.clients.usage.errors import (
    AnswerTooLarge,
    PageLoop,
    SourceDataError,
    SourceRefused,
    SourceUnavailable,
)
from bot.domain.money import micros
from bot.domain.people_shares import SharedUsage, divide_among_people
from bot.domain.usage import PersonShare, Tokens, Window
from bot.sandbox.usage import UsageApi
from bot.sandbox.usage.faults import Kind

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)
OPUS = "claude-opus-5-5"
REPORT = "usage_report/claude_code"
ANN, BOB = "ann@search.example.com", "bob@growth.example.com"
EXAMPLE = Path(__file__).parents[4] / "shared/data/anthropic/claude_code.json"


@pytest.fixture
def people(api: UsageApi, sleeps: list[float]) -> Iterator[ClaudeCodePeople]:
    """The report, read with the admin key."""
    with ClaudeCodePeople(
        api.admin_key, api.url, sleep=sleeps.append, clock=api.clock, patience=3.0
    ) as people:
        yield people


@pytest.fixture
def today(now: datetime) -> Window:
    """The UTC day so far."""
    return Window(now.replace(hour=0, minute=0), now)


def use(api: UsageApi, who: str | None, at: datetime, usd: str = "1", **more: Any) -> None:
    """Somebody, or with None a key, uses Claude Code."""
    api.spend(at, usd, actor=who, product="claude_code", **more)


def answer(api: UsageApi, body: object) -> None:
    """What the report says from now on."""
    api.faults.add("malformed", REPORT, times=None, body=json.dumps(body))


def record(amount: object = 1, **more: object) -> dict[str, object]:
    """A record of today, as far as it is read."""
    tokens = {"input": 1, "output": 2, "cache_read": 3, "cache_creation": 4}
    cost = {"currency": "USD", "amount": amount}
    return {
        "date": "2026-11-23T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": ANN},
        "customer_type": "api",
        "model_breakdown": [{"model": OPUS, "tokens": tokens, "estimated_cost": cost}],
        **more,
    }


def page(*records: dict[str, object], **more: object) -> dict[str, object]:
    """The last page of a day."""
    return {"data": list(records), "has_more": False, "next_page": None, **more}


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="the example body is not here")
def test_the_documented_example(api: UsageApi, people: ClaudeCodePeople, now: datetime) -> None:
    """Cents are a number: 1025 is $10.25; and what a key used is nobody's."""
    answer(api, json.loads(EXAMPLE.read_text()))
    day = date(2026, 11, 22)

    assert (
        PersonShare(day, "claude-haiku-5-5", "", 110_000),
        PersonShare(day, OPUS, "developer@company.com", 10_250_000),
    ) == people.shares(Window(now - DAY, now.replace(hour=0, minute=0)), now)


def test_shares(api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window) -> None:
    """One for each model and person, in estimated micro-dollars, whatever the bill says."""
    use(api, ANN, now - 2 * HOUR, "1", list_usd="1.25")
    use(api, ANN, now - 3 * HOUR, "2", dimensions={"terminal_type": "tmux"})
    use(api, BOB, now - 3 * HOUR, "0.105")
    use(api, BOB, now - 3 * HOUR, "4", model="claude-haiku-5-5")

    assert (
        PersonShare(TODAY, "claude-haiku-5-5", BOB, 4_000_000),
        PersonShare(TODAY, OPUS, ANN, 3_250_000),
        PersonShare(TODAY, OPUS, BOB, 105_000),
    ) == people.shares(today, now)


def test_keys_without_people_are_nobody(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """What pipelines used is one share of nobody, so that people are not given their part."""
    use(api, None, now - 2 * HOUR, "3", api_key="ci-claude-code")
    use(api, None, now - 2 * HOUR, "4", api_key="nightly")
    use(api, ANN, now - 2 * HOUR, "1")

    assert {"": 7_000_000, ANN: 1_000_000} == {
        share.person: share.weight for share in people.shares(today, now)
    }


def test_people_behind_a_shared_key(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """The bill names the key alone, and this report who used it."""
    use(api, None, now - 2 * HOUR, "3", api_key="shared", dimensions={"claude_code_person": ANN})

    assert [ANN] == [share.person for share in people.shares(today, now)]


def test_a_bill_without_people(
    api: UsageApi, source: AnthropicSource, people: ClaudeCodePeople, day: Window, now: datetime
) -> None:
    """The dollars are the bill's to the micro-dollar, and the proportions this report's."""
    ann, bob = ({"claude_code_person": person} for person in (ANN, BOB))
    key = {"workspace": "Claude Code", "api_key": "shared"}
    use(api, None, now - 2 * HOUR, "0.90", list_usd="1", dimensions=ann, **key)
    use(api, None, now - 4 * HOUR, "1.80", list_usd="2", dimensions=bob, **key)
    api.spend(now - 2 * HOUR, "5", workspace="team-search", api_key="search")

    rows = source.fetch(day, now).rows
    divided = divide_among_people(
        rows, people.shares(day, now), source.directory(), SharedUsage("Claude Code")
    )

    sums: Counter[str | None] = Counter()
    for row in divided:
        sums[row.actor.email if row.actor else None] += row.net
    assert {ANN: micros("0.90"), BOB: micros("1.80"), None: micros("5")} == sums
    assert 5 == len(divided)  # each of the two hours for each of the two people, and the other


def test_other_products_are_not_in_it(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """A day on which nobody used Claude Code has no shares, and that is no error."""
    api.spend(now - 2 * HOUR, "3", actor=ANN)

    assert () == people.shares(today, now)


def test_a_call_for_each_day(api: UsageApi, people: ClaudeCodePeople, now: datetime) -> None:
    """One UTC day a call, up to today's, and each person on the day of the usage."""
    for ago in range(1, 5):
        use(api, ANN, now - ago * DAY, str(ago))

    found = people.shares(Window(now - 3 * DAY, now + 5 * DAY), now)

    days = [TODAY - n * DAY for n in (3, 2, 1, 0)]
    assert [dict(seen.parameters) for seen in api.requests] == [
        {"starting_at": f"{day:%Y-%m-%d}", "limit": "1000"} for day in days
    ]
    assert list(zip(days, (3_000_000, 2_000_000, 1_000_000), strict=False)) == [
        (share.day, share.weight) for share in found
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (timedelta(), DAY, [0]),
        (timedelta(), HOUR, [0]),
        (-timedelta.resolution, DAY, [-1, 0]),
        (-2 * DAY, timedelta(), [-2, -1]),  # midnight itself is the next day's
        (-2 * DAY, timedelta.resolution, [-2, -1, 0]),
        (DAY, 2 * DAY, []),  # of the future nothing is known
    ],
)
def test_days_of_a_window(
    now: datetime, starts: timedelta, ends: timedelta, expected: list[int]
) -> None:
    """Every UTC day that has an instant in the window and has begun."""
    midnight = datetime(2026, 11, 23, tzinfo=UTC)

    assert [TODAY + n * DAY for n in expected] == list(
        days_of(Window(midnight + starts, midnight + ends), now)
    )


def test_nothing_to_ask(api: UsageApi, people: ClaudeCodePeople, now: datetime) -> None:
    """A window of the future is not asked for."""
    assert () == people.shares(Window(now + DAY, now + 2 * DAY), now)
    assert [] == list(api.requests)


def test_many_people(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
) -> None:
    """A thousand come on one page; the others are read too."""
    for number in range(1_001):
        use(api, f"p{number:04d}@example.com", now - 2 * HOUR)

    found = people.shares(today, now)

    assert 1_001 == len({share.person for share in found}) == len(found)
    assert [False, True] == ["page" in dict(seen.parameters) for seen in api.requests]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1025", 10_250_000),
        ("10.5", 105_000),
        ("1e2", 1_000_000),
        ("0.00005", 1),  # half of a micro-dollar, twice
        ("1234567890.1234", 12_345_678_901_234),
        ("900000000000.0003", 9_000_000_000_000_003),  # as a float it would be ….0002
    ],
)
def test_amounts_are_exact(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
    amount: str,
    expected: int,
) -> None:
    """Whole or not, a number of cents is read as it stands in the text, and summed before rounding."""
    doubled = amount == "0.00005"
    body = json.dumps(page(*[record("?")] * (2 if doubled else 1))).replace('"?"', amount)
    api.faults.add("malformed", REPORT, body=body)

    assert [expected] == [share.weight for share in people.shares(today, now)]


def test_tokens_where_nothing_is_estimated(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """A model that is estimated at nothing is weighed by its tokens, the others by dollars."""
    use(api, ANN, now - 2 * HOUR, "0", model="claude-next-7", tokens=Tokens(1, 2, 3, 4, 5))
    use(api, BOB, now - 2 * HOUR, "0", model="claude-next-7", tokens=Tokens(30))
    use(api, ANN, now - 2 * HOUR, "0", tokens=Tokens(10_000))
    use(api, BOB, now - 2 * HOUR, "1", tokens=Tokens(10))

    assert [("claude-next-7", ANN, 15), ("claude-next-7", BOB, 30), (OPUS, BOB, 1_000_000)] == [
        (share.model, share.person, share.weight) for share in people.shares(today, now)
    ]


def test_subscriptions_are_left_out(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """What a subscription pays for is on no bill of the API, so it earns no part of one."""
    use(api, ANN, now - 2 * HOUR, "1")
    use(api, BOB, now - 2 * HOUR, "9", dimensions={"customer_type": "subscription"})

    assert [ANN] == [share.person for share in people.shares(today, now)]


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ({"type": "user_actor", "email_address": "Ann@Search.Example.com "}, ANN),
        ({"type": "user_actor", "email_address": None}, ""),
        ({"type": "user_actor", "email_address": ""}, ""),
        ({"type": "api_actor", "api_key_name": "ci"}, ""),
        ({"type": "api_actor", "api_key_name": "ci", "email_address": ANN}, ""),
        ({"type": "robot_actor", "serial": 7}, ""),
    ],
)
def test_who(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
    actor: dict[str, object],
    expected: str,
) -> None:
    """A person is an address in lower case; keys, nameless accounts and what is new are nobody."""
    answer(api, page(record(actor=actor)))

    assert [expected] == [share.person for share in people.shares(today, now)]


def test_a_date_without_a_time(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """The page describes a bare date and shows one with a time: both are understood."""
    answer(api, page(record(date="2026-11-23")))

    assert [TODAY] == [share.day for share in people.shares(today, now)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (page(record("10.25")), "data.0.model_breakdown.0.estimated_cost.amount: .*JSON number"),
        (page(record(True)), "amount: .*not a JSON number"),
        (page(record(None)), "amount: .*not a JSON number"),
        (page(record(-1)), "amount: .*not a plausible"),
        (page(record(10**13)), "amount: .*not a plausible"),
        (page(record(), record(actor={"type": "user_actor"})), "data.1.actor: .*without email"),
        (page(record(actor={"email_address": ANN})), "actor.type"),
        (page(record(customer_type=None)), "customer_type"),
        (page(record(model_breakdown=[{"model": ""}])), "model_breakdown.0.model"),
        (page(record(date="today")), "data.0.date"),
        (page(record(date="2026-11-22T00:00:00Z")), "a record of 2026-11-22, not of 2026-11-23"),
        (page(has_more=True), "has_more is true, but next_page"),
        ({"data": []}, "has_more"),
        ([], "body"),
    ],
    ids=str,
)
def test_undocumented_answers(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
    body: object,
    message: str,
) -> None:
    """An answer that is not as documented is an error that names record and field."""
    answer(api, body)

    with pytest.raises(SourceDataError, match=message):
        people.shares(today, now)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999999"])
def test_no_number(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window, text: str
) -> None:
    """What is no amount in any currency is refused, however it is written."""
    body = json.dumps(page(record("?"))).replace('"?"', text)
    api.faults.add("malformed", REPORT, body=body)

    with pytest.raises(SourceDataError):
        people.shares(today, now)


def test_another_currency(
    api: UsageApi, people: ClaudeCodePeople, now: datetime, today: Window
) -> None:
    """Euros would be compared with dollars."""
    body = json.dumps(page(record())).replace("USD", "EUR")
    api.faults.add("malformed", REPORT, body=body)

    with pytest.raises(SourceDataError, match="currency"):
        people.shares(today, now)


def test_trouble_that_passes(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
    sleeps: list[float],
) -> None:
    """A page that fails once is asked for again."""
    use(api, ANN, now - 2 * HOUR)
    api.faults.add("status", REPORT, status=529)

    assert 1 == len(people.shares(today, now))
    assert 1 == len(sleeps)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("mid_page", SourceUnavailable),
        ("drop", SourceUnavailable),
        ("truncate", SourceUnavailable),
        ("loop", PageLoop),
        ("malformed", SourceDataError),
    ],
)
def test_trouble(
    api: UsageApi,
    people: ClaudeCodePeople,
    now: datetime,
    today: Window,
    kind: Kind,
    error: type[Exception],
) -> None:
    """Half of a day is no answer: shares of some of the people would be too large."""
    for number in range(1_001):
        use(api, f"p{number:04d}@example.com", now - 2 * HOUR)
    api.faults.add(kind, REPORT, times=None)

    with pytest.raises(error):
        people.shares(today, now)


def test_too_large(api: UsageApi, now: datetime, today: Window) -> None:
    """An answer larger than any real one is not read to its end."""
    use(api, ANN, now - 2 * HOUR)
    with (
        ClaudeCodePeople(api.admin_key, api.url, largest_answer=100) as people,
        pytest.raises(AnswerTooLarge, match="larger than 100 bytes"),
    ):
        people.shares(today, now)


def test_check(api: UsageApi, people: ClaudeCodePeople) -> None:
    """The check names the organization, and tries the report itself."""
    assert "Acme (who used Claude Code)" == people.check()
    assert (f"/v1/organizations/{REPORT}", "") == (api.requests[-1].path, api.requests[-1].beta)
    assert {"starting_at": "2026-11-23", "limit": "1"} == dict(api.requests[-1].parameters)


def test_an_analytics_key(api: UsageApi, today: Window, now: datetime) -> None:
    """A key that reads analytics opens nothing here, and the remedy says which key does."""
    with (
        ClaudeCodePeople(api.analytics_key, api.url) as people,
        pytest.raises(SourceRefused, match="set ANTHROPIC_ADMIN_KEY to an admin key") as refused,
    ):
        people.shares(today, now)

    assert "read:analytics" not in str(refused.value)
    assert api.analytics_key not in str(refused.value)
