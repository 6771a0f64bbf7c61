"""Limits and blocks of keys at LiteLLM, against its double over HTTP."""

import json

import pytest

from bot.clients.enforcement.answers import Edited
from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.usage.litellm import TEAMS
from bot.domain.limits import Mode
from bot.domain.money import micros
from bot.sandbox.litellm import LiteLlm
from tests.clients.enforcement.gateways.conftest import MakeDesk
from tests.clients.enforcement.gateways.setting import Desk

TEN, TWENTY = micros(10), micros(20)


def test_blocked_and_let_through(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """To block stops the key before its limit is written, and it is let through after it."""
    desk = at_litellm(key="ci")
    blocked = desk.confirm(TEN, Mode.BLOCK)
    assert not proxy.limits.lets_through(token)
    through = desk.confirm(TWENTY)
    assert proxy.limits.lets_through(token)

    named = f'{{"key":"{token}"'
    assert [
        ("/key/block", f"{named}}}"),
        ("/key/update", f'{named},"max_budget":10}}'),
        ("/key/update", f'{named},"max_budget":20}}'),
        ("/key/unblock", f"{named}}}"),
    ] == desk.writes()
    assert [
        {"key": {"ci": {"max_budget": "10.00", "blocked": True, "blocked_by_bot": True}}},
        {"key": {"ci": {"max_budget": "20.00", "blocked": False, "blocked_by_bot": False}}},
    ] == [blocked.held, through.held]


def test_by_hash(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A key named by its hash is not looked up first."""
    at_litellm(key=token.upper()).confirm(TEN)

    assert 10.0 == proxy.limits.keys[token]["max_budget"]
    assert {"/key/info", "/key/update"} == {path for path, _ in proxy.requests}


def test_alias_is_part_of_another(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """Versions that take an alias for a part of one do not mislead us."""
    other = proxy.add_key("ci-nightly", "search")
    every = {"keys": list(proxy.limits.keys.values())}
    proxy.faults.add("edit", "/key/list", None, edit=lambda _: every)
    at_litellm(key="ci").confirm(TEN)

    assert (10.0, 3.0) == tuple(proxy.limits.keys[key]["max_budget"] for key in (token, other))


@pytest.mark.parametrize(("aliases", "told"), [((), "no key"), (("x", "x"), "more than one key")])
def test_alias_of_no_key_or_many(
    proxy: LiteLlm, at_litellm: MakeDesk, aliases: tuple[str, ...], told: str
) -> None:
    """An alias has to mean one key."""
    for alias in aliases:
        proxy.add_key(alias)
    error = at_litellm(key="x").refused()

    assert (True, []) == (error.permanent, list(proxy.written))
    assert f"key x: LiteLLM has {told} of this alias: name it by its hash" in error.text


def test_written_out_key(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """A key in the policy file is not sent, not repeated and not accepted."""
    error = at_litellm(key="sk-verysecret").refused()

    assert (True, ()) == (error.permanent, proxy.requests)
    assert "key sk-…: a key must not be written into the policy file" in error.text
    assert "verysecret" not in error.text


@pytest.mark.parametrize("archived", [False, True])
def test_gone(proxy: LiteLlm, at_litellm: MakeDesk, token: str, archived: bool) -> None:
    """A key that was deleted is no key, even where the archive still answers for it."""
    proxy.limits.delete_key(token)
    if not archived:
        proxy.limits.deleted.clear()
    error = at_litellm(key=token).refused()

    assert (True, []) == (error.permanent, list(proxy.written))
    assert ("was deleted in LiteLLM" if archived else "LiteLLM has no such key") in error.text


def test_blocked_by_somebody(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A key that people have blocked has a reason to be: it stays so, and that is told."""
    proxy.limits.keys[token]["blocked"] = True
    desk = at_litellm(key="ci")

    assert "key ci was blocked by somebody in LiteLLM" == desk.edited(TEN)
    assert ([], True) == (desk.writes(), proxy.limits.keys[token]["blocked"])
    desk.confirm(TEN, Mode.BLOCK)
    assert "key ci was blocked by somebody in LiteLLM" == desk.edited(TEN)
    assert not proxy.limits.lets_through(token)

    desk.confirm(TEN, force=True)
    assert proxy.limits.lets_through(token)


def test_let_through_by_somebody(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A key that people let through again is not blocked against them."""
    desk = at_litellm(key="ci")
    desk.confirm(TEN)
    desk.confirm(TEN, Mode.BLOCK)
    proxy.limits.keys[token]["blocked"] = False
    looked = desk.look(TEN, Mode.BLOCK)

    assert isinstance(looked, Edited)
    assert "key ci was let through again by somebody in LiteLLM" == looked.text
    assert looked.text == desk.edited(TEN, Mode.BLOCK)
    desk.confirm(TEN, Mode.BLOCK, force=True)
    assert not proxy.limits.lets_through(token)


def test_restored_backup(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A backup brings back limit and block together, and both are said again."""
    desk = at_litellm(key="ci")
    desk.confirm(TEN)
    desk.confirm(TWENTY, Mode.BLOCK)
    proxy.limits.keys[token].update(max_budget=10.0, blocked=False)

    assert desk.looks_away(TWENTY, Mode.BLOCK)
    desk.confirm(TWENTY, Mode.BLOCK)
    assert (20.0, True) == tuple(
        proxy.limits.keys[token][name] for name in ("max_budget", "blocked")
    )


def test_our_block_beside_an_edit(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """Nobody stays cut off by the bot because somebody changed another limit of the budget."""
    desk = at_litellm(key="ci", team="search")
    desk.confirm(TEN, Mode.BLOCK)
    proxy.limits.teams["search"]["max_budget"] = 99.0

    assert "team search has max_budget $99 instead of $20" in desk.edited(TWENTY)
    assert (10.0, 99.0) == (
        proxy.limits.keys[token]["max_budget"],
        proxy.limits.teams["search"]["max_budget"],
    )
    assert proxy.limits.lets_through(token)


def test_lost_answer_of_a_block(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A block whose answer was lost is the bot's own, to be taken away by what comes next."""
    desk = at_litellm(key="ci")
    desk.confirm(TEN)
    proxy.faults.add("lose", "/key/block")
    proxy.faults.add("edit", "/key/info", edit=lambda body: body)
    proxy.faults.add("status", "/key/info", None, status=503)
    assert not desk.refused(TEN, Mode.BLOCK).permanent
    assert proxy.limits.keys[token]["blocked"]
    proxy.faults.clear()
    desk.confirm(TEN)

    assert proxy.limits.lets_through(token)


def test_unlimited_key(proxy: LiteLlm, at_litellm: MakeDesk, token: str) -> None:
    """A key without a limit is left so, as a team is."""
    proxy.limits.keys[token]["max_budget"] = None

    assert "key ci has no max_budget in LiteLLM" in at_litellm(key="ci").edited(TEN)
    assert [] == list(proxy.written)


ROUTES = ("/key/info", "/key/list", "/key/update", "/key/block", "/key/unblock")


@pytest.mark.parametrize("forbidden", ROUTES)
def test_least_privilege(proxy: LiteLlm, at_litellm: MakeDesk, forbidden: str) -> None:
    """The routes that the remedy names are enough, and each of them is needed."""
    proxy.allowed_routes = ROUTES
    desk = at_litellm(key="ci")
    desk.confirm(TEN, Mode.BLOCK)
    desk.confirm(TWENTY)
    if forbidden == "/key/unblock":
        desk.confirm(TEN, Mode.BLOCK)
    proxy.allowed_routes = tuple(route for route in ROUTES if route != forbidden)
    error = desk.refused(TEN, Mode.ALLOW if forbidden == "/key/unblock" else Mode.BLOCK)

    assert (True, 403) == (error.permanent, error.status)
    assert f"LITELLM_API_KEY needs a proxy_admin's key with allowed_routes {TEAMS}" in error.text
    assert all(route in error.text for route in ROUTES)


def test_key_stays_secret(proxy: LiteLlm) -> None:
    """A wrong credential is refused with the remedy, and is not repeated though LiteLLM does."""
    target = LiteLlmTarget(proxy.url, "sk-wrong")
    error = Desk(target, proxy, team="search").refused()
    target.close()

    assert (True, 401) == (error.permanent, error.status)
    assert "the key was refused: check LITELLM_API_KEY" in error.text
    assert "Received API Key = …" in error.text
    assert "sk-wrong" not in json.dumps(error.text)
