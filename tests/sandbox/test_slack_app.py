"""A real Bolt app lives in the sandbox, over signed HTTP and over Socket Mode."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_sdk import WebClient
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.slack import HOME_TEAM, CannotAct, NoSuchElement, SlackSandbox
from bot.sandbox.slack.server import Server

Json = dict[str, Any]
PEOPLE = {
    "dana": ("Dana Ruiz", "member"),
    "ari": ("Ari Okafor", "member"),
    "gus": ("Gus Guest", "guest"),
    "olga": ("Olga Outside", "stranger"),
    "gone": ("Gone Person", "deactivated"),
}


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def modal(callback_id: str = "overage_request", **more: Any) -> Json:
    """A modal with a number, a text, a button and a select."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("Request"),
        "submit": plain("Send"),
        "blocks": [
            {
                "type": "input",
                "block_id": "amount",
                "label": plain("Dollars"),
                "element": {
                    "type": "number_input",
                    "action_id": "amount_value",
                    "is_decimal_allowed": False,
                    "min_value": "1",
                },
            },
            {
                "type": "input",
                "block_id": "reason",
                "optional": True,
                "label": plain("Reason"),
                "element": {"type": "plain_text_input", "action_id": "reason_value"},
            },
            {
                "type": "actions",
                "block_id": "more",
                "elements": [
                    {"type": "button", "action_id": "modal:more", "text": plain("More")},
                    {
                        "type": "users_select",
                        "action_id": "modal:who",
                        "placeholder": plain("Who"),
                    },
                ],
            },
        ],
        **more,
    }


def card(request_id: str, text: str) -> list[Json]:
    """A request with its Approve button."""
    approve = {
        "type": "button",
        "action_id": "request:approve",
        "text": plain("Approve"),
        "value": request_id,
        "confirm": {
            "title": plain("Sure?"),
            "text": plain("It costs money."),
            "confirm": plain("Yes"),
            "deny": plain("No"),
        },
    }
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": [approve]},
    ]


class Desk:
    """The tiny app under test, with the events a test waits for."""

    def __init__(self, slack: SlackSandbox) -> None:
        self.hold = threading.Event()
        self.retries: list[list[str]] = []
        self.who: list[Json] = []
        self.fail_home = 0
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        logger = logging.getLogger("desk")
        logger.setLevel(logging.CRITICAL)
        self.app = App(client=client, signing_secret=slack.signing_secret, logger=logger)
        self.app.use(self.flaky)
        self.app.command("/budget")(self.command)
        self.app.view("overage_request")(self.submitted)
        self.app.view("second")(lambda ack: ack(response_action="clear"))
        self.app.view_closed("overage_request")(self.closed)
        self.app.action("request:approve")(self.approve)
        self.app.action("modal:more")(self.more)
        self.app.action("modal:who")(self.chose)
        self.app.event("app_home_opened")(self.home)

    def command(self, ack: Any, command: Json, client: WebClient, respond: Any) -> None:
        word = command.get("text", "")
        if word == "request":
            ack()
            view = modal(notify_on_close=True)
            client.views_open(trigger_id=command["trigger_id"], view=view)
        elif word == "slow":
            self.hold.wait(5)
            ack("too late")
        elif word == "twice":
            ack("one")
            respond("two")
            respond(text="three", response_type="in_channel")
        elif word == "bad":
            ack(text="bad", blocks=[{"type": "header", "text": plain("")}])
        else:
            ack(f"You said {word}")

    def submitted(self, ack: Any, view: Json, body: Json, client: WebClient) -> None:
        values = view["state"]["values"]
        amount = int(values["amount"]["amount_value"]["value"])
        reason = values["reason"]["reason_value"]["value"]
        if amount > 1000:
            ack(response_action="errors", errors={"amount": "At most 1000."})
        elif amount == 7:
            ack(response_action="push", view=modal("second"))
        elif amount == 8:
            ack(response_action="update", view=modal("second", title=plain("Changed")))
        elif amount == 9:
            ack(response_action="errors", errors={"nowhere": "No such block."})
        else:
            ack()
            text = f"{body['user']['id']} asks for ${amount}: {reason}"
            client.chat_postMessage(channel="#ai-budgets", text=text, blocks=card("r1", text))

    def approve(self, ack: Any, body: Json, respond: Any, client: WebClient) -> None:
        ack()
        if body["user"]["team_id"] != HOME_TEAM:
            respond("Only our own people decide.")
        elif body["message"]["blocks"][1]["elements"][0]["value"] == "old":
            respond(text="Already decided.", replace_original=True)
        else:
            client.chat_update(
                channel=body["channel"]["id"],
                ts=body["container"]["message_ts"],
                text=f"Approved by {body['user']['id']}",
            )

    def more(self, ack: Any, body: Json, client: WebClient) -> None:
        ack()
        client.views_push(trigger_id=body["trigger_id"], view=modal("second"))

    def closed(self, ack: Any, view: Json) -> None:
        ack()
        self.who.append(view)

    def chose(self, ack: Any, body: Json) -> None:
        ack()
        self.who.append(body)

    def flaky(self, request: Any, body: Json, next: Any) -> BoltResponse | None:  # noqa: A002
        if body.get("type") != "event_callback":
            next()
            return None
        self.retries.append(list(request.headers.get("x-slack-retry-num", [])))
        if self.fail_home:
            self.fail_home -= 1
            return BoltResponse(status=500)
        next()
        return None

    def home(self, event: Json, client: WebClient) -> None:
        view = {"type": "home", "blocks": card("home", "Your budgets")}
        client.views_publish(user_id=event["user"], view=view)


