"""The manifest: what Slack accepts, and neither more nor less than what the code uses."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from ruamel.yaml import YAML
from slack_bolt import App
from slack_sdk import WebClient

from bot.clients.slack import DeliveryError, Slack
from bot.clock import utc_now
from bot.config.load import load_policy
from bot.parts import Bot
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.methods import METHODS
from handlers import register
from tests.story.town import Town, at

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT.parent / "shared/data/slack/manifest.schema.2.0.0.json"
CLIENT = ROOT / "bot/clients/slack.py"

# The bot scope each method of slack_sdk's WebClient needs; a method that is missing here has to be
# looked up in Slack's documentation first.
SCOPES: dict[str, set[str]] = {
    "auth_test": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"im:history"},  # DMs only, see the manifest
    "conversations_open": {"im:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "users_lookupByEmail": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_publish": set(),
    "views_update": set(),
}


def manifest() -> dict[str, Any]:
    """The manifest as Slack reads it."""
    read: dict[str, Any] = YAML(typ="safe").load(ROOT / "app-manifest.yml")
    return read


def methods_called() -> set[str]:
    """The Web API methods in the source of our client: `self._client.X` and `self._quick.X`."""
    tree = ast.parse(CLIENT.read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in {"_client", "_quick"}
    }


class Registry:
    """A bolt App that only writes down what is registered with it."""

    def __init__(self) -> None:
        self.registered: dict[str, list[object]] = {}

    def middleware(self, function: Callable[..., object]) -> Callable[..., object]:
        """Used as a bare decorator."""
        return function

    def error(self, function: Callable[..., object]) -> Callable[..., object]:
        """Takes the function itself."""
        return function

    def __getattr__(self, kind: str) -> Callable[[object], Callable[[object], object]]:
        def registering(constraint: object) -> Callable[[object], object]:
            self.registered.setdefault(kind, []).append(constraint)
            return lambda function: function

        return registering


def registered() -> dict[str, list[object]]:
    """What the handlers register: kind (command, action, view, event) to names."""
    policy = load_policy(ROOT / "budgets.example.yaml").policy
    registry = Registry()
    bot = Bot(policy, cast(Any, None), Slack(WebClient(token="")), {}, {}, utc_now)
    register(cast(App, registry), bot)
    return registry.registered


def test_slack_accepts_the_manifest() -> None:
    """It is valid against Slack's own JSON Schema."""
    if not SCHEMA.exists():
        pytest.skip("Slack's schema of manifests is not beside this project")

    jsonschema.validate(manifest(), json.loads(SCHEMA.read_text()))


def test_the_commands_are_the_registered_ones() -> None:
    """A command that nothing answers, or that nobody can type, is a fault."""
    commands = manifest()["features"]["slash_commands"]

    assert registered()["command"] == [command["command"] for command in commands]
    assert all(command["should_escape"] for command in commands)


def test_the_events_are_the_registered_ones() -> None:
    """Slack sends what is subscribed to, and the bot listens to all of it and to nothing else."""
    settings = manifest()["settings"]
    subscribed = settings.get("event_subscriptions", {}).get("bot_events", [])

    assert sorted(map(str, registered().get("event", []))) == sorted(subscribed)


def test_the_home_tab_is_on_when_something_publishes_it() -> None:
    """An empty Home tab would only confuse; a published one needs the tab."""
    tab = manifest()["features"]["app_home"]["home_tab_enabled"]

    assert ("views_publish" in methods_called()) == tab


def test_every_button_and_form_needs_interactivity() -> None:
    """Buttons and forms are answered, and Slack sends them."""
    assert registered()["action"]
    assert registered()["view"]
    assert manifest()["settings"]["interactivity"]["is_enabled"]


def test_the_scopes_are_those_the_code_uses() -> None:
    """Each scope is needed by a call in the client, and each call has its scope."""
    called = methods_called()
    unknown = called - SCOPES.keys()

    assert set() == unknown
    needed = set[str]().union(*(SCOPES[method] for method in called), {"commands"})
    assert sorted(needed) == manifest()["oauth_config"]["scopes"]["bot"]


@pytest.mark.parametrize("method", sorted(SCOPES))
def test_the_sandbox_asks_for_the_same_scopes(method: str) -> None:
    """The double refuses what Slack would refuse, so a run under it proves something."""
    name = method.replace("users_list", "users.list").replace("_", ".")
    asked = set(METHODS[name].scopes)

    assert asked <= SCOPES[method] or asked & SCOPES[method]


@pytest.fixture
def granted(tmp_path: Path) -> Iterator[Town]:
    """A town whose Slack grants the manifest's scopes and no other."""
    place = Town(tmp_path, f"sqlite:///{tmp_path}/budgets.db", "http", at("2026-11-02 08:00"))
    scopes = manifest()["oauth_config"]["scopes"]["bot"]
    place.slack = SlackSandbox(clock=place.clock, granted_scopes=scopes)
    place._people()
    with place.slack, place.usage, place.gateway:
        place.start_bot()
        try:
            yield place
        finally:
            place.stop_bot()


def test_these_scopes_are_enough(granted: Town) -> None:
    """An alert, a request, a group's approval and a lost answer need no more than the manifest has."""
    dana, tom = granted.person("dana"), granted.person("tom")
    granted.clock.to(at("2026-11-02 11:00"))
    granted.spends("81")
    granted.slack.faults.add("chat.postMessage", "lost_answer")
    granted.goes_to("2026-11-02 11:05")
    granted.clock.to(at("2026-11-02 11:06"))
    granted.settles()

    assert 1 == sum(m.text.startswith("respond:") for m in dana.dms())
    assert "Decided by finance" in tom.types("/budget request search 20 launch week").text
    granted.settles()
    granted.person("fin").presses("request:approve", granted.last_dm("fin"))
    granted.slack.wait_until(lambda: granted.limit_at_gateway() == 120)
    assert ("U0PAT",) == granted.bot.bot.slack.usergroup("S0LEADS")
    refused = [c.method for c in granted.slack.journal if (c.answer or {}).get("error")]
    assert [] == refused


def test_without_a_scope_the_sandbox_refuses() -> None:
    """The run above would fail if a scope were missing."""
    slack = SlackSandbox(granted_scopes=["chat:write"])
    person = slack.add_person("dana@example.com")
    with slack:
        client = Slack(WebClient(token=slack.bot_token, base_url=slack.api_url))
        with pytest.raises(DeliveryError, match="missing_scope"):
            client.person(person.id)
