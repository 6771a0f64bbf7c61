"""A spend limit is the limit in dollars at Anthropic, absolute, where the organization has them."""

import pytest

from bot.clients.enforcement.answers import Accepted, Confirmed, Edited
from bot.clients.enforcement.anthropic_spend import NO_WRITES, cents
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from tests.clients.enforcement.anthropic.conftest import MakeDesk
from tests.clients.enforcement.anthropic.setting import NOW, Desk


def amount(desk: Desk, kind: str = "workspace") -> str | None:
    """What stands there for the workspace, or for the only member."""
    (user,) = desk.api.organization.users
    scope = (kind, desk.workspace() if kind == "workspace" else user)
    limit = desk.api.administration.spend_limits.limits.get((scope, "monthly"))
    return None if limit is None else limit.amount


def put(desk: Desk, value: str) -> None:
    """By hand, in the Console."""
    scope = ("workspace", desk.workspace())
    desk.api.administration.spend_limits.put(scope, value, "monthly", NOW)


def test_workspace(make_desk: MakeDesk) -> None:
    """The workspace's limit is the budget's, up with an exception and down after it."""
    desk = make_desk(spend_limit="team-search")
    desk.confirm(Mode.ALLOW)
    assert "1200000" == amount(desk)
    raised = desk.confirm(Mode.ALLOW, limit=micros(15_000))
    assert "1500000" == amount(desk)
    desk.confirm(Mode.BLOCK)

    assert "1200000" == amount(desk)
    assert {f"workspace:{desk.workspace()}": "1500000"} == raised.held["spend_limits"]
    assert 3 == len(desk.writes())


@pytest.mark.parametrize("name", ["id", "dana@example.com", "DANA@example.com"])
def test_member(make_desk: MakeDesk, name: str) -> None:
    """A member of an Enterprise organization gets a limit of their own, by id or address."""
    desk = make_desk(spend_limit=name)
    desk.api.administration.spend_limits.kind = "enterprise"
    if name == "id":
        desk.refs = {"spend_limit": tuple(desk.api.organization.users)}
    desk.confirm(Mode.ALLOW)

    assert "1200000" == amount(desk, "user")
    assert isinstance(desk.look(Mode.ALLOW), Confirmed)


def test_only_where_it_is_named(make_desk: MakeDesk) -> None:
    """A workspace that is named for throttling gets no spend limit."""
    desk = make_desk(workspace="team-search")
    desk.confirm(Mode.ALLOW)

    assert (None, []) == (amount(desk), desk.writes())


def test_first_contact(make_desk: MakeDesk) -> None:
    """What stood there before is replaced: the policy names it for that."""
    desk = make_desk(spend_limit="team-search")
    put(desk, "50000")
    desk.confirm(Mode.ALLOW)

    assert "1200000" == amount(desk)


@pytest.mark.parametrize("value", ["50000", "99999999"])
def test_edited(make_desk: MakeDesk, value: str) -> None:
    """An amount that the bot never wrote is left alone and told; force overwrites it."""
    desk = make_desk(spend_limit="team-search")
    desk.confirm(Mode.ALLOW)
    put(desk, value)

    assert "instead of $15,000: somebody changed it" in _edited(desk)
    assert isinstance(desk.look(Mode.ALLOW), Edited)
    assert value == amount(desk)

    desk.confirm(Mode.ALLOW, force=True)
    assert "1200000" == amount(desk)


def _edited(desk: Desk) -> str:
    answer = desk.apply(Mode.ALLOW, limit=micros(15_000))
    assert isinstance(answer, Edited)
    return answer.text


def test_deleted(make_desk: MakeDesk) -> None:
    """A limit that somebody took away is an edit too."""
    desk = make_desk(spend_limit="team-search")
    desk.confirm(Mode.ALLOW)
    desk.api.administration.spend_limits.drop(("workspace", desk.workspace()))

    assert "is not set instead of $12,000" in desk.edited(Mode.ALLOW)


