"""Commands that run the bot: `run`, `demo`, `migrate`."""

import logging
import signal
import threading
from typing import Annotated

import typer

from bot.app import open_database, start
from bot.cli.context import prepare, start_logging
from bot.config.settings import load_settings

logger = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(demo)
    app.command()(migrate)


def run() -> None:
    """Run the bot until it is stopped; SIGTERM and Ctrl-C drain."""
    settings, policy = prepare()
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    running = start(settings, policy)
    logger.info("running", extra={"action": "started", "mode": settings.slack_mode.value})
    stopped.wait()
    logger.info("stopping", extra={"action": "stopping"})
    running.stop()


def demo(
    port: Annotated[int, typer.Option(help="Where the page is served; 0 takes a free one.")] = 8484,
) -> None:
    """The same bot against a local sandbox: Slack, usage and a gateway, in the browser."""
    # Imported here, because the bot itself never needs the sandbox.
    from bot.sandbox.demo import serve  # noqa: PLC0415

    start_logging("text", "WARNING")
    serve(port)


def migrate() -> None:
    """Bring the database to the newest revision."""
    settings = load_settings()
    start_logging(settings.log_format, settings.log_level)
    database = open_database(settings)
    database.close()
    print("the database is at the newest revision")
