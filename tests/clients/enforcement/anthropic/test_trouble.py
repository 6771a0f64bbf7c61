"""What the target does when the API is in trouble: try again later, or say what is wrong."""

import logging
import threading

import pytest

from bot.clients.anthropic_admin.line import LARGEST_ANSWER
from bot.clients.enforcement.answers import Confirmed, TargetError
from bot.clients.enforcement.anthropic import AnthropicTarget
from bot.domain.limits import Mode
from bot.sandbox.usage import UsageApi
from bot.sandbox.usage.faults import Kind
from tests.clients.enforcement.anthropic.conftest import MakeDesk
from tests.clients.enforcement.anthropic.setting import Desk
from tests.clients.enforcement.trickle import STARTS, trickling

LIST, WRITE = "organizations/api_keys", "api_keys/apikey_"


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A budget with two keys that are on."""
    desk = make_desk(api_key="search-*")
    desk.confirm(Mode.ALLOW)
    return desk


def test_lost_answer(desk: Desk) -> None:
    """A write whose answer is lost is found by reading back, and not done twice."""
    desk.api.faults.add("lose", WRITE, times=2)
    desk.refused(Mode.BLOCK)

    assert ["inactive", "active"] == [desk.status(n) for n in ("search-prod", "search-batch")]

    desk.confirm(Mode.BLOCK)

    assert 2 == len(desk.writes())

    desk.confirm(Mode.ALLOW)

    assert ["active", "active"] == [desk.status(n) for n in ("search-prod", "search-batch")]


def test_last_answer_lost(make_desk: MakeDesk) -> None:
    """When the lost answer was the last one, the same attempt confirms, so no replica has to guess."""
    desk = make_desk(api_key="search-prod", workspace="team-search")
    desk.api.faults.add("lose", WRITE)
    desk.confirm(Mode.BLOCK)
    desk.restart()
    desk.confirm(Mode.ALLOW)

    assert ("active", 2) == (desk.status("search-prod"), len(desk.writes()))


def test_silence(api: UsageApi) -> None:
    """A key whose switching was never answered is the bot's own all the same."""
    desk = Desk(api, {"api_key": ("search-*",)})
    desk.target.close()
    desk.target = AnthropicTarget(api.url, api.admin_key, timeout=0.3)
    api.faults.add("silent", WRITE + desk.id("search-batch")[7:])
    desk.confirm(Mode.BLOCK)
    desk.confirm(Mode.ALLOW)
    desk.target.close()

    assert ["active", "active"] == [desk.status(n) for n in ("search-prod", "search-batch")]


def test_everything_lost(desk: Desk) -> None:
    """When reading back fails too, the next attempt knows what it tried."""
    desk.api.faults.add("lose", WRITE)
    desk.version += 1
    order = desk.order(Mode.BLOCK)
    desk.api.faults.add("status", LIST, status=503)
    with pytest.raises(TargetError, match="answered 503"):  # the first read
        desk.target.apply(order)

    def once(body: dict[str, object]) -> object:
        desk.api.faults.add("status", LIST, status=503)
        return body

    desk.api.faults.add("edit", LIST, edit=once)
    with pytest.raises(TargetError, match="the connection broke") as caught:
        desk.target.apply(order)

    assert not caught.value.permanent

    desk.again(Mode.BLOCK)
    desk.confirm(Mode.ALLOW)

    assert ["active", "active"] == [desk.status(n) for n in ("search-prod", "search-batch")]
    assert 4 == len(desk.writes())


def test_killed_in_between(desk: Desk) -> None:
    """A bot that is killed between a write and its confirmation knows the key for its own."""
    desk.target.apply(desk.order(Mode.BLOCK))
    desk.restart()
    blocked = desk.confirm(Mode.BLOCK)

    assert "off already" not in blocked.note
    desk.confirm(Mode.ALLOW)
    assert "active" == desk.status("search-prod")


