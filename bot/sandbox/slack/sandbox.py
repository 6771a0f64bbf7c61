"""The sandbox as a whole: a Slack workspace with its server, driven from Python."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from starlette.routing import BaseRoute

from bot.clock import Clock, utc_now
from bot.sandbox.slack import waiting
from bot.sandbox.slack.accounts import BOT_USER, Account, Kind
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.control import control_routes
from bot.sandbox.slack.envelopes import Ack, Envelope, Line
from bot.sandbox.slack.errors import SandboxError
from bot.sandbox.slack.events import RETRY_DELAYS, Events
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.http_line import HttpLine
from bot.sandbox.slack.journal import Call, Delivered
from bot.sandbox.slack.limits import RateLimits
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods.method import Settings
from bot.sandbox.slack.people import Person
from bot.sandbox.slack.routes import slack_routes
from bot.sandbox.slack.server import Loop, Server
from bot.sandbox.slack.snapshot import snapshot
from bot.sandbox.slack.socket_line import SocketLine
from bot.sandbox.slack.views import View
from bot.sandbox.slack.waiting import Found
from bot.sandbox.slack.webapi import Tokens, WebApi
from bot.sandbox.slack.workspace import Workspace


class SlackSandbox:
    """A local Slack. Empty at first but for the bot; fill it, start it, point the app at it."""

    def __init__(
        self,
        clock: Clock = utc_now,
        *,
        strict: bool = True,
        granted_scopes: Iterable[str] | None = None,
        home_tab: bool = True,
        messages_tab: bool = True,
        should_escape: bool = True,
        subscriptions: Iterable[str] = ("app_home_opened",),
        ack_seconds: float = 3.0,
        socket_patience: float = 5.0,
        rate_limits: bool = False,
        event_retry_delays: tuple[float, ...] = RETRY_DELAYS,
        monotonic: Callable[[], float] = time.monotonic,
        bot_token: str | None = None,
        app_token: str | None = None,
        signing_secret: str | None = None,
        extra_routes: Sequence[BaseRoute] = (),
    ) -> None:
        self.workspace = Workspace(clock, monotonic)
        self.strict = strict
        self.should_escape = should_escape
        self.subscriptions = frozenset(subscriptions)
        self.ack_seconds = ack_seconds
        self.bot_token = bot_token or f"xoxb-sandbox-{secrets.token_hex(8)}"
        self.app_token = app_token or f"xapp-1-sandbox-{secrets.token_hex(8)}"
        self.signing_secret = signing_secret or secrets.token_hex(16)
        self.faults = Faults()
        self.events = Events(self.deliver, event_retry_delays)
        self.deliveries: list[Delivered] = []
        self.socket = SocketLine(self.workspace.touch, socket_patience)
        scopes = None if granted_scopes is None else frozenset(granted_scopes)
        self._api = WebApi(
            self.workspace,
            Settings(strict, home_tab, messages_tab, scopes),
            Tokens(self.bot_token, self.app_token),
            self.faults,
            self._socket_url,
            RateLimits(monotonic) if rate_limits else None,
        )
        self._http: HttpLine | None = None
        routes = [
            *slack_routes(self.workspace, self._api, self.socket, strict),
            *control_routes(self),
            *extra_routes,
        ]
        self._server = Server(routes, self._on_loop)

    # -- filling it ---------------------------------------------------------------------------

    def add_person(
        self,
        email: str,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - the word Slack uses
        kind: Kind = "member",
        tz: str = "Europe/Berlin",
        tz_offset: int = 3600,
    ) -> Person:
        w = self.workspace
        shown = name or email.partition("@")[0].replace(".", " ").title()
        account = Account(id or w.new_id("U"), email, shown, kind, tz, tz_offset)
        with w.lock:
            if account.id in w.accounts:
                raise SandboxError(f"{account.id} is taken")
            w.accounts[account.id] = account
            w.touch()
        return Person(self, account)

    def deactivate(self, key: str | Person) -> None:
        """The person leaves: their account stays, deactivated."""
        self._replace_kind(key, "deactivated")

    def reactivate(self, key: str | Person) -> None:
        self._replace_kind(key, "member")

    def _replace_kind(self, key: str | Person, kind: Kind) -> None:
        w = self.workspace
        with w.lock:
            old = w.account(key if isinstance(key, str) else key.id)
            w.accounts[old.id] = Account(old.id, old.email, old.name, kind, old.tz, old.tz_offset)
            w.touch()

    def add_channel(
        self,
        name: str,
        members: Iterable[str | Person] = (),
        bot_member: bool = True,
        *,
        private: bool = False,
        archived: bool = False,
        id: str | None = None,  # noqa: A002 - the word Slack uses
    ) -> Channel:
        w = self.workspace
        ids = [self._id_of(member) for member in members] + ([BOT_USER] if bot_member else [])
        with w.lock:
            channel = Channel(id or w.new_id("C"), name.removeprefix("#"), ids, private, archived)
            w.channels[channel.id] = channel
            w.touch()
        return channel

    def add_usergroup(self, id: str, name: str, members: Iterable[str | Person]) -> None:  # noqa: A002
        with self.workspace.lock:
            self.workspace.usergroups[id] = [self._id_of(member) for member in members]
            self.workspace.usergroup_names[id] = name

    def _id_of(self, member: str | Person) -> str:
        return member.id if isinstance(member, Person) else self.workspace.account(member).id

    # -- running it ---------------------------------------------------------------------------

    def start(self, port: int = 0) -> Self:
        self._api.stopping.clear()
        self._server.start(port)
        self.workspace.base_url = self.url
        return self

    def stop(self) -> None:
        self._api.stopping.set()
        self.workspace.touch()
        self.events.stop()
        self.socket.close()
        self._server.stop()
        self.deliver_to(None)

    def __enter__(self) -> Self:
        return self if self._server.running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def response_url(self, token: str) -> str:
        return f"{self.url}/response/{token}"

    def _socket_url(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}/socket/{self.socket.new_ticket()}"

    def _on_loop(self, loop: Loop) -> None:
        self.socket.loop = loop

    # -- reaching the app ---------------------------------------------------------------------

    def deliver_to(self, url: str | None) -> None:
        """HTTP mode with the app's /slack/events address; None goes back to Socket Mode."""
        if self._http is not None:
            self._http.close()
        self._http = None if url is None else HttpLine(url, self.signing_secret)

    def wait_for_socket(self, timeout: float = 10) -> None:
        if not self.socket.wait_for_socket(timeout):
            raise TimeoutError(f"no socket was opened within {timeout} s")

    def deliver(self, envelope: Envelope) -> Ack:
        """Hand a payload to the app and take the time until its ack."""
        line: Line = self._http or self.socket
        started = time.monotonic()
        ack = line.send(envelope, self.ack_seconds)
        seconds = time.monotonic() - started
        with self.workspace.lock:
            self.deliveries.append(
                Delivered(
                    envelope.kind, envelope.payload, ack.status, ack.timed_out, seconds, utc_now()
                )
            )
        return ack

    # -- looking at it ------------------------------------------------------------------------

    def person(self, key: str) -> Person:
        """By e-mail address or id."""
        return Person(self, self.workspace.account(key))

    def people(self) -> list[Person]:
        with self.workspace.lock:
            return [Person(self, a) for a in self.workspace.accounts.values() if a.id != BOT_USER]

    def channel(self, key: str) -> Channel:
        """By id, `#name` or name."""
        return self.workspace.channel(key)

    def message(self, channel: str, ts: str) -> Message:
        """One message, ephemeral ones too, as it stands now."""
        with self.workspace.lock:
            room = self.channel(channel)
            hidden = (m for m in self.workspace.ephemerals if m.channel == room.id and m.ts == ts)
            found = room.find(ts) or next(hidden, None)
        if found is None:
            raise SandboxError(f"no message {ts} in {channel}")
        return found

    def view_of(self, view_id: str) -> View:
        with self.workspace.lock:
            stacks = self.workspace.stacks.values()
            views = [view for stack in stacks for view in stack]
            views += self.workspace.homes.values()
        for view in views:
            if view.id == view_id:
                return view
        raise SandboxError(f"no view {view_id} is open")

    @property
    def journal(self) -> list[Call]:
        with self.workspace.lock:
            return list(self._api.journal)

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.journal if call.method == method]

    @property
    def version(self) -> int:
        return self.workspace.version

    def state(self) -> Json:
        return snapshot(self.workspace)

    def wait_for_version(self, seen: int, timeout: float) -> int:
        return waiting.wait_for_version(self.workspace, seen, timeout, self._api.stopping.is_set)

    def wait_until(self, predicate: Callable[[], Found | None], timeout: float = 10) -> Found:
        """What `predicate` returns once it is true; asked again after each change, and often."""
        return waiting.wait_until(self.workspace, predicate, timeout, self._last_calls)

    def _last_calls(self) -> str:
        return ", ".join(f"{call.method} {call.status}" for call in self.journal[-5:]) or "none"
