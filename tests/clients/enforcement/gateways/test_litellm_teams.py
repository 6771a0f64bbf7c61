"""Limits of teams at LiteLLM, against its double over HTTP."""

import json

import pytest

from bot.clients.enforcement.answers import Confirmed, Edited
from bot.domain.budgets import AtLimit
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from bot.sandbox.litellm import LiteLlm
from tests.clients.enforcement.gateways.conftest import MakeDesk
from tests.clients.enforcement.gateways.setting import LIMIT

SLOW = "other replicas may need a minute"


def _team(proxy: LiteLlm, name: str = "search") -> dict[str, object]:
    return proxy.limits.teams[name]


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        (micros(15_000), "15000"),
        (micros("0.1"), "0.1"),
        (Micros(123_456_789), "123.456789"),
        (Micros(999_999_999_999_999_999), "999999999999.999999"),
        (Micros(1), "0.000001"),
        (Micros(0), "0"),
        (Micros(-5), "0"),
    ],
)
def test_what_is_sent(proxy: LiteLlm, at_litellm: MakeDesk, limit: Micros, number: str) -> None:
    """The limit goes out as a JSON number with each of its digits, and never as less than 0."""
    at_litellm(team="search").apply(limit)

    assert [("/team/update", f'{{"team_id":"search","max_budget":{number}}}')] == list(
        proxy.written
    )


