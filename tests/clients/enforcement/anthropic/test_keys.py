"""Keys are switched off to block, and only those are switched on again that the bot switched off."""

import pytest

from bot.clients.enforcement.answers import Accepted, Confirmed, Edited
from bot.domain.limits import Mode
from tests.clients.enforcement.anthropic.conftest import MakeDesk

ACTIVE, INACTIVE = "active", "inactive"
BOTH = ("search-prod", "search-batch")


def test_block_and_allow(make_desk: MakeDesk) -> None:
    """Blocked keys are off, read back; let through they are on again; others are not touched."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.ALLOW)
    blocked = desk.confirm(Mode.BLOCK)

    assert [INACTIVE, INACTIVE, ACTIVE] == [desk.status(name) for name in (*BOTH, "growth-prod")]
    assert {
        desk.id(name): {
            "name": name,
            "status": INACTIVE,
            "switched_off": True,
            "changed": False,
        }
        for name in BOTH
    } == blocked.held["keys"]

    allowed = desk.confirm(Mode.ALLOW)

    assert [ACTIVE, ACTIVE] == [desk.status(name) for name in BOTH]
    assert "" == allowed.note
    assert 4 == len(desk.writes())


def test_repeat(make_desk: MakeDesk) -> None:
    """The same order again confirms again, and writes nothing."""
    desk = make_desk(api_key="search-prod")
    desk.confirm(Mode.BLOCK)
    desk.again(Mode.BLOCK)
    desk.restart()

    assert isinstance(desk.again(Mode.BLOCK), Confirmed)
    assert 1 == len(desk.writes())


@pytest.mark.parametrize(
    "name", ["id", "search-prod", "SEARCH-PROD", "search-p?od", "[rs]earch-p*"]
)
def test_names(make_desk: MakeDesk, name: str) -> None:
    """A key is named by its id, its name in any case, or a glob."""
    desk = make_desk(api_key=name)
    if name == "id":
        desk.refs = {"api_key": (desk.id("search-prod"),)}
    desk.confirm(Mode.BLOCK)

    assert [INACTIVE, ACTIVE] == [desk.status(each) for each in BOTH]


def test_the_workspace_bounds_names(make_desk: MakeDesk) -> None:
    """With a workspace beside them, `*` and names mean its keys and no others."""
    desk = make_desk(api_key=("*", "growth-prod"), workspace="team-search")
    error = desk.refused(Mode.BLOCK)

    assert (
        True,
        "api_key: growth-prod means no key there: check `enforce` against Console > API keys",
    ) == (
        error.permanent,
        error.text,
    )
    assert [INACTIVE, INACTIVE, ACTIVE] == [desk.status(name) for name in (*BOTH, "growth-prod")]


@pytest.mark.parametrize("glob", ["*", "?*", "**"])
def test_every_key_of_the_organization(make_desk: MakeDesk, glob: str) -> None:
    """`*` without a workspace is refused: nobody means every key of the organization."""
    desk = make_desk(api_key=glob)

    assert "every key of the organization" in desk.refused(Mode.BLOCK).text
    assert [] == desk.writes()


def test_a_workspace_alone_does_not_block(make_desk: MakeDesk) -> None:
    """To block needs keys that are named; before it is needed that is only noted."""
    desk = make_desk(workspace="team-search")

    assert (
        "at_limit is block, and to block needs api_key in `enforce`"
        in desk.confirm(Mode.ALLOW).note
    )
    assert "to block needs api_key in `enforce`" in desk.refused(Mode.BLOCK).text
    assert [] == desk.writes()


def test_matches_nothing(make_desk: MakeDesk) -> None:
    """A glob that means no key is a fault of the policy, told with the remedy."""
    desk = make_desk(api_key="seach-*")
    error = desk.refused(Mode.BLOCK)

    assert (True, True) == (
        error.permanent,
        "check `enforce` against Console > API keys" in error.text,
    )


def test_fault_in_a_name_leaves_nobody_off(make_desk: MakeDesk) -> None:
    """A name that is not found any more is told, and what the bot switched off comes on all the same."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.refs = {"api_key": ("seach-*",)}

    assert "means no key there" in desk.refused(Mode.BLOCK).text
    assert [INACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]

    assert "means no key there" in desk.refused(Mode.ALLOW).text
    assert [ACTIVE, ACTIVE] == [desk.status(name) for name in BOTH]


