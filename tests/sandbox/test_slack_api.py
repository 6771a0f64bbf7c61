"""The Web API of the sandbox refuses, limits and forgets as Slack does."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from bot.sandbox.slack import SandboxError, SlackSandbox

Json = dict[str, Any]
META = {"event_type": "alert", "event_payload": {"id": "a1"}}
START = datetime(2026, 11, 2, 9, tzinfo=UTC)


class Ticks:
    """Two clocks a test moves by hand: the workspace's and the one that counts seconds."""

    def __init__(self) -> None:
        self.now = START
        self.seconds = 0.0

    def clock(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def ticks() -> Ticks:
    """Clocks under the hand of the test."""
    return Ticks()


@pytest.fixture
def slack(ticks: Ticks) -> Iterator[SlackSandbox]:
    """A workspace with one of each kind of person and channel."""
    with SlackSandbox(ticks.clock, monotonic=ticks.monotonic) as sandbox:
        sandbox.add_person("dana@example.com", "Dana Ruiz", "U0DANA")
        sandbox.add_person("ari@example.com", "Ari Okafor", "U0ARI")
        sandbox.add_person("gone@example.com", "Gone", "U0GONE", "deactivated")
        sandbox.add_person("bo@example.com", "Bo Bot", "U0BOT", "bot")
        sandbox.add_person("olga@example.com", "Olga", "U0OLGA", "stranger")
        sandbox.add_person("gus@example.com", "Gus", "U0GUS", "guest")
        sandbox.add_channel("#ai-budgets", ["dana@example.com"], id="C0AI")
        sandbox.add_channel("#elsewhere", ["ari@example.com"], bot_member=False, id="C0ELSE")
        sandbox.add_channel("#secret", [], bot_member=False, private=True, id="C0SECRET")
        sandbox.add_channel("#old", [], archived=True, id="C0OLD")
        sandbox.add_usergroup("S0LEADS", "leads", ["dana@example.com", "gone@example.com"])
        yield sandbox


@pytest.fixture
def client(slack: SlackSandbox) -> WebClient:
    """The bot's client, which never tries again by itself."""
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


def refusal(call: Callable[[], Any]) -> str:
    """The error word a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def modal(**more: Any) -> Json:
    """The smallest modal."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Hello"},
        "blocks": [{"type": "divider"}],
        **more,
    }


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("C0NONE", "channel_not_found"),
        ("#nothing", "channel_not_found"),
        ("C0SECRET", "channel_not_found"),
        ("C0ELSE", "not_in_channel"),
        ("#elsewhere", "not_in_channel"),
        ("C0OLD", "is_archived"),
        ("U0NOBODY", "channel_not_found"),
        ("U0GONE", "channel_not_found"),
        ("U0OLGA", "channel_not_found"),
        ("U0BOT", "cannot_dm_bot"),
    ],
)
def test_a_post_to_the_wrong_place_is_refused(client: WebClient, where: str, error: str) -> None:
    """Each place the bot may not write to has its own error, and nothing is posted."""
    assert error == refusal(lambda: client.chat_postMessage(channel=where, text="x"))


@pytest.mark.parametrize("where", ["C0AI", "#ai-budgets", "ai-budgets"])
def test_a_channel_is_found_by_id_and_by_name(
    slack: SlackSandbox, client: WebClient, where: str
) -> None:
    """The answer carries the id of the channel, however it was named."""
    answer = client.chat_postMessage(channel=where, text="x")

    assert "C0AI" == answer["channel"]
    assert ["x"] == [m.text for m in slack.channel("#ai-budgets").messages()]


def test_a_post_to_a_person_opens_the_dm(slack: SlackSandbox, client: WebClient) -> None:
    """The DM has an id of its own; an update needs that one, not the person's."""
    sent = client.chat_postMessage(channel="U0DANA", text="one")

    assert sent["channel"].startswith("D")
    assert sent["channel"] == client.conversations_open(users="U0DANA")["channel"]["id"]
    assert "channel_not_found" == refusal(
        lambda: client.chat_update(channel="U0DANA", ts=sent["ts"], text="two")
    )
    client.chat_update(channel=sent["channel"], ts=sent["ts"], text="two")
    assert [("two", True)] == [(m.text, m.edited) for m in slack.person("U0DANA").dms()]


@pytest.mark.parametrize(
    ("user", "error"),
    [("U0GONE", "user_disabled"), ("U0OLGA", "user_not_visible"), ("U0NO", "user_not_found")],
)
def test_some_dms_cannot_be_opened(client: WebClient, user: str, error: str) -> None:
    """Deactivated, foreign and unknown people have no DM with the bot."""
    assert error == refusal(lambda: client.conversations_open(users=user))


