"""Claude Code's events through the bridge into the ledger: each dollar once, whatever happens."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.serving import Server
from tests.recipes.bridges import Bridge, Bridges, spent, stopped
from tests.recipes.exports import bodies, export, recorded, refused, request
from tests.story.town import Town


@pytest.mark.parametrize("packed", [False, True])
def test_what_claude_code_sends_is_counted(acme: Town, bridge: Bridge, packed: bool) -> None:
    """Of an export of the real program, the one request to the API costs what it says, once."""
    for _ in range(2):
        answer = bridge.export(recorded(), packed=packed)
        assert (200, {}) == (answer.status_code, answer.json())

    assert {"search": 2_580} == spent(acme)


def test_the_recorded_export_is_otlp() -> None:
    """OpenTelemetry's own types read the recording, and find the request in it."""
    names = ["user_prompt", "api_request", "assistant_response"]

    assert [f"claude_code.{name}" for name in names] == bodies(recorded())


def test_what_a_collector_sends_is_counted(acme: Town, bridge: Bridge) -> None:
    """Numbers as text, the team on the resource, other events among them: the status shows it."""
    records = [request(1, 12.5), request(2, 0.000001), request(4, 9, event__name="api_error")]
    answer = bridge.export(export(*records))
    bridge.export(export(request(3, 4), team="nobody"))
    acme.turn()

    assert (200, {}) == (answer.status_code, answer.json())
    assert {"search": 12_500_001, "unattributed": 4_000_000} == spent(acme)
    assert "$12.50 of $100" in acme.person("tom").types("/budget status search").text


def test_overlapping_exports_count_once(acme: Town, bridge: Bridge) -> None:
    """A request that comes again in another export, as after a lost answer, is the same request."""
    bridge.export(export(request(1), request(2)))
    bridge.export(export(request(2), request(3)))
    bridge.export(export(request(4, request_id="req_3")))

    assert {"search": 3_000_000} == spent(acme)


def test_the_bot_is_down(acme: Town, bridge: Bridge) -> None:
    """The collector is told to send it again, and does: nothing is lost."""
    with stopped(acme):
        assert 503 == bridge.export(export(request(1))).status_code
    answer = bridge.export(export(request(1)))

    assert (200, {"search": 1_000_000}) == (answer.status_code, spent(acme))


@pytest.fixture
def deadly(acme: Town, bridges: Bridges) -> Iterator[tuple[Bridge, list[int]]]:
    """A bridge that is killed between the bot's answer and its own, and what the bot answered."""
    answers: list[int] = []
    started: list[Bridge] = []

    async def relay(call: Request) -> Response:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            answer = await client.post(
                f"http://127.0.0.1:{acme.port}/usage",
                content=await call.body(),
                headers={n: v for n, v in call.headers.items() if n.startswith("webhook-")},
            )
        answers.append(answer.status_code)
        started[0].kill()
        return Response(status_code=202)

    with Server(Starlette(routes=[Route("/usage", relay, methods=["POST"])])) as server:
        started.append(bridges(server.url))
        yield started[0], answers


def test_the_bridge_is_killed_in_between(
    acme: Town, bridges: Bridges, deadly: tuple[Bridge, list[int]]
) -> None:
    """The bot has the rows and the collector no answer: sent again, they count once."""
    bridge, answers = deadly
    with pytest.raises(httpx.TransportError):
        bridge.export(export(request(1), request(2)))
    assert ([202], {"search": 2_000_000}) == (answers, spent(acme))

    assert 200 == bridges().export(export(request(1), request(2))).status_code
    assert {"search": 2_000_000} == spent(acme)


def test_a_wrong_secret_loses_nothing(acme: Town, bridges: Bridges, bridge: Bridge) -> None:
    """The bot refuses, the collector keeps what it has, until somebody has put it right."""
    stranger = bridges(secret="whsec_" + "A" * 44)
    assert (503, {}) == (stranger.export(export(request(1))).status_code, spent(acme))

    bridge.export(export(request(1)))
    assert {"search": 1_000_000} == spent(acme)


def test_a_bad_record_keeps_no_other_out(acme: Town, bridge: Bridge) -> None:
    """What can never be taken is told as refused, as OTLP has it, and the rest counts."""
    records = [request(number) for number in range(1, 8)]
    records[2] = request(3, model="claude-unheard-of", cost_usd=None, cost_usd_micros=None)
    records[5] = request(6, input_tokens="many")
    answer = bridge.export(export(*records))

    assert (200, 2) == (answer.status_code, refused(answer.json()))
    assert {"search": 5_000_000} == spent(acme)


def test_other_versions(acme: Town, bridge: Bridge) -> None:
    """Dollars without micro-dollars, no dollars at all, no id: priced, and still counted once."""
    records = [
        request(1, 0.0000075, cost_usd_micros=None),
        request(2, cost_usd=None, cost_usd_micros=None, cache_creation_tokens=1_000_000),
        request(3, request_id=None),
        request(4, request_id=None),
    ]
    for _ in range(2):
        assert {} == bridge.export(export(*records)).json()

    # $0.0000075; 20 and 40 tokens at $4 and $20, a million written at $5; $1 and $1
    assert {"search": 8 + 880 + 5_000_000 + 2_000_000} == spent(acme)


@pytest.mark.parametrize(
    "payload",
    [b"no JSON", b"[1]", b'{"resourceLogs": [{"scopeLogs": 1}]}', b'{"resourceLogs": [1]}'],
)
def test_what_is_no_otlp_is_refused_for_good(bridge: Bridge, payload: bytes) -> None:
    """400 tells a collector not to send it again."""
    assert 400 == bridge.export(payload).status_code


def test_people_are_known_by_their_address(acme: Town, bridge: Bridge) -> None:
    """A rule for people finds them by their e-mail address; a rule for tags by what is set."""
    text = (acme.folder / "budgets.yaml").read_text()
    acme.write_policy(
        text.replace("[{team: search}]", '[{actor: "*@example.com", tags: {department: rnd}}]')
    )
    acme.restart_bot()
    bridge.export(export(request(1, department="rnd"), request(2)))

    assert {"search": 1_000_000, "unattributed": 1_000_000} == spent(acme)