def test_an_older_amount_of_ours(make_desk: MakeDesk) -> None:
    """An amount that the bot wrote earlier is no edit: it is written again."""
    desk = make_desk(spend_limit="team-search")
    desk.confirm(Mode.ALLOW)
    desk.confirm(Mode.ALLOW, limit=micros(15_000))
    put(desk, "1200000")

    assert isinstance(desk.look(Mode.ALLOW, limit=micros(15_000)), Accepted)
    desk.confirm(Mode.ALLOW, limit=micros(15_000))
    assert "1500000" == amount(desk)


def test_no_writes(make_desk: MakeDesk) -> None:
    """Without spend-limit writes the rest is done, and people are told; a look does not harp on it."""
    desk = make_desk(spend_limit="team-search", api_key="search-prod")
    desk.api.administration.spend_limits.writes = False
    blocked = desk.confirm(Mode.BLOCK)

    assert (NO_WRITES, None) == (blocked.note, amount(desk))
    assert "inactive" == desk.status("search-prod")
    assert isinstance(desk.look(Mode.BLOCK), Confirmed)

    desk.api.administration.spend_limits.writes = True
    desk.confirm(Mode.BLOCK)
    assert "1200000" == amount(desk)


def test_not_enrolled(make_desk: MakeDesk) -> None:
    """Nor does an organization outside the early access fail."""
    desk = make_desk(spend_limit="team-search", api_key="search-prod")
    desk.api.faults.add(
        "error",
        "organizations/spend_limits",
        times=None,
        status=400,
        type="invalid_request_error",
        error_code="organization_not_enrolled_in_beta",
    )

    assert NO_WRITES == desk.confirm(Mode.BLOCK).note


def test_no_writes_and_nothing_else(make_desk: MakeDesk) -> None:
    """When nothing else is named nothing is held, and that is not confirmed."""
    desk = make_desk(spend_limit="team-search")
    desk.api.administration.spend_limits.writes = False
    error = desk.refused(Mode.ALLOW)

    assert error.permanent
    assert "no spend-limit writes, and `enforce` names nothing else" in error.text


def test_the_other_kind_of_organization(make_desk: MakeDesk) -> None:
    """A member's limit in a Console organization cannot be: told at once."""
    error = make_desk(spend_limit="dana@example.com").refused(Mode.ALLOW)

    assert error.permanent
    assert "this kind of organization does not have it" in error.text


@pytest.mark.parametrize("name", ["nobody@example.com", "user_x", "team-x"])
def test_unknown(make_desk: MakeDesk, name: str) -> None:
    """Who or what is not there is a fault of the policy."""
    error = make_desk(spend_limit=name).refused(Mode.ALLOW)

    assert error.permanent
    assert name in error.text


def test_another_currency(make_desk: MakeDesk) -> None:
    """An organization that is billed in another currency has no limits in dollars."""
    desk = make_desk(spend_limit="team-search")
    desk.confirm(Mode.ALLOW)

    def edit(body: dict[str, object]) -> object:
        rows = body["data"]
        assert isinstance(rows, list)
        return {**body, "data": [{**row, "currency": "EUR"} for row in rows]}

    desk.api.faults.add("edit", "spend_limits", edit=edit)

    assert "billed in EUR" in desk.refused(Mode.ALLOW).text


def test_notes(make_desk: MakeDesk) -> None:
    """What a spend limit does besides what the policy says is told."""
    desk = make_desk(spend_limit="team-search", workspace="team-search")
    assert "" == desk.confirm(Mode.ALLOW).note

    desk.period = ("2026-10-01T04:00:00Z", "2027-01-01T05:00:00Z")
    assert "calendar month, the budget does not" in desk.confirm(Mode.ALLOW).note

    desk.at_limit = type(desk.at_limit).NOTIFY
    assert "blocks by itself, although at_limit is notify" in desk.confirm(Mode.ALLOW).note


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, "0"), (9_999, "0"), (10_000, "1"), (12_345_678_901, "1234567")]
)
def test_cents(limit: int, expected: str) -> None:
    """Whole cents, rounded down."""
    assert expected == cents(Micros(limit))
