"""What goes wrong between the bot and either gateway: nothing is written twice or told too early."""

import time
from collections.abc import Callable

import pytest

from bot.clients.enforcement.answers import Accepted, Confirmed, TargetError
from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.domain.money import micros
from bot.sandbox.litellm import LiteLlm
from bot.sandbox.mlflow import Mlflow
from bot.sandbox.usage.faults import Kind
from tests.clients.enforcement.gateways.conftest import MakeDesk
from tests.clients.enforcement.gateways.setting import LIMIT, Desk, Target
from tests.clients.enforcement.trickle import STARTS, trickling

READ = {"litellm": "/team/info", "mlflow": "/budgets/get"}
WRITE = {"litellm": "/team/update", "mlflow": "/budgets/update"}
MORE = micros(20_000)


def _then_down(desk: Desk) -> None:
    """The next read is answered, and none after it."""
    read = READ[desk.target.kind]
    desk.double.faults.add("edit", read, edit=lambda body: body)
    desk.double.faults.add("status", read, None, status=503)


def test_answer_lost(desk: Desk) -> None:
    """A write whose answer was lost, and that is there, is confirmed by what is read back."""
    desk.double.faults.add("lose", WRITE[desk.target.kind])
    desk.confirm(LIMIT)

    assert 1 == len(desk.writes())


def test_answer_lost_and_nothing_read(desk: Desk) -> None:
    """If nothing can be read either, the next attempt finds it there and writes nothing."""
    desk.double.faults.add("lose", WRITE[desk.target.kind])
    _then_down(desk)
    assert not desk.refused(LIMIT).permanent
    desk.double.faults.clear()
    desk.confirm(LIMIT)

    assert 1 == len(desk.writes())


@pytest.mark.parametrize("known", [False, True])
def test_answer_lost_and_another_limit(desk: Desk, known: bool) -> None:
    """What was written without a confirmation is the bot's own when another limit is due."""
    if known:
        desk.confirm(micros(1))
    desk.double.faults.add("lose", WRITE[desk.target.kind])
    _then_down(desk)
    desk.refused(LIMIT)
    desk.double.faults.clear()

    assert isinstance(desk.look(MORE), Accepted)
    desk.confirm(MORE)
    assert isinstance(desk.look(MORE), Confirmed)


@pytest.mark.parametrize("known", [False, True])
def test_never_arrived(desk: Desk, known: bool) -> None:
    """A write that never arrived is made by the next attempt: what stands there is nobody's edit."""
    if known:
        desk.confirm(micros(1))
    desk.double.faults.add("drop", WRITE[desk.target.kind], 2)
    assert "the connection broke" in (desk.refused(LIMIT)).text
    desk.refused(MORE)

    desk.confirm(MORE)


def test_killed_in_between(desk: Desk, request: pytest.FixtureRequest) -> None:
    """A bot that is killed before it hears of its write knows that limit for its own, started anew."""
    desk.confirm(micros(1))
    desk.killed = True
    desk.apply(LIMIT)
    desk.killed = False
    make: MakeDesk = request.getfixturevalue(f"at_{desk.target.kind}")
    desk.target = make(**{name: list(values) for name, values in desk.refs.items()}).target

    desk.confirm(MORE)
    assert 3 == len(desk.writes())


def test_what_was_there_first(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """Once a limit is confirmed, what stood there before it is as foreign as anything else."""
    desk = at_litellm(team="search")
    desk.double.faults.add("drop", "/team/update")
    desk.refused(LIMIT)
    desk.confirm(LIMIT)
    proxy.limits.teams["search"]["max_budget"] = 3.0

    assert "somebody changed it" in desk.edited(LIMIT)


@pytest.mark.parametrize("where", [READ, WRITE])
def test_too_many_requests(desk: Desk, where: dict[str, str]) -> None:
    """A storm of 429 is waited out for as long as it asks for, and nothing is given up."""
    desk.double.faults.add("status", where[desk.target.kind], 3, status=429, retry_after=7)
    errors = [desk.refused(LIMIT) for _ in range(3)]

    assert [(False, 429, 7.0)] * 3 == [(e.permanent, e.status, e.retry_after) for e in errors]
    desk.confirm(LIMIT)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_passing_trouble(desk: Desk, status: int) -> None:
    """Trouble of the gateway's own is over some time, and is tried again."""
    desk.double.faults.add("status", WRITE[desk.target.kind], status=status)
    error = desk.refused(LIMIT)

    assert (False, status) == (error.permanent, error.status)


@pytest.mark.parametrize(
    ("status", "told"),
    [(404, "check "), (301, "an unexpected answer 301: check "), (418, "an unexpected answer 418")],
)
def test_wrong_address(desk: Desk, status: int, told: str) -> None:
    """An answer of something else there is for people; a redirect is not followed."""
    desk.double.faults.add(
        "status", status=status, headers={"location": "http://127.0.0.1:1/elsewhere"}
    )
    error = desk.refused(LIMIT)

    assert (True, status) == (error.permanent, error.status)
    assert told in error.text
    assert "_BASE_URL" in error.text


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "", "[]", "null", "[" * 100_000, "{}"])
def test_something_else_answers(desk: Desk, body: str) -> None:
    """A page with status 200 is no answer: nothing is written, and it is tried again."""
    desk.double.faults.add("malformed", READ[desk.target.kind], body=body)
    error = desk.refused(LIMIT)

    assert (False, []) == (error.permanent, desk.writes())
    assert "check " in error.text
    assert "_BASE_URL" in error.text