def test_written_and_read_back(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """On the first contact the limit is written, read back and told as LiteLLM holds it."""
    answer = at_litellm(team="search").confirm(LIMIT)

    assert 15_000.0 == _team(proxy)["max_budget"]
    team = {"max_budget": "15000.00", "budget_reset_at": "2026-12-01T00:00:00Z"}
    assert ({"team": {"search": team}}, SLOW) == (answer.held, answer.note)


def test_repeat(at_litellm: MakeDesk) -> None:
    """What already stands there is confirmed without being written once more."""
    desk = at_litellm(team="search")
    desk.confirm(LIMIT)
    desk.confirm(LIMIT)

    assert 1 == len(desk.writes())


def test_raise_and_back(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """A team at its limit is let through once it is raised, and refused once it is put back."""
    desk = at_litellm(team="search")
    key = next(iter(proxy.limits.keys))
    desk.confirm(micros(2))
    _team(proxy)["spend"] = 2.08
    passes = [proxy.limits.lets_through(key)]
    for limit in (micros(3), micros(2)):
        desk.confirm(limit)
        passes.append(proxy.limits.lets_through(key))

    assert [False, True, False] == passes


def test_somebody_changed_it(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """What somebody else wrote is left and told, both when it is found and when a limit is due."""
    desk = at_litellm(team="search")
    desk.confirm(LIMIT)
    _team(proxy)["max_budget"] = 3.0

    told = "team search has max_budget $3 instead of {}; somebody changed it in LiteLLM"
    looked = desk.look(LIMIT)
    assert isinstance(looked, Edited)
    assert told.format("$15,000") == looked.text
    assert {"max_budget": "3.00", "budget_reset_at": "2026-12-01T00:00:00Z"} == looked.held["team"][  # type: ignore[index] # what stands there
        "search"
    ]
    assert told.format("$12,000") == desk.edited(micros(12_000))
    assert (1, 3.0) == (len(desk.writes()), _team(proxy)["max_budget"])

    desk.confirm(micros(12_000), force=True)
    assert 12_000.0 == _team(proxy)["max_budget"]


def test_restored_backup(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """An earlier limit of our own is what a restored backup brings: it is said again."""
    desk = at_litellm(team="search")
    desk.confirm(micros(12_000))
    desk.confirm(LIMIT)
    _team(proxy)["max_budget"] = 12_000.0

    assert desk.looks_away(LIMIT)
    desk.confirm(LIMIT)
    assert isinstance(desk.look(LIMIT), Confirmed)


@pytest.mark.parametrize("known", [False, True])
def test_unlimited(proxy: LiteLlm, at_litellm: MakeDesk, known: bool) -> None:
    """A team without any limit is never cut off by a name in a file; the text says how to adopt it."""
    desk = at_litellm(team="search")
    if known:
        desk.confirm(micros(12_000))
    _team(proxy)["max_budget"] = None
    before = len(desk.writes())

    told = (
        "team search has no max_budget in LiteLLM, so it is unlimited and was left so: give it a "
        "max_budget of $15,000 there"
    )
    assert told == desk.edited(LIMIT)
    assert isinstance(desk.look(LIMIT), Edited)
    assert (before, None) == (len(desk.writes()), _team(proxy)["max_budget"])

    _team(proxy)["max_budget"] = 15_000.0
    desk.confirm(LIMIT)


def test_unlimited_on_somebodys_word(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """An operator's word gives a limit to a team that had none."""
    _team(proxy)["max_budget"] = None
    at_litellm(team="search").confirm(LIMIT, force=True)

    assert 15_000.0 == _team(proxy)["max_budget"]


def test_limit_that_is_not_told(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """An answer without the limit is no answer, and not one without a limit."""
    desk = at_litellm(team="search")
    proxy.faults.add("edit", "/team/info", edit=lambda _: {"team_info": {"team_id": "search"}})
    error = desk.refused()

    assert not error.permanent
    assert "max_budget: Field required" in error.text
    assert [] == desk.writes()


def test_soft_budget(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """A limit that goes back to the soft budget or below is refused by LiteLLM: people have to act."""
    desk = at_litellm(team="search")
    desk.confirm(micros(3))
    _team(proxy)["soft_budget"] = 1.0
    error = desk.refused(micros("0.5"))

    assert (True, 400) == (error.permanent, error.status)
    assert error.text.startswith("team search: LiteLLM takes no max_budget at or below the soft_b")
    assert "lower or remove the soft_budget there, then `budget-bot outbox redrive`" in error.text
    assert "max_budget (0.5) must be strictly greater than soft_budget (1.0)" in error.text
    assert 3.0 == _team(proxy)["max_budget"]

    _team(proxy)["soft_budget"] = None
    desk.confirm(micros("0.5"))


def test_unknown_team(at_litellm: MakeDesk) -> None:
    """A team that is not there is named, with the remedy, and nothing of the others is written."""
    desk = at_litellm(team=("search", "nope"))
    error = desk.refused()

    assert (True, 404, []) == (error.permanent, error.status, desk.writes())
    assert error.text.startswith("team nope: LiteLLM has no team of this id: check `enforce`")


def test_several_teams(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """All teams of a budget have to hold; one that somebody changed holds back the others."""
    desk = at_litellm(team=("search", "growth"))
    answer = desk.confirm(micros(10))
    assert ["search", "growth"] == list(answer.held["team"])  # type: ignore[call-overload] # a mapping
    _team(proxy, "growth")["max_budget"] = 99.0

    assert "team growth has max_budget $99 instead of $20" in desk.edited(micros(20))
    assert 10.0 == _team(proxy)["max_budget"]


def test_one_refused_of_several(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """A refusal at one team does not keep the limit from the other, and is told."""
    desk = at_litellm(team=("search", "growth"))
    _team(proxy)["soft_budget"] = 50.0
    error = desk.refused(micros(20))

    assert (True, 20.0) == (error.permanent, _team(proxy, "growth")["max_budget"])
    assert error.text.startswith("team search: ")


@pytest.mark.parametrize(
    ("at_limit", "note"),
    [
        (AtLimit.NOTIFY, "LiteLLM refuses at the limit by itself, although at_limit is notify; "),
        (AtLimit.THROTTLE, "max_budget cannot throttle: LiteLLM refuses at the limit; "),
        (AtLimit.BLOCK, ""),
    ],
)
def test_response_at_the_limit(at_litellm: MakeDesk, at_limit: AtLimit, note: str) -> None:
    """A limit that LiteLLM counts itself refuses, and where the policy wants less, that is said."""
    desk = at_litellm(team="search")
    desk.at_limit = at_limit

    assert note + SLOW == desk.confirm().note


def test_count_behind_ours(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """A team that should be blocked is let through by LiteLLM for as long as it has counted less."""
    desk = at_litellm(team="search")
    _team(proxy)["spend"] = 95.0
    note = "LiteLLM has counted $95 for team search and refuses from $100 on; " + SLOW
    assert note == desk.confirm(micros(100), Mode.BLOCK).note

    _team(proxy)["spend"] = 100.01
    assert SLOW == desk.confirm(micros(100), Mode.BLOCK).note


def test_count_that_is_never_cleared(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """Without a duration a month's limit is one for ever, and a block by hand is not the bot's."""
    _team(proxy).update(budget_duration=None, budget_reset_at=None, blocked=True)
    answer = at_litellm(team="search").confirm()

    assert {"team": {"search": {"max_budget": "15000.00"}}} == answer.held
    assert (
        "team search has no budget_duration, so LiteLLM never clears what it has spent; "
        f"team search is blocked in LiteLLM, and not by the bot; {SLOW}"
    ) == answer.note


def test_quoted_answer(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """The answer as the reference quotes it is read."""
    quoted = (
        '{"team_id":"team-growth","team_info":{"team_id":"team-growth","team_alias":"growth",'
        '"metadata":{"owner":"bo"},"max_budget":3.0,"soft_budget":1.0,"budget_duration":"30d",'
        '"budget_limits":null,"spend":3.12,"budget_reset_at":"2026-12-01T00:00:00Z",'
        '"blocked":false,"members_count":1,"keys_count":1},"keys":[]}'
    )
    proxy.faults.add("malformed", "/team/info", body=quoted)
    answer = at_litellm(team="team-growth").confirm(micros(3))

    assert "3.00" == json.loads(json.dumps(answer.held))["team"]["team-growth"]["max_budget"]


def test_another_team(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """An answer about another team says nothing about ours."""
    proxy.faults.add("edit", "/team/info", edit=lambda _: {"team_info": _team(proxy, "growth")})
    error = at_litellm(team="search").refused()

    assert (False, "team search: LiteLLM answered about another team") == (
        error.permanent,
        error.text,
    )


def test_check(at_litellm: MakeDesk) -> None:
    """The doctor is told how many teams there are."""
    assert "LiteLLM, 2 teams" == at_litellm(team="search").target.check()


@pytest.mark.parametrize(
    ("refs", "told"),
    [
        ({}, "`enforce` names nothing at LiteLLM"),
        ({"policy": "bp-1"}, "policy is nothing that LiteLLM can hold: check `enforce`"),
    ],
)
def test_names_that_are_none(at_litellm: MakeDesk, refs: dict[str, str], told: str) -> None:
    """An order without a name that LiteLLM knows is for people to put right."""
    error = at_litellm(**refs).refused()

    assert (True, told) == (error.permanent, error.text)
