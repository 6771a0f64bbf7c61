"""A part of a poll that may fail without failing the poll."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clients.usage.errors import SourceError, SourceRefused

_AFTER_REFUSAL = timedelta(hours=1)  # somebody has to change something first
_AFTER_TROUBLE = timedelta(minutes=5)
_Made = TypeVar("_Made")
logger = logging.getLogger(__name__)


class Extra:
    """Its first failure is told; it is tried again after a while, not on each poll."""

    def __init__(self, source: str, what: str) -> None:
        self._source = source
        self._what = what
        self._paused_until: datetime | None = None
        self._told = False

    def attempt(self, now: datetime, work: Callable[[], _Made]) -> _Made | None:
        """What the work makes; None when it failed or has failed a short while ago."""
        if self._paused_until is not None and now < self._paused_until:
            return None
        try:
            made = work()
        except SourceError as error:
            refused = isinstance(error, SourceRefused)
            self._pause(now + (_AFTER_REFUSAL if refused else _AFTER_TROUBLE), str(error))
            return None
        except Exception as error:
            logger.exception(
                "a part of the source failed",
                extra={"action": "source_extra_failed", "source": self._source},
            )
            self._pause(now + _AFTER_REFUSAL, type(error).__name__)
            return None
        self._paused_until, self._told = None, False
        return made

    def _pause(self, until: datetime, why: str) -> None:
        self._paused_until = until
        if not self._told:
            logger.warning(
                "%s is left out for now: %s",
                self._what,
                why,
                extra={"action": "source_extra_paused", "source": self._source},
            )
        self._told = True