def test_a_key_that_is_no_longer_named(make_desk: MakeDesk) -> None:
    """A key that the policy does not name any more comes on again, for nobody else would do it."""
    desk = make_desk(api_key=BOTH)
    desk.confirm(Mode.BLOCK)
    desk.refs = {"api_key": ("search-batch",)}
    desk.confirm(Mode.BLOCK)

    assert [ACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]

    desk.refs = {"workspace": ("team-search",)}
    desk.confirm(Mode.ALLOW)

    assert ACTIVE == desk.status("search-batch")


def test_off_before_by_its_name(make_desk: MakeDesk) -> None:
    """A key that was off before the bot came stays off, and that is told; force switches it on."""
    desk = make_desk(api_key="search-prod")
    desk.set_status("search-prod", INACTIVE)
    blocked = desk.confirm(Mode.BLOCK)

    assert "key search-prod was off already and will stay off" == blocked.note
    assert (
        "key search-prod is inactive, and it was not the bot that switched it off"
        == desk.edited(Mode.ALLOW)
    )
    assert [] == desk.writes()

    desk.confirm(Mode.ALLOW, force=True)

    assert ACTIVE == desk.status("search-prod")


def test_off_before_by_a_glob(make_desk: MakeDesk) -> None:
    """A retired key under a glob does not hold up the others, and not even force brings it back."""
    desk = make_desk(api_key="search-*")
    desk.set_status("search-batch", INACTIVE)
    allowed = desk.confirm(Mode.ALLOW)
    desk.confirm(Mode.BLOCK)
    desk.confirm(Mode.ALLOW, force=True)

    assert "key search-batch was off before and stays off" == allowed.note
    assert [ACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]


def test_switched_off_by_somebody_meanwhile(make_desk: MakeDesk) -> None:
    """A key that was on and that somebody switched off is an edit, under a glob too."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.ALLOW)
    desk.set_status("search-batch", INACTIVE)

    assert "key search-batch is inactive" in desk.edited(Mode.ALLOW)
    looked = desk.look(Mode.ALLOW)
    assert isinstance(looked, Edited)
    assert "key search-batch is inactive" in looked.text
    desk.confirm(Mode.BLOCK)

    assert "key search-batch is inactive" in desk.edited(Mode.ALLOW)
    assert [ACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]


def test_switched_on_by_somebody(make_desk: MakeDesk) -> None:
    """Whoever switches a blocked key on again is not overruled, but told of; force overrules."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.set_status("search-prod", ACTIVE)
    writes = len(desk.writes())

    assert "key search-prod is active, although the bot had switched it off" in desk.edited(
        Mode.BLOCK
    )
    assert writes == len(desk.writes())
    assert isinstance(desk.look(Mode.BLOCK), Edited)

    desk.confirm(Mode.BLOCK, force=True)

    assert INACTIVE == desk.status("search-prod")


def test_blocked_again_after_an_edit(make_desk: MakeDesk) -> None:
    """A key that the bot switched on beside an edit is switched off again, by a replica too."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.ALLOW)
    desk.set_status("search-batch", INACTIVE)
    desk.confirm(Mode.BLOCK)
    desk.edited(Mode.ALLOW)
    desk.restart()
    desk.confirm(Mode.BLOCK)

    assert INACTIVE == desk.status("search-prod")


def test_an_edit_stays_one(make_desk: MakeDesk) -> None:
    """Told once or often, a key that somebody switched on again is left alone."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.set_status("search-prod", ACTIVE)
    desk.version += 1

    assert [True] * 3 == [isinstance(desk.again(Mode.BLOCK), Edited) for _ in range(3)]


def test_nothing_is_written_beside_an_edit(make_desk: MakeDesk) -> None:
    """While one key is somebody else's, the others are left alone too."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.set_status("search-prod", ACTIVE)
    desk.api.add_api_key("search-new", "team-search")
    desk.edited(Mode.BLOCK)

    assert ACTIVE == desk.status("search-new")


def test_a_new_key(make_desk: MakeDesk) -> None:
    """A key that is made while its budget is blocked is no edit: it is seen, and switched off."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.api.add_api_key("search-new", "team-search")
    desk.restart()  # a look may be half a minute behind

    assert isinstance(desk.look(Mode.BLOCK), Accepted)
    desk.confirm(Mode.BLOCK)
    assert INACTIVE == desk.status("search-new")