def serve(app: App) -> Server:
    """Serve the app's /slack/events."""

    async def events(request: Request) -> Response:
        bolt_request = to_bolt_request(request, await request.body())
        return to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))

    server = Server([Route("/slack/events", events, methods=["POST"])], lambda _loop: None)
    server.start()
    return server


def hang_up(slack: SlackSandbox, handler: SocketModeHandler) -> None:
    """Slack hangs up first, and nobody waits for the client, which takes seconds to close."""
    handler.client.auto_reconnect_enabled = False
    slack.socket.close()
    threading.Thread(target=handler.close).start()


@pytest.fixture
def slack() -> Iterator[SlackSandbox]:
    """A workspace with colleagues, an outsider and a shared channel."""
    with SlackSandbox(ack_seconds=3.0, event_retry_delays=(0, 0, 0)) as sandbox:
        for handle, (name, kind) in PEOPLE.items():
            sandbox.add_person(f"{handle}@example.com", name, f"U0{handle.upper()}", kind)  # type: ignore[arg-type]
        sandbox.add_channel(
            "#ai-budgets", ["dana@example.com", "ari@example.com", "olga@example.com"]
        )
        yield sandbox


@pytest.fixture
def desk(slack: SlackSandbox) -> Desk:
    """The tiny app."""
    return Desk(slack)


@pytest.fixture
def over_http(slack: SlackSandbox, desk: Desk) -> Iterator[None]:
    """The app listens on HTTP."""
    server = serve(desk.app)
    slack.deliver_to(f"http://127.0.0.1:{server.port}/slack/events")
    yield
    desk.hold.set()
    server.stop()


@pytest.fixture
def over_socket(slack: SlackSandbox, desk: Desk) -> Iterator[None]:
    """The app listens on a socket."""
    handler = SocketModeHandler(desk.app, slack.app_token)
    handler.connect()  # type: ignore[no-untyped-call]
    slack.wait_for_socket()
    yield
    desk.hold.set()
    hang_up(slack, handler)


@pytest.fixture(params=["over_http", "over_socket"])
def both(request: pytest.FixtureRequest) -> None:
    """Once over HTTP and once over a socket."""
    request.getfixturevalue(request.param)


@pytest.mark.usefixtures("both")
def test_a_request_is_made_corrected_posted_and_approved_by_somebody_else(
    slack: SlackSandbox,
) -> None:
    """A command opens a modal, a field error keeps it open, and another person's click updates."""
    dana, ari = slack.person("dana@example.com"), slack.person("ari@example.com")

    assert "You said hello" == dana.types("/budget hello").text
    dana.types("/budget request", channel="#ai-budgets")
    slack.wait_until(dana.view)
    dana.fills({"amount_value": 5000, "reason": "evals"})
    assert {"amount": "At most 1000."} == dana.submits().errors
    view = dana.view()
    assert view is not None
    assert "At most 1000." in view.all_text()
    dana.fills({"amount": "250"})
    assert dana.submits().ok
    assert dana.view() is None
    message = slack.wait_until(slack.channel("#ai-budgets").messages)[0]
    assert "U0DANA asks for $250: evals" == message.text
    assert [("request:approve", "Approve", "r1")] == message.buttons()
    assert ari.presses("request:approve", message).ok
    slack.wait_until(lambda: slack.channel("#ai-budgets").messages()[0].edited)

    now = slack.channel("#ai-budgets").messages()[0]
    assert ("Approved by U0ARI", []) == (now.text, now.buttons())


@pytest.mark.usefixtures("both")
def test_home_is_published_when_it_is_opened(slack: SlackSandbox) -> None:
    """Opening the Home tab tells the app, which publishes a view; its buttons work."""
    dana = slack.person("dana@example.com")

    assert dana.opens_home().ok

    home = slack.wait_until(dana.home)
    assert "Your budgets" in home.all_text()
    assert ["request:approve"] == [action for action, _, _ in home.buttons()]