def test_opened_before_it_was_confirmed(desk: Desk) -> None:
    """Blocked again before the opening was confirmed, a key that the bot switched on is no edit."""
    desk.confirm(Mode.BLOCK)
    desk.api.faults.add("status", WRITE + desk.id("search-batch")[7:], status=503)
    desk.refused(Mode.ALLOW)

    assert "active" == desk.status("search-prod")

    desk.confirm(Mode.BLOCK)

    assert "inactive" == desk.status("search-prod")


@pytest.mark.parametrize("path", [LIST, WRITE])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_passing(desk: Desk, path: str, status: int) -> None:
    """Trouble that passes says when to try again, and the next attempt does it all."""
    desk.api.faults.add("status", path, status=status, retry_after=7)
    error = desk.refused(Mode.BLOCK)

    assert (False, status, 7.0) == (error.permanent, error.status, error.retry_after)
    desk.confirm(Mode.BLOCK)


def test_rate_limited_by_type(desk: Desk) -> None:
    """A rate limit is known by its type too."""
    desk.api.faults.add("error", WRITE, status=429, type="rate_limit_error", retry_after=2)
    error = desk.refused(Mode.BLOCK)

    assert (False, 2.0) == (error.permanent, error.retry_after)


@pytest.mark.parametrize(
    ("status", "type_", "code", "remedy"),
    [
        (401, "authentication_error", None, "set ANTHROPIC_ADMIN_KEY to an admin key"),
        (403, "permission_error", None, "the key may not do this: set ANTHROPIC_ADMIN_KEY"),
        (403, "permission_error", "sandbox_egress_restricted", "run the bot outside it"),
        (404, "not_found_error", None, "check its id in `enforce`"),
        (400, "invalid_request_error", None, "the request was refused"),
        (400, "invalid_request_error", "organization_type_not_supported", "kind of organization"),
        (418, "teapot_error", None, "an unexpected answer 418"),
        (302, "", None, "an unexpected answer 302"),
    ],
)
@pytest.mark.parametrize("path", [LIST, WRITE])
def test_refusals(
    desk: Desk, path: str, status: int, type_: str, code: str | None, remedy: str
) -> None:
    """What people have to change is final, with the remedy, by code before type."""
    desk.api.faults.add(
        "error", path, times=None, status=status, type=type_, error_code=code, message="no luck"
    )
    error = desk.refused(Mode.BLOCK)

    assert (True, status, None) == (error.permanent, error.status, error.retry_after)
    assert remedy in error.text
    assert "no luck" in error.text


def test_one_refusal_does_not_stop_the_others(desk: Desk) -> None:
    """A key that cannot be switched does not leave the next one on."""
    desk.api.faults.add(
        "error", f"api_keys/{desk.id('search-prod')}", status=404, type="not_found_error"
    )
    desk.refused(Mode.BLOCK)

    assert ["active", "inactive"] == [desk.status(n) for n in ("search-prod", "search-batch")]


@pytest.mark.parametrize("path", [LIST, WRITE])
@pytest.mark.parametrize("kind", ["drop", "truncate", "delay"])
def test_broken_connection(api: UsageApi, path: str, kind: Kind) -> None:
    """A connection that breaks or hangs ends in time, to be tried again."""
    desk = Desk(api, {"api_key": ("search-prod",)})
    desk.target.close()
    desk.target = AnthropicTarget(api.url, api.admin_key, timeout=0.3)
    api.faults.add(kind, path)
    answered = kind == "truncate" and path == WRITE  # carried out, and found by reading back
    if answered:
        assert isinstance(desk.apply(Mode.BLOCK), Confirmed)
    else:
        assert not desk.refused(Mode.BLOCK).permanent
        desk.confirm(Mode.BLOCK)
    desk.target.close()

    assert "inactive" == desk.status("search-prod")


def test_down(desk: Desk) -> None:
    """An API that is down may come back."""
    desk.api.stop()
    error = desk.refused(Mode.BLOCK)

    assert (False, None) == (error.permanent, error.status)
    assert "no connection" in error.text


