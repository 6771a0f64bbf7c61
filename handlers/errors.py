"""Errors: told to the person in words, to the log in full, and never to Slack as a failure."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slack_bolt import BoltResponse

from bot.domain.errors import UserError

logger = logging.getLogger(__name__)
SORRY = (
    "Something went wrong on our side, so this may not have worked. Please look, and try again in "
    "a minute; the operators find the reason in the log."
)

Tell = Callable[[str], object]


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """
    Around everything that comes after `ack()`: an exception that leaves a listener then would take
    the acknowledgement with it.
    """
    try:
        yield
    except UserError as error:
        _tell(tell, error.text)
    except Exception:
        logger.exception("listener failed", extra={"action": "listener_failed"})
        _tell(tell, SORRY)


def answer(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """
    What was not caught anywhere else; Slack gets a 200, because it would show an error otherwise.

    A form stays open with what was written in it, and says so beside its first field: with any
    other answer it would close as if all was well.
    """
    logger.error("listener failed", exc_info=error, extra={"action": "listener_failed"})
    if body.get("type") == "view_submission":
        field = _first_field(body)
        if field is not None:
            errors = {"response_action": "errors", "errors": {field: SORRY}}
            return BoltResponse(status=200, body=errors)
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": SORRY})


def _first_field(body: Mapping[str, Any]) -> str | None:
    try:
        blocks = [block for block in body["view"]["blocks"] if block["type"] == "input"]
        return str(blocks[0]["block_id"])
    except (LookupError, TypeError):
        return None  # nothing that Slack would send


def _tell(tell: Tell, text: str) -> None:
    try:
        tell(text)
    except Exception:
        logger.exception("could not answer", extra={"action": "answer_failed"})
