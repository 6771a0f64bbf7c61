"""Reports of many pages: whatever their size and order, every row counts once."""

import json
import random
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.clients.usage import UsageSource
from bot.clients.usage.analytics import join_pages
from bot.clients.usage.answers import UsagePage
from bot.clients.usage.answers import UsageRow as Answered
from bot.clients.usage.anthropic import AnthropicSource
from bot.domain.money import micros
from bot.domain.usage import Tokens, Window
from bot.sandbox.usage import UsageApi

HOUR = timedelta(hours=1)
SMALL = 5  # rows on a page


def spend_everywhere(api: UsageApi, now: datetime, rows: int) -> None:
    """Keys and keyless usage, people, nobody and identities that cannot be rendered."""
    actors = ("dana@example.com", "service:svac_1", "unrenderable:x", "unrenderable:y", None)
    for number in range(rows):
        api.spend(
            now - (number % 20 + 1) * HOUR,
            Decimal(number) / 1_000_000,
            api_key=(None, "a", "b")[number % 3],
            actor=actors[number % len(actors)],
            model=f"model-{number // 7}",
            tokens=Tokens(output=number),
        )


def test_more_than_a_hundred_pages(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """Hundreds of pages give what one page gives, to the micro-dollar and the token."""
    spend_everywhere(api, now, rows=800)
    whole = source.fetch(day, now).rows
    in_one = len(api.requests)
    api.organization.most_on_a_page = SMALL

    rows = source.fetch(day, now).rows

    assert in_one == 2
    assert len(api.requests) - in_one > 2 * 100
    assert whole == rows
    every = sum(range(800))
    assert (every, every, 800) == (
        sum(row.net for row in rows),
        sum(row.tokens.output for row in rows),
        sum(row.requests for row in rows),
    )


@pytest.mark.parametrize("seed", range(5))
def test_rows_in_any_order(
    api: UsageApi, source: UsageSource, day: Window, now: datetime, seed: int
) -> None:
    """On which page a row comes, and after which other, changes nothing; a page may be empty."""
    spend_everywhere(api, now, rows=120)
    in_order = source.fetch(day, now).rows
    chance = random.Random(seed)  # noqa: S311 shuffles test data
    held_back: list[object] = []

    def deal(body: dict[str, object]) -> object:
        rows = body["data"]
        assert isinstance(rows, list)
        held_back.extend(rows)
        chance.shuffle(held_back)
        count = chance.randint(0, len(held_back)) if body["has_more"] else len(held_back)
        dealt = held_back[:count]
        del held_back[:count]
        return {**body, "data": dealt}

    api.faults.add("edit", "analytics", times=None, edit=deal)
    api.organization.most_on_a_page = SMALL

    assert in_order == source.fetch(day, now).rows


def test_keyless_and_nameless_rows_count_once(
    api: UsageApi, source: UsageSource, day: Window, now: datetime
) -> None:
    """Usage without a key and actors that read null may come on different pages and are one row."""
    for number in range(12):
        api.spend(now - HOUR, "1", actor=f"unrenderable:{number}", tokens=Tokens(output=1))
    api.spend(now - HOUR, "2", api_key="a", actor="unrenderable:z")
    api.organization.most_on_a_page = 3

    rows = source.fetch(day, now).rows

    assert [None, None] == [row.actor for row in rows]
    assert {(True, micros(12), 12), (False, micros(2), 1)} == {
        (row.api_key_id is None, row.net, row.requests) for row in rows
    }


def test_groups_of_people_are_never_asked_for(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """Rows by RBAC group overlap: a person in two groups would count twice."""
    api.add_user("dana@example.com", groups=("rbac_1", "rbac_2"))
    api.spend(now - HOUR, "5", actor="dana@example.com")

    [row] = source.fetch(day, now).rows
    source.directory()
    source.check()

    assert micros(5) == row.net
    assert [] == [
        pair for seen in api.requests for pair in seen.parameters if "rbac" in "".join(pair)
    ]


def test_answered_rows_are_gone_before_the_next_but_one_page_is_read(now: datetime) -> None:
    """However many there are, what was joined is not held a second time as it was answered."""
    window = Window(now - HOUR, now)
    answered: list[weakref.ref[Answered]] = []

    def pages(count: int) -> Iterator[UsagePage]:
        for number in range(count):
            assert sum(row() is not None for row in answered) <= 1
            page = UsagePage.model_validate_json(_page(window, number))
            answered.append(weakref.ref(page.data[0]))
            yield page
            del page

    rows = join_pages("anthropic", window, (), pages(20)).rows

    assert 20 == len(rows) == len(answered)


def _page(window: Window, number: int) -> bytes:
    group = {"workspace_id": "w", "api_key_id": f"k{number}", "actor": None}
    usage = {
        "uncached_input_tokens": 1,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
    }
    row = {
        "starting_at": window.starts_at.isoformat(),
        "ending_at": window.ends_at.isoformat(),
        "group": {**group, "model": "m", "product": "p"},
        "usage": usage,
    }
    return json.dumps({"data": [row]}).encode()