def test_page_instead_of_a_write(desk: Desk) -> None:
    """A page with status 200 where a limit should be written is not a limit that was written."""
    desk.double.faults.add("malformed", WRITE[desk.target.kind], body="<html>Sign in</html>")
    error = desk.refused(LIMIT)

    assert (False, []) == (error.permanent, desk.writes())
    assert "does not show yet what was written" in error.text
    desk.confirm(LIMIT)


@pytest.mark.parametrize("where", [READ, WRITE])
def test_huge_answer(desk: Desk, where: dict[str, str]) -> None:
    """An answer of 50 MB is not read to its end, whatever it is an answer to."""
    huge = '{"more": "' + "x" * 50_000_000 + '"}'
    desk.double.faults.add("malformed", where[desk.target.kind], body=huge)
    error = desk.refused(LIMIT)

    assert not error.permanent
    assert "larger than 8,388,608 bytes" in error.text
    desk.confirm(LIMIT)


def test_huge_refusal(desk: Desk) -> None:
    """A refusal that is too long says nothing but its status."""
    desk.double.faults.add("error", status=403, message="x" * 9_000_000)
    error = desk.refused(LIMIT)

    assert (True, 403) == (error.permanent, error.status)
    assert len(error.text) < 1_000


@pytest.mark.parametrize("kind", ["truncate", "drop"])
def test_cut_off(desk: Desk, kind: Kind) -> None:
    """An answer that breaks off is no answer."""
    desk.double.faults.add(kind, READ[desk.target.kind])
    error = desk.refused(LIMIT)

    assert (False, []) == (error.permanent, desk.writes())


def test_not_running(desk: Desk) -> None:
    """A gateway that is down is tried again."""
    desk.double.stop()
    error = desk.refused(LIMIT)

    assert not error.permanent
    assert "no connection (ConnectError)" in error.text


@pytest.mark.parametrize("name", ["at_litellm", "at_mlflow"])
@pytest.mark.parametrize("where", [READ, WRITE])
def test_hanging(request: pytest.FixtureRequest, name: str, where: dict[str, str]) -> None:
    """A gateway that never answers ends an attempt after twice the time-out at the latest."""
    make: MakeDesk = request.getfixturevalue(name)
    refs = {"team": "search"} if name == "at_litellm" else {"policy": "bp-1"}
    desk = make(0.3, **refs)
    desk.double.faults.add("delay", where[desk.target.kind], None)
    started = time.monotonic()
    error = desk.refused(LIMIT)

    assert not error.permanent
    assert "no answer in time" in error.text
    assert time.monotonic() - started < 1.5


def _litellm(url: str, timeout: float) -> LiteLlmTarget:
    return LiteLlmTarget(url, "sk-1", timeout=timeout)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("make", [_litellm, MlflowTarget])
def test_trickling(make: Callable[..., Target], start: bytes) -> None:
    """A gateway that answers byte by byte, in any part of its answer, ends with the time-out."""
    with trickling(start) as url:
        target = make(url, timeout=0.3)
        started = time.monotonic()
        with pytest.raises(TargetError, match="in time") as caught:
            target.check()
        target.close()

    assert not caught.value.permanent
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("address", ["ftp://proxy", "proxy:4000", "http://proxy:port", "/v1"])
def test_impossible_address(address: str) -> None:
    """An address that is none is refused with the name of the setting."""
    with pytest.raises(TargetError, match="LITELLM_BASE_URL is not an http") as caught:
        LiteLlmTarget(address, "sk-1").check()
    assert caught.value.permanent
    with pytest.raises(TargetError, match="MLFLOW_BASE_URL is not an http"):
        MlflowTarget(address).check()


@pytest.mark.parametrize("key", ["", " ", "sk-a b", "sk-ä", "sk-\n"])
def test_impossible_key(key: str) -> None:
    """A key that cannot be sent is refused before httpx could quote it."""
    with pytest.raises(TargetError, match="LITELLM_API_KEY is empty or holds") as caught:
        LiteLlmTarget("http://127.0.0.1:1", key)

    assert caught.value.permanent


def test_no_database(at_litellm: MakeDesk) -> None:
    """LiteLLM without a database holds no limit, and will not by itself."""
    desk = at_litellm(team="search")
    desk.double.faults.add("error", status=500, message="No db connected")
    error = desk.refused(LIMIT)

    assert error.permanent
    assert "set its DATABASE_URL" in error.text


def test_somebodys_word_is_for_one_order(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """To write over an edit was asked for once: a later order without that word leaves it again."""
    desk = at_litellm(team="search")
    desk.confirm(LIMIT)
    proxy.limits.teams["search"]["max_budget"] = 99.0
    proxy.faults.add("drop", "/team/update")
    with pytest.raises(TargetError):
        desk.apply(LIMIT, force=True)

    assert "somebody changed it" in desk.edited(MORE)


def test_many_slow_answers(proxy: LiteLlm, at_litellm: MakeDesk) -> None:
    """An attempt of many requests ends after twice the time-out of one, however slow each is."""
    desk = at_litellm(0.3, team=[f"team-{number}" for number in range(9)])
    for number in range(9):
        proxy.add_team(f"team-{number}")
    proxy.faults.add("delay", READ["litellm"], None, seconds=0.2)
    started = time.monotonic()
    error = desk.refused(LIMIT)

    assert (False, []) == (error.permanent, desk.writes())
    assert time.monotonic() - started < 1.0


def test_no_proxy_of_the_environment(
    proxy: LiteLlm, gateway: Mlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit and its key go to the gateway itself, whatever proxies the environment names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for target in (LiteLlmTarget(proxy.url, proxy.master_key), MlflowTarget(gateway.url)):
        assert target.check()
        target.close()
