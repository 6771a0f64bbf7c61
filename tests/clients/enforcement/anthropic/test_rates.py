"""To throttle lowers a workspace's requests per minute, and exactly what was there comes back."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.enforcement.answers import Accepted, Confirmed, Edited
from bot.clients.enforcement.anthropic_rates import THROTTLED_PERCENT, throttled
from bot.domain.budgets import AtLimit
from bot.domain.limits import Mode
from tests.clients.enforcement.anthropic.conftest import MakeDesk
from tests.clients.enforcement.anthropic.setting import Desk

OPUS, HAIKU = "Claude opus", "Claude haiku"
SLOW = "Anthropic: takes up to an hour"
LIMITS = st.integers(0, 2**53 - 1)


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A budget that is throttled at its limit."""
    desk = make_desk(workspace="team-search", api_key="search-*")
    desk.at_limit = AtLimit.THROTTLE
    return desk


def test_throttle_and_allow(desk: Desk) -> None:
    """A tenth is left, one at least; then each group has again what it had, or inherits again."""
    desk.set_own(OPUS, 50)
    desk.confirm(Mode.ALLOW)
    slow = desk.confirm(Mode.THROTTLE)

    assert {OPUS: 5, HAIKU: 2} == desk.own_limits()
    assert SLOW == slow.note
    assert {
        desk.workspace(): {
            "rl_010000": {"requests_per_minute": 5, "lowered": True, "before": 50},
            "rl_010001": {"requests_per_minute": 2, "lowered": True, "before": None},
        }
    } == slow.held["rate_limits"]

    allowed = desk.confirm(Mode.ALLOW)

    assert ({OPUS: 50}, SLOW) == (desk.own_limits(), allowed.note)
    assert [
        '{"limits":[{"type":"requests_per_minute","value":50}]}',
        '{"limits":[{"type":"requests_per_minute","value":null}]}',
    ] == [seen.body.decode() for seen in desk.writes()[2:]]
    assert "" == desk.confirm(Mode.ALLOW).note


def test_repeat(desk: Desk) -> None:
    """Throttled once more, by another version and after a restart, it is a tenth and no hundredth."""
    desk.confirm(Mode.THROTTLE)
    desk.restart()
    again = desk.confirm(Mode.THROTTLE)
    desk.confirm(Mode.ALLOW)

    assert (SLOW, 4) == (again.note, len(desk.writes()))
    assert {} == desk.own_limits()