@pytest.mark.usefixtures("both")
def test_an_ack_and_two_later_answers_reach_the_person(slack: SlackSandbox) -> None:
    """What comes through the response_url is ephemeral unless it says in_channel."""
    dana = slack.person("dana@example.com")

    answer = dana.types("/budget twice", channel="#ai-budgets")

    slack.wait_until(lambda: len(answer.later()) == 2)
    assert ["one", "two"] == sorted(m.text for m in dana.ephemerals())
    assert ["three"] == [m.text for m in slack.channel("#ai-budgets").messages()]
    assert [] == slack.person("ari@example.com").ephemerals()


@pytest.mark.usefixtures("both")
def test_an_ack_after_the_limit_is_shown_as_operation_timeout(
    slack: SlackSandbox, desk: Desk
) -> None:
    """The workspace counts the three seconds itself and tells the person."""
    slack.ack_seconds = 0.2

    answer = slack.person("dana@example.com").types("/budget slow")

    desk.hold.set()
    assert (True, "operation_timeout", "") == (answer.timed_out, answer.warning, answer.text)
    assert [] == slack.person("dana@example.com").ephemerals()


@pytest.mark.usefixtures("both")
def test_an_outsiders_click_is_delivered_with_their_own_team(slack: SlackSandbox) -> None:
    """Somebody from another workspace can press a button in a shared channel; commands are not theirs."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    client.chat_postMessage(channel="#ai-budgets", text="x", blocks=card("r1", "x"))
    olga = slack.person("olga@example.com")

    olga.presses("request:approve", slack.channel("#ai-budgets").messages()[0])

    slack.wait_until(olga.ephemerals)
    assert "Only our own people decide." == olga.ephemerals()[0].text
    with pytest.raises(CannotAct):
        olga.types("/budget status", channel="#ai-budgets")


@pytest.mark.usefixtures("over_http")
def test_a_click_from_an_old_copy_carries_the_old_button(slack: SlackSandbox) -> None:
    """A button that is gone can still be pressed where an old copy is on the screen."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    sent = client.chat_postMessage(channel="#ai-budgets", text="x", blocks=card("old", "x"))
    channel = slack.channel("#ai-budgets")
    stale = channel.messages()[0]
    client.chat_update(channel=channel.id, ts=sent["ts"], text="decided")
    ari = slack.person("ari@example.com")

    with pytest.raises(NoSuchElement):
        ari.presses("request:approve", channel.messages()[0])
    ari.presses("request:approve", stale)

    slack.wait_until(lambda: channel.messages()[0].text == "Already decided.")


@pytest.mark.usefixtures("over_http")
def test_saying_no_to_the_confirm_dialog_sends_nothing(slack: SlackSandbox) -> None:
    """A confirm dialog that is declined keeps the click on the screen."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    client.chat_postMessage(channel="U0DANA", text="x", blocks=card("r1", "x"))
    dana = slack.person("dana@example.com")

    answer = dana.presses("request:approve", dana.dms()[0], confirm=False)

    assert answer.cancelled
    assert [] == slack.deliveries


@pytest.mark.usefixtures("over_http")
def test_only_those_who_see_a_message_can_press_its_buttons(slack: SlackSandbox) -> None:
    """A guest outside the channel and a deactivated account cannot click."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    client.chat_postMessage(channel="#ai-budgets", text="x", blocks=card("r1", "x"))
    message = slack.channel("#ai-budgets").messages()[0]

    for who in ("gus@example.com", "gone@example.com"):
        with pytest.raises(CannotAct):
            slack.person(who).presses("request:approve", message)


@pytest.mark.usefixtures("over_http")
def test_the_client_refuses_empty_and_wrong_fields_by_itself(slack: SlackSandbox) -> None:
    """A required field left empty or a word for a number never reaches the app."""
    dana = slack.person("dana@example.com")
    dana.types("/budget request")
    slack.wait_until(dana.view)
    before = len(slack.deliveries)

    assert {"amount": "Please complete this required field."} == dana.submits().errors
    dana.fills({"amount": "many"})
    assert {"amount": "Please enter a number."} == dana.submits().errors
    dana.fills({"amount": "0"})
    assert {"amount": "Please enter a number of at least 1."} == dana.submits().errors

    assert before == len(slack.deliveries)
    with pytest.raises(NoSuchElement):
        dana.fills({"nowhere": "x"})