def test_tokens_are_checked(slack: SlackSandbox) -> None:
    """No token, a wrong one and the wrong kind of token are three different errors."""
    url = slack.api_url
    assert "not_authed" == httpx.post(f"{url}auth.test", trust_env=False).json()["error"]
    assert "invalid_auth" == refusal(WebClient(token="xoxb-no", base_url=url).auth_test)
    assert "not_allowed_token_type" == refusal(
        WebClient(token=slack.app_token, base_url=url).auth_test
    )
    with_bot = WebClient(token=slack.bot_token, base_url=url)
    assert "not_allowed_token_type" == refusal(
        lambda: with_bot.apps_connections_open(app_token=slack.bot_token)
    )
    assert "unknown_method" == refusal(lambda: with_bot.api_call("chat.shout"))


def test_a_missing_scope_is_named() -> None:
    """With the scopes given, a method outside them says what it needs and what there is."""
    with SlackSandbox(granted_scopes=["chat:write"]) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        with pytest.raises(SlackApiError) as caught:
            client.users_info(user="U0DANA")

        answer = caught.value.response
        assert ("missing_scope", "users:read", "chat:write") == (
            answer["error"],
            answer["needed"],
            answer["provided"],
        )


def test_forms_and_json_are_understood(slack: SlackSandbox) -> None:
    """Blocks may come as JSON or as a JSON string inside a form."""
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    blocks = [{"type": "divider"}]
    body: Json = {"channel": "C0AI", "text": "x", "blocks": blocks}
    url = f"{slack.api_url}chat.postMessage"

    as_json = httpx.post(url, json=body, headers=headers, trust_env=False).json()
    form = {**body, "blocks": json.dumps(blocks)}
    as_form = httpx.post(url, data=form, headers=headers, trust_env=False).json()
    broken = {**body, "blocks": "{"}
    bad = httpx.post(url, data=broken, headers=headers, trust_env=False).json()

    assert (True, True, "invalid_blocks_format") == (as_json["ok"], as_form["ok"], bad["error"])
    assert 2 == len(slack.channel("C0AI").messages())


@pytest.mark.filterwarnings("ignore:The top-level `text` argument")
def test_a_message_needs_text_for_screen_readers(client: WebClient) -> None:
    """A strict workspace refuses blocks without top-level text, which Slack would let through."""
    divider = [{"type": "divider"}]
    assert "no_text" == refusal(lambda: client.chat_postMessage(channel="C0AI", blocks=divider))
    assert "no_text" == refusal(lambda: client.chat_postMessage(channel="C0AI", text=""))
    with SlackSandbox(strict=False) as lax:
        lax.add_channel("#a", id="C0A")
        other = WebClient(token=lax.bot_token, base_url=lax.api_url)
        assert other.chat_postMessage(channel="C0A", blocks=divider)["ok"]


