"""The composition root: the only place that wires things, and starts and stops them."""

import fcntl
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from apscheduler.schedulers.background import BackgroundScheduler
from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient

from bot.clients.slack import DeliveryError, Slack
from bot.clock import Clock, utc_now
from bot.config.settings import Settings
from bot.deliverer import Deliverer, HomeKeeper, Worker
from bot.domain.errors import ConfigError
from bot.domain.policy import Policy
from bot.domain.targets import WEBHOOK
from bot.parts import Bot
from bot.schedule import scheduler
from bot.sources import build_helps, build_sources
from bot.targets import build_queue, build_targets, build_webhook
from bot.web import WebServer, web_app
from handlers import register
from store import migrate
from store.db import Database
from store.outbox import Lane

logger = logging.getLogger(__name__)
SEND_SECONDS = 10
ASK_SECONDS = 2  # somebody waits for an answer that Slack gives three seconds
LISTENERS = 32  # bolt's own five would lose acknowledgements in a burst of clicks


def build(settings: Settings, policy: Policy, clock: Clock = utc_now) -> Bot:
    """Put the parts together, from secrets and policy; nothing runs yet, and nothing is asked."""
    token = settings.require_slack().get_secret_value()
    targets = build_targets(settings, policy)
    return Bot(
        policy=policy.held_at(webhook=WEBHOOK in targets),
        db=open_database(settings),
        slack=Slack(
            _web_client(token, settings.slack_api_url, SEND_SECONDS),
            _web_client(token, settings.slack_api_url, ASK_SECONDS),
        ),
        sources=build_sources(settings, policy.sources),
        helps=build_helps(settings, policy.helps),
        targets=targets,
        queue=build_queue(settings, policy),
        clock=clock,
        push_secrets=tuple(s.get_secret_value() for s in settings.usage_push_secret),
    )


def reader(
    settings: Settings, policy: Policy, clock: Clock = utc_now, *, create: bool = False
) -> Bot:
    """For commands that only need the database, and mostly only look: no token and no key."""
    if not create:
        _check_there(settings)
    targets = build_webhook(settings)
    return Bot(
        policy=policy.held_at(webhook=WEBHOOK in targets),
        db=open_database(settings),
        slack=Slack(_web_client("", settings.slack_api_url, ASK_SECONDS)),
        sources={},
        targets=targets,
        clock=clock,
    )


def _check_there(settings: Settings) -> None:
    """Looking must not make an empty database and call it fine."""
    url = settings.budget_bot_database_url.get_secret_value()
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        raise ConfigError(
            f"BUDGET_BOT_DATABASE_URL: there is no database at {path}; go to its folder, "
            "or let budget-bot run or budget-bot tick make it"
        )


def open_database(settings: Settings) -> Database:
    """The database, brought to the newest revision."""
    key = settings.audit_key
    secret = key.get_secret_value().encode() if key else None
    database = Database(settings.budget_bot_database_url.get_secret_value(), secret)
    migrate.upgrade(database.engine)
    return database


def bolt_app(settings: Settings, bot: Bot) -> App:
    """The bolt App; its clients never post twice by themselves."""
    token = settings.require_slack().get_secret_value()
    secret = settings.slack_signing_secret
    quiet = logging.getLogger("bot.bolt")
    quiet.setLevel(logging.ERROR)  # at INFO bolt logs the bodies it rejects
    app = App(
        logger=quiet,
        client=_web_client(token, settings.slack_api_url, SEND_SECONDS),
        signing_secret=secret.get_secret_value() if secret else "unused-in-socket-mode",
        token_verification_enabled=False,
        listener_executor=ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener"),
    )
    register(app, bot)
    return app


def _web_client(token: str, base_url: str, timeout: int) -> WebClient:
    # slack_sdk's own retry repeats a post whose answer was lost.
    return WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])