@pytest.mark.parametrize("status", ["archived", "expired"])
def test_never_comes_back(make_desk: MakeDesk, status: str) -> None:
    """A key that is archived or expired cannot come back: told with what to do instead."""
    desk = make_desk(api_key=BOTH)
    desk.confirm(Mode.BLOCK)
    desk.set_status("search-prod", status)
    error = desk.refused(Mode.ALLOW)

    assert f"key search-prod is {status} and can never come back: make a new key" in error.text
    assert (True, ACTIVE) == (error.permanent, desk.status("search-batch"))
    looked = desk.look(Mode.ALLOW)
    assert isinstance(looked, Edited)
    assert "can never come back" in looked.text


def test_archived_under_a_glob(make_desk: MakeDesk) -> None:
    """Under a glob it is noted once, and the others go their way."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    desk.set_status("search-prod", "archived")

    assert "key search-prod is archived and can never come back" == desk.confirm(Mode.ALLOW).note
    assert "" == desk.confirm(Mode.ALLOW).note


def test_a_retired_key_of_the_same_name(make_desk: MakeDesk) -> None:
    """A name means the living key; the one it has replaced does not matter."""
    desk = make_desk(api_key="search-prod")
    desk.set_status("search-prod", "archived")
    new = desk.api.add_api_key("search-prod", "team-search")
    desk.confirm(Mode.BLOCK)

    assert INACTIVE == desk.api.administration.status(new)
    desk.confirm(Mode.ALLOW)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("most_active_keys", "the organization has reached its limit of active API keys"),
        ("most_active_in_workspace", "the workspace has reached its limit of active API keys"),
    ],
)
def test_no_room(make_desk: MakeDesk, setting: str, text: str) -> None:
    """A key that finds no room is a matter for people; the keys before it are on."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.BLOCK)
    setattr(desk.api.administration, setting, 2 if setting == "most_active_keys" else 1)
    error = desk.refused(Mode.ALLOW)

    assert (True, 400) == (error.permanent, error.status)
    assert text in error.text
    assert "budget-bot outbox redrive" in error.text
    assert [ACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]

    setattr(desk.api.administration, setting, None)
    desk.confirm(Mode.ALLOW)

    assert ACTIVE == desk.status("search-batch")


def test_its_own_key(make_desk: MakeDesk) -> None:
    """The key that the bot itself uses is never switched off, whatever a glob says."""
    desk = make_desk(api_key="search-*")
    hint = desk.api.organization.api_keys[desk.id("search-prod")].body()["partial_key_hint"]
    assert isinstance(hint, str)
    key = hint.replace("...", "-the-middle-of-it-")
    scopes = desk.api._endpoints._scopes
    scopes[key] = frozenset({"admin"})
    own = make_desk(key, api_key="search-*")
    own.confirm(Mode.BLOCK)

    assert [ACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]

    own.refs = {"api_key": (desk.id("search-prod"),)}

    assert "means the key that the bot itself uses, which stays on" in own.refused(Mode.BLOCK).text
    assert ACTIVE == desk.status("search-prod")


@pytest.mark.parametrize("refs", [{}, {"user": "dana@example.com"}, {"team": "search"}])
def test_names_that_mean_nothing(make_desk: MakeDesk, refs: dict[str, str]) -> None:
    """What Anthropic cannot hold is refused, and so is nothing at all."""
    error = make_desk(**refs).refused(Mode.ALLOW)

    assert error.permanent
    assert "`enforce`" in error.text


def test_many_pages(make_desk: MakeDesk) -> None:
    """Keys beyond the first page are found."""
    desk = make_desk(api_key="search-*")
    desk.api.organization.most_on_a_page = 1
    desk.confirm(Mode.BLOCK)

    assert [INACTIVE, INACTIVE] == [desk.status(name) for name in BOTH]


def test_check(make_desk: MakeDesk) -> None:
    """One line for `doctor`: whose key it is, and what it may do."""
    console = make_desk()
    line = console.target.check()
    console.api.administration.spend_limits.kind = "enterprise"
    member = make_desk(console.api.spend_key)

    assert "Acme: an admin key, which can switch keys and change rate limits" == line
    assert "a key with read:spend_limits, for spend limits of members only" == member.target.check()