def test_bad_blocks_are_refused_in_slacks_shape(client: WebClient) -> None:
    """chat.* lists the errors with JSON pointers."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(
            channel="C0AI", text="x", blocks=[{"type": "actions", "elements": []}]
        )

    answer = caught.value.response
    assert "invalid_blocks" == answer["error"]
    assert ["no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"] == answer["errors"]


def test_an_update_replaces_and_keeps_what_slack_keeps(
    slack: SlackSandbox, client: WebClient
) -> None:
    """Text alone removes the blocks; metadata stays until replaced and is cleared by {}."""
    sent = client.chat_postMessage(
        channel="C0AI", text="x", blocks=[{"type": "divider"}], metadata=META
    )
    client.chat_update(channel="C0AI", ts=sent["ts"], text="y")
    message = slack.channel("C0AI").messages()[0]
    assert ("y", [], META) == (message.text, message.blocks, message.metadata)

    client.chat_update(channel="C0AI", ts=sent["ts"], text="y", metadata={})

    assert slack.channel("C0AI").messages()[0].metadata is None


def test_updates_are_refused(slack: SlackSandbox, client: WebClient) -> None:
    """Unknown, foreign, ephemeral and overlong messages cannot be updated."""
    slack.person("U0DANA").says("mine", channel="#ai-budgets")
    theirs = slack.channel("C0AI").messages()[0].ts
    own = client.chat_postMessage(channel="C0AI", text="x")["ts"]
    hidden = client.chat_postEphemeral(channel="C0AI", user="U0DANA", text="x")["message_ts"]

    def update(ts: str, text: str = "y") -> str:
        return refusal(lambda: client.chat_update(channel="C0AI", ts=ts, text=text))

    assert "message_not_found" == update("1.000001")
    assert "cant_update_message" == update(theirs)
    assert "message_not_found" == update(hidden)
    assert "msg_too_long" == update(own, "y" * 4001)


def test_an_ephemeral_message_needs_an_active_member(
    slack: SlackSandbox, client: WebClient
) -> None:
    """Only somebody in the channel can see one, and nobody else does."""
    assert "user_not_in_channel" == refusal(
        lambda: client.chat_postEphemeral(channel="C0AI", user="U0ARI", text="x")
    )
    client.chat_postEphemeral(channel="C0AI", user="U0DANA", text="for you")

    assert ["for you"] == [m.text for m in slack.person("U0DANA").ephemerals()]
    assert [] == slack.channel("C0AI").messages()


def test_history_shows_metadata_on_request(client: WebClient) -> None:
    """Newest first, in pages, with metadata only when asked for."""
    for number in range(3):
        client.chat_postMessage(channel="C0AI", text=str(number), metadata=META)

    plain = client.conversations_history(channel="C0AI", limit=2)
    rest = client.conversations_history(
        channel="C0AI", cursor=plain["response_metadata"]["next_cursor"], include_all_metadata=True
    )

    assert (["2", "1"], True) == ([m["text"] for m in plain["messages"]], plain["has_more"])
    assert not any("metadata" in m for m in plain["messages"])
    assert [META] == [m["metadata"] for m in rest["messages"]]


def test_people_are_looked_up(slack: SlackSandbox, client: WebClient) -> None:
    """E-mail finds the active; the user object tells guests, bots, strangers and leavers apart."""
    assert "U0DANA" == client.users_lookupByEmail(email="Dana@example.com")["user"]["id"]
    for address in ("gone@example.com", "olga@example.com", "no@example.com"):
        lookup = partial(client.users_lookupByEmail, email=address)
        assert "users_not_found" == refusal(lookup)

    def user(key: str) -> Json:
        found: Json = client.users_info(user=key)["user"]
        return found

    assert user("U0GUS")["is_restricted"]
    assert user("U0BOT")["is_bot"]
    assert user("U0GONE")["deleted"]
    assert user("U0OLGA")["is_stranger"]
    assert user("U0OLGA")["team_id"] != user("U0DANA")["team_id"]
    assert ["U0DANA"] == client.usergroups_users_list(usergroup="S0LEADS")["users"]
    slack.deactivate("dana@example.com")
    assert user("U0DANA")["deleted"]


def test_channels_are_described(client: WebClient) -> None:
    """Info, members, list and permalinks of what the bot can see."""
    assert ["U0DANA", "U0BUDGETBOT"] == client.conversations_members(channel="C0AI")["members"]
    assert not client.conversations_info(channel="C0ELSE")["channel"]["is_member"]
    names = [c["name"] for c in client.conversations_list(exclude_archived=True)["channels"]]
    assert ["ai-budgets", "elsewhere"] == names
    ts = client.chat_postMessage(channel="C0AI", text="x")["ts"]
    link = client.chat_getPermalink(channel="C0AI", message_ts=ts)["permalink"]
    assert link.endswith(f"/archives/C0AI/p{ts.replace('.', '')}")
    client.chat_delete(channel="C0AI", ts=ts)
    assert "message_not_found" == refusal(
        lambda: client.chat_getPermalink(channel="C0AI", message_ts=ts)
    )


def test_a_trigger_works_once_and_for_three_seconds(
    slack: SlackSandbox, client: WebClient, ticks: Ticks
) -> None:
    """A trigger id is exchanged once, expires, and may simply be wrong."""
    tickets = slack.workspace.tickets
    first, second = tickets.new_trigger("U0DANA"), tickets.new_trigger("U0DANA")

    client.views_open(trigger_id=first, view=modal())
    assert "exchanged_trigger_id" == refusal(
        lambda: client.views_open(trigger_id=first, view=modal())
    )
    ticks.seconds += 3.1
    assert "expired_trigger_id" == refusal(
        lambda: client.views_open(trigger_id=second, view=modal())
    )
    assert "invalid_trigger_id" == refusal(
        lambda: client.views_open(trigger_id="1.2.3", view=modal())
    )


def test_a_bad_view_is_refused_in_slacks_shape(slack: SlackSandbox, client: WebClient) -> None:
    """views.* answers invalid_arguments with messages."""
    view = modal()
    del view["title"]
    trigger = slack.workspace.tickets.new_trigger("U0DANA")
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=trigger, view=view)

    answer = caught.value.response
    assert "invalid_arguments" == answer["error"]
    assert ["[ERROR] missing required field: title [json-pointer:/view]"] == (
        answer["response_metadata"]["messages"]
    )


def test_views_are_pushed_and_updated_within_limits(slack: SlackSandbox, client: WebClient) -> None:
    """Three modals deep at most; an update with an old hash or for a closed view is refused."""
    tickets = slack.workspace.tickets
    opened = client.views_open(trigger_id=tickets.new_trigger("U0DANA"), view=modal())["view"]
    for _ in range(2):
        client.views_push(trigger_id=tickets.new_trigger("U0DANA", opened["id"]), view=modal())
    trigger = tickets.new_trigger("U0DANA", opened["id"])
    assert "push_limit_reached" == refusal(
        lambda: client.views_push(trigger_id=trigger, view=modal())
    )
    client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())
    assert "hash_conflict" == refusal(
        lambda: client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())
    )
    slack.person("U0DANA").closes(everything=True)
    assert "not_found" == refusal(lambda: client.views_update(view_id=opened["id"], view=modal()))


def test_a_home_tab_that_is_off_cannot_be_published() -> None:
    """Home tab and messages tab are settings of the app."""
    with SlackSandbox(home_tab=False, messages_tab=False) as slack:
        slack.add_person("dana@example.com", id="U0DANA")
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        home = {"type": "home", "blocks": [{"type": "divider"}]}

        assert "not_enabled" == refusal(lambda: client.views_publish(user_id="U0DANA", view=home))
        assert "messages_tab_disabled" == refusal(
            lambda: client.chat_postMessage(channel="U0DANA", text="x")
        )


def test_a_response_url_has_five_uses_in_half_an_hour(slack: SlackSandbox, ticks: Ticks) -> None:
    """After five uses or thirty minutes the URL is dead, and visibility never changes."""
    tickets = slack.workspace.tickets
    url = tickets.new_url("U0DANA", "C0AI")
    hook = WebhookClient(slack.response_url(url.token))

    statuses = [hook.send(text=str(n)).status_code for n in range(6)]
    other = WebhookClient(slack.response_url(tickets.new_url("U0DANA", "C0AI").token))
    ticks.seconds += 31 * 60
    late = other.send(text="late")

    assert [200] * 5 + [404] == statuses
    assert (404, "expired_url") == (late.status_code, json.loads(late.body)["error"])
    assert 5 == len(slack.person("U0DANA").ephemerals())


def test_a_response_url_replaces_and_deletes(slack: SlackSandbox, client: WebClient) -> None:
    """The original message is rewritten in its place, then taken away."""
    client.chat_postEphemeral(channel="C0AI", user="U0DANA", text="old")
    original = slack.person("U0DANA").ephemerals()[0]
    hook = WebhookClient(
        slack.response_url(slack.workspace.tickets.new_url("U0DANA", "C0AI", original).token)
    )

    hook.send(text="new", replace_original=True, response_type="in_channel")
    assert ["new"] == [m.text for m in slack.person("U0DANA").ephemerals()]
    assert [] == slack.channel("C0AI").messages()
    hook.send(delete_original=True)

    assert [] == slack.person("U0DANA").ephemerals()


def test_faults_come_as_ordered(slack: SlackSandbox, client: WebClient) -> None:
    """Errors, statuses, rate limits and refusals leave no message; the journal names them."""

    def post() -> Any:
        return client.chat_postMessage(channel="C0AI", text="x")

    slack.faults.add("chat.postMessage", "error", error="fatal_error")
    slack.faults.add("chat.postMessage", "ratelimited", retry_after=7)
    slack.faults.add("chat.postMessage", "status", status=503)
    slack.faults.add("chat.postMessage", "refuse")

    assert "fatal_error" == refusal(post)
    with pytest.raises(SlackApiError) as limited:
        post()
    assert (429, "7") == (
        limited.value.response.status_code,
        limited.value.response.headers["Retry-After"],
    )
    with pytest.raises(SlackApiError) as down:
        post()
    assert 503 == down.value.response.status_code
    with pytest.raises(ConnectionError):
        post()

    assert [] == slack.channel("C0AI").messages()
    post()
    assert ["error", "ratelimited", "status", "refuse", None] == [
        call.fault for call in slack.calls("chat.postMessage")
    ]
    with pytest.raises(SandboxError):
        slack.faults.add("chat.postMessage", "nonsense")  # type: ignore[arg-type]


def test_a_lost_answer_takes_effect(slack: SlackSandbox, client: WebClient) -> None:
    """The message is there although the caller saw only a broken connection."""
    slack.faults.add("chat.postMessage", "lost_answer")

    with pytest.raises(ConnectionError):
        client.chat_postMessage(channel="C0AI", text="x")

    assert ["x"] == [m.text for m in slack.channel("C0AI").messages()]
    assert slack.calls("chat.postMessage")[0].ok


def test_the_library_waits_out_a_rate_limit(slack: SlackSandbox) -> None:
    """slack_sdk's own retry handler gets through a 429 that tells it not to wait."""
    retry = RateLimitErrorRetryHandler(max_retry_count=1)
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[retry])
    slack.faults.add("auth.test", "ratelimited", retry_after=0)

    assert client.auth_test()["ok"]
    assert [429, 200] == [call.status for call in slack.calls("auth.test")]


