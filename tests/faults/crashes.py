"""Crash points: every statement, commit and HTTP edge of a step, and a process that dies at one."""

import gc
import os
import signal
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event

from bot.parts import Bot

Act = Callable[[Bot], object]


class Fuse:
    """Kills the process that holds it at the n-th point; 0 never does, and counts."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.seen = 0

    def burn(self, *_: object) -> None:
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def lay(self, bot: Bot) -> None:
        """
        Before each statement, before each commit, before and after each HTTP call.

        The moment after a statement is the one before the next point: nothing outside the process
        differs between them.
        """

        def statement(*_: object) -> None:
            self.burn()

        event.listen(bot.db.engine, "before_cursor_execute", statement)
        event.listen(bot.db.engine, "commit", statement)
        self._around(httpx.Client, "send")  # the usage API and the gateway
        self._around(urllib.request.OpenerDirector, "open")  # Slack

    def _around(self, owner: type, name: str) -> None:
        real = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.burn()
            answer = real(*arguments, **named)
            self.burn()
            return answer

        setattr(owner, name, call)


def killed(bot: Bot, act: Act, point: int, said: Path) -> bool:
    """
    Whether a process that does this dies at the point; False when it is done before it comes.

    `bot` must be one that has no open connection: the child makes its own.
    """
    gc.freeze()  # or every child copies the memory of the parent by looking for garbage in it
    child = os.fork()
    if child == 0:
        gc.disable()
        _live_and_die(bot, act, point, said)
    _, status = os.waitpid(child, 0)
    gc.unfreeze()
    if os.WIFSIGNALED(status):
        assert signal.SIGKILL == os.WTERMSIG(status)
        return True
    assert 0 == os.WEXITSTATUS(status), said.read_text()
    return False


def _live_and_die(bot: Bot, act: Act, point: int, said: Path) -> None:
    try:
        fuse = Fuse(point)
        fuse.lay(bot)
        act(bot)
        fuse.burn()  # all is committed, and nobody has heard of it
    except BaseException:  # noqa: BLE001 whatever it is, the parent is told and this process ends
        said.write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)