@pytest.mark.usefixtures("both")
def test_modals_are_pushed_updated_cleared_and_closed(slack: SlackSandbox, desk: Desk) -> None:
    """response_action push, update and clear and the X do what they do in Slack."""
    dana = slack.person("dana@example.com")
    dana.types("/budget request")
    first = slack.wait_until(dana.view)

    dana.chooses("modal:who", "U0ARI")
    slack.wait_until(lambda: desk.who)
    picked = desk.who[0]["view"]["state"]["values"]["more"]["modal:who"]["selected_user"]
    assert "U0ARI" == picked

    dana.fills({"amount": "7"})
    assert "push" == dana.submits().response_action
    pushed = dana.view()
    assert pushed is not None
    assert ("second", first.id) == (pushed.callback_id, pushed.previous_id)
    dana.closes()
    dana.fills({"amount": "8"})
    dana.submits()
    changed = dana.view()
    assert changed is not None
    assert ("Changed", first.id) == (changed.title, changed.id)
    dana.presses("modal:more")
    slack.wait_until(lambda: (view := dana.view()) is not None and view.id != first.id)
    dana.fills({"amount": "1"})
    dana.submits()
    assert dana.view() is None

    dana.types("/budget request")
    slack.wait_until(dana.view)
    dana.closes()
    slack.wait_until(lambda: len(desk.who) == 2)
    assert "overage_request" == desk.who[1]["callback_id"]


@pytest.mark.usefixtures("over_http")
def test_errors_beside_no_field_are_trouble_for_the_person(slack: SlackSandbox) -> None:
    """Field errors for a block that is no input keep the modal open with a notice."""
    dana = slack.person("dana@example.com")
    dana.types("/budget request")
    slack.wait_until(dana.view)
    dana.fills({"amount": "9"})

    answer = dana.submits()

    assert "some trouble" in (answer.warning or "")
    assert dana.view() is not None


@pytest.mark.usefixtures("over_http")
def test_an_ack_with_bad_blocks_shows_nothing(slack: SlackSandbox) -> None:
    """Blocks in an ack are checked like those of any message."""
    answer = slack.person("dana@example.com").types("/budget bad")

    assert "invalid_blocks" == answer.warning
    assert [] == slack.person("dana@example.com").ephemerals()


@pytest.mark.usefixtures("both")
def test_a_failed_event_is_sent_again_with_retry_headers(slack: SlackSandbox, desk: Desk) -> None:
    """An event is delivered up to four times, and each repetition says so."""
    slack.ack_seconds = 0.3
    desk.fail_home = 2

    slack.person("dana@example.com").opens_home()

    assert [False, False, True] == [delivered.status == 200 for delivered in slack.deliveries]
    assert [[], ["1"], ["2"]] == desk.retries


@pytest.mark.usefixtures("over_socket")
def test_a_dropped_socket_is_opened_again(slack: SlackSandbox) -> None:
    """After a disconnect frame the app connects anew and hears commands again."""
    before = len(slack.calls("apps.connections.open"))

    slack.socket.drop("refresh_requested")

    slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > before)
    slack.wait_for_socket()
    assert "You said again" == slack.person("dana@example.com").types("/budget again").text


@pytest.mark.usefixtures("over_socket")
def test_a_second_socket_shares_the_payloads(slack: SlackSandbox, desk: Desk) -> None:
    """With two sockets each payload goes to one of them and is answered."""
    other = SocketModeHandler(desk.app, slack.app_token)
    other.connect()  # type: ignore[no-untyped-call]
    slack.wait_until(lambda: slack.socket.count == 2)

    answers = [slack.person("dana@example.com").types(f"/budget {n}").text for n in range(4)]

    hang_up(slack, other)
    assert [f"You said {n}" for n in range(4)] == answers


def test_without_any_app_the_command_fails(slack: SlackSandbox) -> None:
    """Nobody at the other end is told to the person as dispatch_failed."""
    slack.deliver_to("http://127.0.0.1:9/slack/events")

    assert "dispatch_failed" == slack.person("dana@example.com").types("/budget").warning


@pytest.mark.usefixtures("over_http")
def test_typed_mentions_arrive_as_ids(slack: SlackSandbox) -> None:
    """With should_escape a name becomes a mention, and special characters are escaped."""
    said = (
        slack.person("dana@example.com").types("/budget delegate @ari in #ai-budgets, a & b").text
    )

    channel = slack.channel("#ai-budgets").id
    assert f"You said delegate <@U0ARI|ari> in <#{channel}|ai-budgets>, a &amp; b" == said


@pytest.mark.usefixtures("both")
def test_twenty_commands_at_once_are_all_answered(slack: SlackSandbox) -> None:
    """People act from many threads at once; each gets the answer to their own command."""
    dana = slack.person("dana@example.com")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: dana.types(f"/budget {n}").text, range(20)))

    assert [f"You said {n}" for n in range(20)] == answers
    assert 20 == len(dana.ephemerals())