@dataclass
class Running:
    """A started bot. `stop` drains: what was begun is finished, the rest waits in the outbox."""

    bot: Bot
    web: WebServer
    _scheduler: BackgroundScheduler
    _workers: list[Worker]
    _socket: SocketModeHandler | None
    _lock: IO[str] | None

    def stop(self) -> None:
        if self._socket is not None:
            # It joins its threads without a time limit, and a lost socket can keep one of them.
            closing = threading.Thread(target=self._socket.close, name="hang-up", daemon=True)
            closing.start()
            closing.join(5)
        self.web.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        for worker in self._workers:
            worker.stop()
        for source in self.bot.sources.values():
            source.close()
        for help_ in self.bot.helps.values():
            help_.close()
        for target in self.bot.targets.values():
            target.close()
        if self.bot.queue is not None:
            self.bot.queue.close()
        self.bot.db.close()
        if self._lock is not None:
            self._lock.close()


def start(
    settings: Settings, policy: Policy, clock: Clock = utc_now, *, scheduled: bool = True
) -> Running:
    """
    Start everything; raises ConfigError when Slack refuses the token or another bot runs.

    The deliverers first: whatever the last run left in the outbox goes out at once. Without
    `scheduled` nothing runs by itself, and whoever started it calls the flows.
    """
    if missing := what_is_missing(settings, policy):
        raise ConfigError(*missing)
    lock = _only_one(settings.budget_bot_database_url.get_secret_value())
    bot = build(settings, policy, clock)
    _check_token(bot)
    workers: list[Worker] = [*(Deliverer(lane) for lane in Lane), HomeKeeper()]
    wakes = [worker.wake for worker in workers]
    bot = replace(bot, wake=lambda: _all(wakes))
    for worker in workers:
        worker.start(bot)
    slack = bolt_app(settings, bot)
    socket = None
    secret = settings.slack_signing_secret
    if settings.slack_app_token is not None:
        socket = SocketModeHandler(slack, settings.slack_app_token.get_secret_value())
        socket.connect()  # type: ignore[no-untyped-call]
    planned = scheduler(bot)
    http = settings.budget_bot_http
    web = WebServer(
        web_app(
            bot,
            slack if secret else None,
            secret.get_secret_value() if secret else None,
            lambda: bool(planned.running),
        ),
        http.host,
        http.port,
    )
    try:
        web.start()
    except OSError as error:
        raise ConfigError(f"BUDGET_BOT_HTTP: {error}; choose another host:port") from None
    if scheduled:
        planned.start()
    return Running(bot, web, planned, workers, socket, lock)


def what_is_missing(settings: Settings, policy: Policy) -> list[str]:
    """Everything that the bot needs and nobody has set, a line each."""

    def sources() -> None:
        for source in build_sources(settings, policy.sources).values():
            source.close()
        for help_ in build_helps(settings, policy.helps).values():
            help_.close()

    def targets() -> None:
        for target in build_targets(settings, policy).values():
            target.close()

    def queue() -> None:
        if (made := build_queue(settings, policy)) is not None:
            made.close()

    missing: list[str] = []
    for required in (settings.require_slack, lambda: settings.slack_mode, sources, targets, queue):
        try:
            required()
        except ConfigError as error:
            missing += error.lines
    return list(dict.fromkeys(missing))


def _check_token(bot: Bot) -> None:
    try:
        identity = bot.slack.identity()
    except DeliveryError as error:
        if error.permanent:
            raise ConfigError(f"SLACK_BOT_TOKEN: {error}") from None
        logger.warning("Slack does not answer", extra={"action": "slack_down", "error": str(error)})
        return
    logger.info("Slack answers", extra={"action": "slack_ready", "team": identity.get("team")})


def _only_one(database_url: str) -> IO[str] | None:
    """SQLite is for one process: a second bot on the same file is refused."""
    if not database_url.startswith("sqlite:///"):
        return None
    path = Path(f"{database_url.removeprefix('sqlite:///')}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise ConfigError(
            f"{path}: another budget-bot runs on this database; stop it first, "
            "or use PostgreSQL for several"
        ) from None
    return handle


def _all(calls: list[Callable[[], Any]]) -> None:
    for call in calls:
        call()
