"""A second opinion on blocks from slack_sdk.models and slackblocks, each where it can read them."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SdkBlock
from slackblocks import Block as OtherBlock
from slackblocks.errors import InvalidUsageError

from bot.sandbox.slack.blockkit.schema import Problem

# Both read newer blocks or fields badly: only these are asked about.
READ_BY_SDK = {"section", "header", "context", "actions", "divider", "image", "input", "markdown"}
READ_BY_SLACKBLOCKS = {"section", "header", "context", "divider", "image", "markdown"}


def second_opinions(blocks: list[dict[str, Any]], at: str) -> Iterator[Problem]:
    """Only refusals count: what a library cannot read, it has no opinion on."""
    for index, block in enumerate(blocks):
        yield from _slack_sdk(block, f"{at}/{index}")
        yield from _slackblocks(block, f"{at}/{index}")


def _slack_sdk(block: dict[str, Any], at: str) -> Iterator[Problem]:
    if block["type"] not in READ_BY_SDK:
        return
    logging.getLogger("slack_sdk.models").setLevel(logging.ERROR)
    try:
        parsed = SdkBlock.parse({**block})
        if parsed is not None:
            parsed.to_dict()
    except SlackObjectFormationError as error:
        yield Problem(f"slack_sdk: {error}", at)


def _slackblocks(block: dict[str, Any], at: str) -> Iterator[Problem]:
    if block["type"] not in READ_BY_SLACKBLOCKS:
        return
    with contextlib.suppress(NotImplementedError, KeyError, TypeError, ValueError, AttributeError):
        try:
            OtherBlock.from_dict({**block})
        except InvalidUsageError as error:
            yield Problem(f"slackblocks: {error}", at)
