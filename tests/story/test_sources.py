"""Where usage is read: each kind of source, through the whole bot."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.fields import SOURCE_KINDS
from bot.config.settings import load_settings
from bot.domain.errors import ConfigError
from bot.domain.money import micros
from bot.domain.policy import PeoplePolicy
from bot.domain.usage import Tokens
from bot.flows.status import all_standings
from bot.sources import HELPS, KINDS, build_helps
from tests.story.town import POLICY, at, town

REPORT = f"{POLICY}sources:\n  - {{kind: usage_report, every: 1m}}\n"


def test_every_kind_that_the_policy_knows_can_be_built() -> None:
    """The policy file and the code name the same kinds."""
    assert set(SOURCE_KINDS) == {*KINDS, *HELPS}


def test_what_names_people_is_built_beside_the_sources() -> None:
    """It needs the key of the organization, and says so when it is missing."""
    helps = (PeoplePolicy("claude_code", timedelta(minutes=15), timedelta(days=3), "Claude Code"),)
    built = build_helps(load_settings({"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-x"}, None), helps)

    assert ["claude_code"] == [help_.name for help_ in built.values()]
    with pytest.raises(ConfigError, match="ANTHROPIC_ADMIN_KEY"):
        build_helps(load_settings({}, None), helps)
    for help_ in built.values():
        help_.close()


def test_an_organization_without_the_beta_is_read_by_its_usage_report(
    tmp_path: Path, database_url: str
) -> None:
    """Tokens are priced by the table, and the owner hears of it like of any other spend."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), REPORT) as acme:
        acme.turn()
        tokens = Tokens(uncached_input=10_000_000, output=1_000_000)
        acme.usage.spend(acme.clock(), "61", workspace="team-search", tokens=tokens)
        acme.goes_to("2026-11-03 10:00")

        assert acme.said_to("dana")[0].startswith("look: Search ranking has spent $60 of $100")
        assert Decimal(100) == acme.limit_at_gateway()


PEOPLE = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", operators: "#ai-budget-ops"}
sources:
  - {kind: anthropic}
  - {kind: claude_code}
defaults: {overage: {routes: [{approvers: [owner]}]}}
unattributed: {owner: ops@example.com}
budgets:
  - {id: search, owner: dana@example.com, limit: 100, match: [{actor: "*@search.example.com"}]}
  - {id: growth, owner: lee@example.com, limit: 100, match: [{actor: "*@growth.example.com"}]}
"""


def test_dollars_of_a_shared_key_land_on_the_people_behind_it(
    tmp_path: Path, database_url: str
) -> None:
    """Claude Code says who used the key; each team pays its people's part, and nothing is lost."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), PEOPLE) as acme:
        acme.turn()
        for person, usd in (("ann@search.example.com", "60"), ("bo@growth.example.com", "20")):
            acme.usage.spend(
                acme.clock(),
                usd,
                workspace="Claude Code",
                api_key="everybody",
                product="claude_code",
                tokens=Tokens(uncached_input=int(usd) * 1_000),
                dimensions={"claude_code_person": person},
            )
        acme.goes_to("2026-11-03 12:00")  # the report is an hour behind
        spent = {str(s.budget.id): s.spent for s in all_standings(acme.bot.bot, acme.clock())}

        assert {"search": micros("60"), "growth": micros("20"), "unattributed": 0} == spent
        assert acme.said_to("dana")[0].startswith("look: search has spent $60 of $100")
        assert [] == acme.said_to("lee")