def test_message_times_follow_the_workspace_clock(client: WebClient, ticks: Ticks) -> None:
    """ts values are unique and grow, also when the clock stands still or goes back."""
    stamps = [client.chat_postMessage(channel="C0AI", text="x")["ts"] for _ in range(2)]
    ticks.now -= timedelta(days=1)
    stamps.append(client.chat_postMessage(channel="C0AI", text="x")["ts"])
    ticks.now += timedelta(days=2)
    stamps.append(client.chat_postMessage(channel="C0AI", text="x")["ts"])

    assert sorted(set(stamps)) == stamps
    assert str(int((START + timedelta(days=1)).timestamp())) == stamps[-1].split(".")[0]


def test_a_file_is_uploaded_in_three_steps(slack: SlackSandbox, client: WebClient) -> None:
    """files_upload_v2 of the library ends in a message with the file."""
    client.files_upload_v2(
        channel="C0AI", filename="a.csv", content="a,b", title="A", initial_comment="here"
    )

    message = slack.channel("C0AI").messages()[0]
    assert ("here", "a.csv") == (message.text, message.files[0]["name"])


def test_the_page_sees_changes_and_acts(slack: SlackSandbox, client: WebClient) -> None:
    """The state is long-polled by version; acts answer as the Python API does."""
    seen = slack.version
    states: list[Json] = []

    def poll() -> None:
        with urllib.request.urlopen(f"{slack.url}/sandbox/state?since={seen}") as answer:  # noqa: S310
            states.append(json.load(answer))

    waiting = threading.Thread(target=poll)
    waiting.start()
    slack.person("U0DANA").says("hello", channel="#ai-budgets")
    waiting.join(5)
    assert states[0]["version"] > seen
    said = [m["text"] for c in states[0]["channels"] if c["id"] == "C0AI" for m in c["messages"]]
    assert ["hello"] == said

    def act(**asked: Any) -> httpx.Response:
        return httpx.post(f"{slack.url}/sandbox/act", json=asked, trust_env=False)

    client.views_open(
        trigger_id=slack.workspace.tickets.new_trigger("U0DANA"), view=modal(notify_on_close=False)
    )
    assert act(person="U0DANA", do="close").json()["ok"]
    assert slack.person("U0DANA").view() is None
    refused = act(person="U0GONE", do="type", text="/budget")
    assert (400, False) == (refused.status_code, refused.json()["ok"])
    assert 400 == act(person="U0DANA", do="dance").status_code


def test_slacks_own_rate_limits_can_be_switched_on(ticks: Ticks) -> None:
    """Posts to one channel are allowed in a short burst, then one a second; others are not touched."""
    with SlackSandbox(ticks.clock, monotonic=ticks.monotonic, rate_limits=True) as slack:
        slack.add_channel("#a", id="C0A")
        slack.add_channel("#b", id="C0B")
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        for _ in range(5):
            client.chat_postMessage(channel="C0A", text="x")

        assert "ratelimited" == refusal(lambda: client.chat_postMessage(channel="C0A", text="x"))
        client.chat_postMessage(channel="C0B", text="x")
        ticks.seconds += 1
        client.chat_postMessage(channel="C0A", text="x")
        assert 6 == len(slack.channel("C0A").messages())


def test_a_stopped_sandbox_starts_again_with_its_messages(
    slack: SlackSandbox, client: WebClient
) -> None:
    """Messages survive a stop; the same port can be taken again."""
    client.chat_postMessage(channel="C0AI", text="one")
    port = int(slack.url.rpartition(":")[2])

    slack.stop()
    slack.start(port)

    client.chat_postMessage(channel="C0AI", text="two")
    assert ["one", "two"] == [m.text for m in slack.channel("C0AI").messages()]