@pytest.mark.parametrize(
    "body", ["<html>Please log in</html>", "", "[]", "null", '{"data": null}', "[" * 100_000]
)
def test_not_an_answer(desk: Desk, body: str) -> None:
    """A page of something in between is no answer, and nothing is done on its word."""
    desk.api.faults.add("malformed", LIST, body=body)
    error = desk.refused(Mode.BLOCK)

    assert (False, []) == (error.permanent, desk.writes())
    assert "check ANTHROPIC_BASE_URL" in error.text


def test_html_instead_of_a_written_entry(desk: Desk) -> None:
    """A write is believed when it is read back, not when something says 200."""
    desk.api.faults.add("malformed", WRITE, times=None, body="<html>OK</html>")
    desk.refused(Mode.BLOCK)
    desk.api.faults.clear()
    desk.api.faults.add("malformed", WRITE, times=None, body="{}")
    error = desk.refused(Mode.BLOCK)

    assert "does not show yet what was written" in error.text
    assert "active" == desk.status("search-prod")


def test_too_large(desk: Desk) -> None:
    """50 MB are not read to their end."""
    desk.api.faults.add("malformed", LIST, body=" " * (50 * 1024 * 1024))
    error = desk.refused(Mode.BLOCK)

    assert f"larger than {LARGEST_ANSWER:,} bytes" in error.text


@pytest.mark.parametrize("path", [LIST, "/rate_limits"])
def test_page_loop(make_desk: MakeDesk, path: str) -> None:
    """A list that points back to itself ends with an error, not never."""
    desk = make_desk(api_key="search-*", workspace="team-search")
    desk.api.faults.add("loop", path, times=None)
    error = desk.refused(Mode.BLOCK)

    assert "the pages go round in a circle" in error.text


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_trickling(start: bytes) -> None:
    """An answer that comes byte by byte, in any part of it, ends by the deadline; a refusal is one."""
    with trickling(start) as url:
        target = AnthropicTarget(url, "sk-x", timeout=0.3)
        with pytest.raises(TargetError, match=r"in time|answered 403") as caught:
            target.check()
        target.close()

    assert (b"403" in start) == caught.value.permanent


def test_half_a_list(desk: Desk) -> None:
    """A list that dies between its pages is no list: nothing is done on half of it."""
    desk.api.organization.most_on_a_page = 1
    desk.api.faults.add("mid_page", LIST, status=503)

    assert not desk.refused(Mode.BLOCK).permanent
    assert [] == desk.writes()


def test_secret(api: UsageApi, caplog: pytest.LogCaptureFixture) -> None:
    """The key is in no error and no log, not even when the API repeats it."""
    key = "sk-ant-admin01-verysecret"
    caplog.set_level(logging.DEBUG)
    api.faults.add("error", status=401, type="authentication_error", message=f"{key} is invalid")
    desk = Desk(api, {"api_key": ("search-prod",)}, key)
    error = desk.refused(Mode.BLOCK)
    desk.target.close()

    assert key not in f"{error!r} {error.__cause__!r} {error.__context__!r}"
    assert key not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("key", ["", "sk ant", "sk-ant-…", "sk-ant\nx"])
def test_impossible_key(key: str) -> None:
    """A key that cannot go into a header is refused without being quoted."""
    with pytest.raises(TargetError, match="ANTHROPIC_ADMIN_KEY is empty or holds") as caught:
        AnthropicTarget("http://127.0.0.1:1", key)

    assert caught.value.permanent


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "nonsense", "http://[::1"])
def test_impossible_address(address: str) -> None:
    """An address that is none is told by the name of its setting."""
    with pytest.raises(TargetError, match="ANTHROPIC_BASE_URL is not") as caught:
        AnthropicTarget(address, "sk-ant-admin01-x").check()

    assert caught.value.permanent


def test_a_look_beside_a_write(desk: Desk) -> None:
    """A look waits for the writing that is under way, and never sees half of it."""
    desk.confirm(Mode.BLOCK)
    order = desk.order(Mode.BLOCK)
    threads = [threading.Thread(target=desk.target.apply, args=(order,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    looks = [desk.target.look(order) for _ in range(3)]
    for thread in threads:
        thread.join()

    assert all(isinstance(look, Confirmed) for look in looks)
