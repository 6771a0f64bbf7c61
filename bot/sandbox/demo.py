"""`make demo`: the unmodified bot in a world of its own, with a page to watch and move it."""

import logging
import signal
import sys
import tempfile
import threading
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.sandbox.world.world import World


def serve(port: int) -> None:
    """Until Ctrl-C or SIGTERM; everything it wrote is gone afterwards."""
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="budget-bot-demo-") as folder:
        world = World(Path(folder))
        try:
            _open(world, port)
            world.start()
            _say(f"The demo runs. Open {world.slack.url}/ in a browser; Ctrl-C ends it.")
            # What a page still waits for in the end is cut off, and that is no error.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            stopped.wait()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends it at once
            world.stop()


def _open(world: World, port: int) -> None:
    try:
        world.open(port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"--port {port}: {reason}; choose another, or 0 for a free one") from None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
