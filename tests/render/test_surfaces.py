"""Every surface as it is: what is shown, what is read aloud, and that Slack takes it."""

from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View as SdkView
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot.sandbox.slack.checks import block_text_is_too_long, message_problems, view_problems
from tests.render.samples import MESSAGES, MODALS, REASON


@pytest.fixture
def as_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """One file for each surface, so that a change of words is a small difference."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_looks_like_this(name: str, as_json: SnapshotAssertion) -> None:
    """Text and blocks are reviewed as files; a change of them is a change of the product."""
    rendered = MESSAGES[name]()

    assert as_json == {"text": rendered.text, "blocks": rendered.blocks}


@pytest.mark.parametrize("name", MODALS)
def test_a_form_looks_like_this(name: str, as_json: SnapshotAssertion) -> None:
    """The same for forms."""
    assert as_json == MODALS[name]()


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_the_message(name: str) -> None:
    """Checked by Slack's published rules, and by the models of its own SDK."""
    rendered = MESSAGES[name]()

    assert [] == message_problems(rendered.blocks)
    assert not block_text_is_too_long(rendered.blocks)
    assert 0 < len(rendered.text) <= 4_000
    parsed: list[Any] = Block.parse_all(rendered.blocks)
    assert len(rendered.blocks) == len([block.to_dict() for block in parsed])


@pytest.mark.parametrize("name", MODALS)
def test_slack_takes_the_form(name: str) -> None:
    """As for messages; an input needs a submit button."""
    view = MODALS[name]()

    assert [] == view_problems(view)
    SdkView(**view).validate_json()


