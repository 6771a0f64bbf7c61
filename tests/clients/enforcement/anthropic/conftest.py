"""The Anthropic double over real HTTP, with the keys and limits of one team."""

from collections.abc import Callable, Iterator

import pytest

from bot.sandbox.usage import UsageApi
from tests.clients.enforcement.anthropic.setting import NOW, Desk, Refs

MakeDesk = Callable[..., Desk]


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """Two keys of the team, one of others; two groups of models, one lowered already."""
    with UsageApi(lambda: NOW) as api:
        api.add_workspace("team-search", {"team": "search"})
        api.add_workspace("team-growth")
        api.add_api_key("search-prod", "team-search")
        api.add_api_key("search-batch", "team-search")
        api.add_api_key("growth-prod", "team-growth")
        api.add_user("dana@example.com")
        rates = api.administration.rate_limits
        rates.add("opus", {"requests_per_minute": 4000, "output_tokens_per_minute": 400000})
        rates.add("haiku", {"requests_per_minute": 15})
        rates.add("batches", {"requests_per_minute": 7}, "batch")
        yield api


@pytest.fixture
def make_desk(api: UsageApi) -> Iterator[MakeDesk]:
    """A budget with the names that `enforce` gives it at Anthropic."""
    desks: list[Desk] = []

    def make(key: str | None = None, **refs: str | tuple[str, ...]) -> Desk:
        named: Refs = {
            name: (value,) if isinstance(value, str) else value for name, value in refs.items()
        }
        desks.append(Desk(api, named, key))
        return desks[-1]

    yield make
    for desk in desks:
        desk.target.close()