@given(own=LIMITS | st.none(), organization=LIMITS | st.none())
def test_a_tenth(own: int | None, organization: int | None) -> None:
    """It is the tenth of what applied, rounded up; never more than that, and 0 only where it was 0."""
    left = throttled(own, organization)
    applied = min((value for value in (own, organization) if value is not None), default=None)

    if applied is None:
        assert left is None
        return
    assert left is not None
    share = Fraction(applied * THROTTLED_PERCENT, 100)
    assert min(applied, 1) <= left <= applied
    assert left == max(min(applied, 1), -(-share.numerator // share.denominator))


def test_block_is_not_throttled(desk: Desk) -> None:
    """A budget goes from throttled to blocked with its limits as they were, so it opens at once."""
    desk.at_limit = AtLimit.BLOCK
    desk.confirm(Mode.THROTTLE)
    desk.confirm(Mode.BLOCK)

    assert ({}, "inactive") == (desk.own_limits(), desk.status("search-prod"))

    desk.confirm(Mode.THROTTLE)

    assert ({OPUS: 400, HAIKU: 2}, "active") == (desk.own_limits(), desk.status("search-prod"))


@pytest.mark.parametrize("value", [1000, None])
def test_edited_while_throttled(desk: Desk, value: int | None) -> None:
    """Somebody who gives the team more, or all, is not overruled but told of; force overrules."""
    desk.confirm(Mode.THROTTLE)
    desk.set_own(OPUS, value)
    writes = len(desk.writes())

    assert "Claude opus has " in desk.edited(Mode.THROTTLE)
    assert isinstance(desk.look(Mode.THROTTLE), Edited)
    assert writes == len(desk.writes())

    desk.confirm(Mode.THROTTLE, force=True)
    assert 400 == desk.own_limits()[OPUS]
    desk.confirm(Mode.ALLOW)
    assert {} == desk.own_limits()


def test_edited_before_it_comes_back(desk: Desk) -> None:
    """What somebody set meanwhile is not overwritten by what was there before; the rest comes back."""
    desk.confirm(Mode.THROTTLE)
    desk.set_own(OPUS, 1000)
    text = desk.edited(Mode.ALLOW)

    assert (
        "Claude opus has 1000 requests per minute instead of none of its own: somebody changed it"
        == text
    )
    assert {OPUS: 1000} == desk.own_limits()

    desk.set_own(OPUS, None)
    desk.confirm(Mode.ALLOW)

    assert {} == desk.own_limits()


def test_changes_of_what_is_not_ours(desk: Desk) -> None:
    """While nothing is lowered the workspace's limits are its own affair; the newest comes back."""
    desk.confirm(Mode.ALLOW)
    desk.set_own(OPUS, 100)
    assert isinstance(desk.look(Mode.ALLOW), Confirmed)
    desk.confirm(Mode.THROTTLE)
    assert 10 == desk.own_limits()[OPUS]
    desk.confirm(Mode.ALLOW)

    assert {OPUS: 100} == desk.own_limits()


def test_killed_before_it_was_remembered(desk: Desk) -> None:
    """A limit that the bot lowered just before it was killed is known again by being the tenth."""
    desk.set_own(OPUS, 100)
    desk.confirm(Mode.ALLOW)
    desk.target.apply(desk.order(Mode.THROTTLE))
    desk.restart()
    desk.confirm(Mode.THROTTLE)

    assert {OPUS: 10, HAIKU: 2} == desk.own_limits()

    desk.written.pop(0)
    desk.restart()
    desk.confirm(Mode.ALLOW)

    assert {OPUS: 100} == desk.own_limits()


def test_interrupted(desk: Desk) -> None:
    """An attempt that breaks off between two groups goes on where it was."""
    desk.api.faults.add("status", "rate_limits/rl_010001", status=503)
    error = desk.refused(Mode.THROTTLE)

    assert (False, {OPUS: 400}) == (error.permanent, desk.own_limits())

    desk.again(Mode.THROTTLE)

    assert {OPUS: 400, HAIKU: 2} == desk.own_limits()
    assert 3 == len(desk.writes())

    desk.confirm(Mode.ALLOW)

    assert {} == desk.own_limits()


def test_a_workspace_that_is_no_longer_named(desk: Desk) -> None:
    """What was lowered is put back, though the policy names another workspace now."""
    desk.confirm(Mode.THROTTLE)
    desk.refs = {"workspace": ("team-growth",)}
    desk.confirm(Mode.THROTTLE)

    assert {} == desk.own_limits()


def test_a_new_group(desk: Desk) -> None:
    """A group of models that appears meanwhile is seen, and lowered too."""
    desk.confirm(Mode.THROTTLE)
    desk.api.administration.rate_limits.add("mythos", {"requests_per_minute": 90})

    assert isinstance(desk.look(Mode.THROTTLE), Accepted)
    desk.confirm(Mode.THROTTLE)
    assert 9 == desk.own_limits()["Claude mythos"]


def test_pages(desk: Desk) -> None:
    """Groups beyond the first page are lowered too."""
    desk.api.administration.rate_limits.fewer = 1
    desk.confirm(Mode.THROTTLE)

    assert {OPUS: 400, HAIKU: 2} == desk.own_limits()


def test_nothing_to_lower(desk: Desk) -> None:
    """Groups without a limit of requests are left out; without any there is no throttling."""
    rates = desk.api.administration.rate_limits
    rates.groups = {id_: group for id_, group in rates.groups.items() if group.type == "batch"}
    rates.add("fable", {"output_tokens_per_minute": 10})

    assert "no requests per minute that could be lowered" in desk.refused(Mode.THROTTLE).text


def test_needs_a_workspace(make_desk: MakeDesk) -> None:
    """Keys alone cannot be throttled: told with the remedy, and before the time as a note."""
    desk = make_desk(api_key="search-prod")
    desk.at_limit = AtLimit.THROTTLE

    assert "to throttle needs workspace in `enforce`" in desk.confirm(Mode.ALLOW).note
    assert "to throttle needs workspace in `enforce`" in desk.refused(Mode.THROTTLE).text


def test_unknown_workspace(make_desk: MakeDesk) -> None:
    """A workspace that is not there is a fault of the policy, and one made meanwhile is found."""
    desk = make_desk(workspace="team-new")

    error = desk.refused(Mode.THROTTLE)
    assert (
        "there is no workspace team-new: check `enforce` against Console > Workspaces" in error.text
    )

    desk.api.add_workspace("team-new")
    desk.confirm(Mode.THROTTLE)