@pytest.mark.parametrize("name", MESSAGES)
def test_every_button_speaks_for_itself(name: str) -> None:
    """Read aloud it says what it is about, and its value is an id: no person, no amount."""
    for block in MESSAGES[name]().blocks:
        for button in block.get("elements", []) if block["type"] == "actions" else []:
            assert button["accessibility_label"]
            assert button["value"] in {"7", "42", "42.1", "42.2", "search"}


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith("alert")])
def test_an_alert_says_everything_in_its_text(name: str) -> None:
    """Screen readers read only that: stage, amounts, per cent, as of when, what is asked for."""
    text = MESSAGES[name]().text
    asks = "Please say what you will do by " in text or "Please have a look by " in text
    asks = asks or "Please act now by " in text or "Please say what happens now by " in text
    settled = {"on it", "planned", "asked for more", "judged", "replaced"}

    assert text.startswith(("look: ", "respond: ", "intervene: ", "exhausted: "))
    for part in ("Search ranking", "$", " of $1", " %)", "as of Mon 23 Nov 08:00", "net of"):
        assert part in text
    assert asks == (name.removeprefix("alert ") not in settled)
    assert asks or "<@U0DANA>" in text or "Replaced by the newer alert" in text


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("alert look", ["look:", "$51 of $100 (51 %)", "Please have a look by Wed 25 Nov 09:00"]),
        ("alert respond", ["Please say what you will do by Mon 23 Nov 17:00"]),
        ("alert intervene", ["Please act now by Mon 23 Nov 10:00", "usage is blocked"]),
        ("alert exhausted", ["exhausted:", "(104 %)", "The limit is reached"]),
        ("alert in its grace", ["Usage is blocked from Mon 23 Nov 11:00 on. Please say what"]),
        ("alert in a grace longer than the period", ["Nothing is cut before the period is over."]),
        ("alert held off", ["from Mon 23 Nov 13:00 on. <@U0DANA> has held it off once."]),
        ("alert after its grace", ["Usage is blocked since Mon 23 Nov 11:00."]),
        ("alert before a grace", ["At the limit usage is blocked, 2h after the limit is reached."]),
        ("grace is over", ["the time to act is over, so usage is blocked from now on"]),
        ("grace is ended", ["<@U0LEE> did not want to wait, so usage is blocked from now on"]),
        ("grace is held off", ["<@U0DANA> holds the response off, once, until Mon 23 Nov 13:00"]),
        (
            "alert under an exception",
            ["$96 of $150 (64 %)", "The limit includes $50 of exceptions"],
        ),
        ("alert on it", ["<@U0DANA> is on it", "“moving the reranker to Haiku”"]),
        ("alert on it", ["(Mon 23 Nov 10:00), until Tue 24 Nov 09:00."]),
        ("alert planned", ["says this is planned (Mon 23 Nov 10:00), until the end of Fri 27 Nov"]),
        ("alert judged", ["👎 noise, says <@U0DANA>."]),
        ("alert replaced", ["Replaced by the newer alert: intervene, Tue 24 Nov 09:00."]),
        ("settled and replaced", ["is on it", "👍 useful", "newer alert for Reranker: intervene"]),
        ("reminder", ["Reminder: no answer since Mon 23 Nov 09:00. Now $85 of $100", "the backup"]),
        ("reminder of the backup", ["For you as the backup: dana@example.com has been asked"]),
        ("reminder of the approvers", ["dana@example.com and lee@example.com have been asked"]),
        ("reminder in the channel", ["Nobody has answered: dana@example.com and lee@example.com"]),
        ("reminder after a term", ["until Tue 24 Nov 09:00; that is over, and the stage is still"]),
        ("delegated", ["For <@U0DANA>, who is away until the end of Fri 27 Nov: respond: Search"]),
        ("delegation", ["Until the end of Fri 27 Nov your alerts go to <@U0LEE>"]),
        ("request pending", ["<@U0TOM> asks for $50 more", "Decided by finance", "Reason: launch"]),
        ("request with one of two votes", ["finance and leads together", "so far by <@U0FIN>"]),
        ("request with a smaller vote", ["for $30 until Wed 25 Nov 09:00; the smallest amount"]),
        ("digest of a broken glass", ["Break-glass, for review: #42 Search ranking: $30 until"]),
        ("digest of a broken glass", ["#42 Search ranking $30: break-glass by <@U0DANA>, see"]),
        ("request from the reserve", ["come from the reserve: $52,000 of $60,000 left."]),
        ("break-glass", ["<@U0DANA> has broken the glass", "on their word alone", REASON]),
        ("break-glass", ["Granted by <@U0DANA> to themselves on Mon 23 Nov 10:00."]),
        ("request changed", ["Changed Mon 23 Nov 10:00: was $30 until Wed 25 Nov 09:00."]),
        ("request that is not yours any more", ["decided by finance now, so there is nothing"]),
        ("receipt of what was changed", ["was $30 until Wed 25 Nov 09:00. Decided by finance."]),
        ("request with a question", ["1 question, not answered yet."]),
        ("request with answers", ["2 questions, answered."]),
        ("request of a transfer", ["come from Growth", "finance, and the owner of Growth"]),
        (
            "request reminded",
            ["Reminder: nobody has decided yet", "next reminder comes Mon 23 Nov"],
        ),
        ("request granted in part", ["$30 of the $50 asked for, until Wed 25 Nov 09:00 instead"]),
        ("note of a transfer", ["Growth has $30 less until Wed 25 Nov 09:00"]),
        ("last reminder in the thread", ["one more approval is needed", "the last reminder"]),
        ("question for the requester", ["<@U0FIN> asks about your", "how much of it is the batch"]),
        ("answer to a question", ["<@U0TOM> answers <@U0FIN>", "Two of three."]),
        ("request confirmed", ["Approved by <@U0FIN>", "Limit lifted to $150 ✓ 10:00"]),
        ("request denied", ["Denied by <@U0FIN>", "Reason given: batch it instead"]),
        ("request expired", ["Expired on Mon 23 Nov 10:00: nobody decided in time"]),
        ("status blind", ["as of Mon 23 Nov 00:00, blind since Mon 23 Nov 06:00"]),
        ("status", ["Search ranking (search): $120 of $100 (120 %), exhausted"]),
        ("status of one", ["Platform binds first: $10 left of $1,000", "#42 for $20 is open"]),
        ("digest", ["$412.80 in the week, +37 % on", "Unattributed: $41.30 of $1,012.80"]),
        ("blind", ["Blind since Mon 23 Nov 09:00", "HTTP 503", "nobody is cut off"]),
        ("help for a word", ["I don't know “stauts”. Did you mean `/budget status`?"]),
    ],
)
def test_the_text_alone_says_it(name: str, parts: list[str]) -> None:
    """What stands in the blocks stands in the text."""
    text = MESSAGES[name]().text

    assert [] == [part for part in parts if part not in text]
