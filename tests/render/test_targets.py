"""Targets in words: accepted is not confirmed, and what others wrote cannot break a message."""

from datetime import timedelta

import pytest

from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, WEBHOOK
from bot.render.target_notice import as_wanted, down, drifted, edited, up
from bot.render.targets import Follower, notes, on_its_way, standing_lines, waited_for
from bot.sandbox.slack.checks import message_problems
from tests.domain.values import NEW_YORK, NOW

LIMIT = "new limit of $150, until Tue 1 Dec 00:00"
HOOK, LITE, FLOW = Follower(WEBHOOK), Follower(LITELLM), Follower(MLFLOW)


@pytest.mark.parametrize(
    ("followers", "said"),
    [
        ([HOOK], f"The {LIMIT}, is on its way to the enforcement target."),
        ([LITE], f"The {LIMIT}, is on its way to LiteLLM."),
        ([HOOK, LITE, FLOW], f"The {LIMIT}, is on its way to the webhook, LiteLLM and MLflow."),
        (
            [Follower(WEBHOOK, accepted=True)],
            f"The enforcement target has accepted the {LIMIT}, and has not confirmed it yet.",
        ),
        (
            [Follower(WEBHOOK, accepted=True), Follower(LITELLM, accepted=True)],
            f"The webhook and LiteLLM have accepted the {LIMIT}, and have not confirmed it yet.",
        ),
        (
            [Follower(WEBHOOK, confirmed=True), LITE, Follower(MLFLOW, accepted=True)],
            f"The {LIMIT}: the webhook has confirmed it; it is on its way to LiteLLM; MLflow has "
            "accepted it and not confirmed it yet.",
        ),
        (
            [Follower(LITELLM, silent_since=NOW)],
            f"The {LIMIT}: LiteLLM has not answered since 09:00.",
        ),
        (
            [Follower(WEBHOOK, confirmed=True), Follower(LITELLM, edited="max_budget is 20")],
            f"The {LIMIT}: the webhook has confirmed it; LiteLLM was left as it is, because "
            "somebody else changed it there.",
        ),
        (
            [Follower(ANTHROPIC, refused="403")],
            f"The {LIMIT}: Anthropic has refused it, and the operators were told.",
        ),
    ],
)
def test_a_limit_on_its_way_names_who_has_come_how_far(
    followers: list[Follower], said: str
) -> None:
    """A target that is alone needs no list; accepted and confirmed are never the same word."""
    assert said == on_its_way(LIMIT, followers, NEW_YORK)


@pytest.mark.parametrize(
    ("followers", "said"),
    [
        ([HOOK], "waiting for the enforcement target to confirm"),
        ([HOOK, LITE], "waiting for the webhook and LiteLLM to confirm"),
        ([Follower(LITELLM, confirmed=True), HOOK], "waiting for the webhook to confirm"),
        (
            [HOOK, Follower(LITELLM, silent_since=NOW)],
            "waiting for the webhook and LiteLLM to confirm; LiteLLM has not answered since 09:00",
        ),
    ],
)
def test_an_end_names_who_is_waited_for(followers: list[Follower], said: str) -> None:
    """Those who have confirmed that an exception is over are not."""
    assert said == waited_for(followers, NEW_YORK)


def test_a_status_has_a_line_for_each_target_that_does_not_hold_the_limit() -> None:
    """And none for one that does."""
    followers = [
        Follower(WEBHOOK, confirmed=True, accepted=True),
        Follower(LITELLM, accepted=True),
        Follower(MLFLOW, edited="budget_amount is 20, expected 150"),
        Follower(ANTHROPIC, silent_since=NOW),
    ]
    expected = [
        "LiteLLM has accepted this limit and has not confirmed it yet",
        "MLflow holds something else: budget_amount is 20, expected 150",
        "Anthropic has not answered since 09:00",
    ]

    assert expected == standing_lines(followers, NEW_YORK)
    assert [] == standing_lines(followers[:1], NEW_YORK)
    assert ["LiteLLM has not confirmed this limit yet"] == standing_lines([LITE], NEW_YORK)


def test_notes_stand_behind_what_is_done() -> None:
    """With the name of the target that they are about."""
    followers = [HOOK, Follower(LITELLM, note="other replicas may need a minute")]

    assert " (LiteLLM: other replicas may need a minute)" == notes(followers)
    assert "" == notes([HOOK])


@pytest.mark.parametrize("foreign", ["<!channel> & <@U0DANA>", "x" * 5000, "two\nlines"])
def test_what_a_target_says_cannot_call_anybody_or_break_a_message(foreign: str) -> None:
    """Errors and values come from elsewhere: they are escaped, cut, and on one line."""
    messages = [
        down(LITELLM, NOW, [foreign[:60]] * 30, foreign, NEW_YORK),
        up(LITELLM, NOW, NOW + timedelta(hours=3), NEW_YORK),
        edited("search", MLFLOW, foreign, 7),
        as_wanted("search", ANTHROPIC),
        drifted("search", WEBHOOK, foreign),
    ]
    for message in messages:
        assert [] == message_problems(message.blocks)
        assert "<!channel>" not in message.text
        assert "<@U0DANA>" not in message.text
        assert 3000 > len(message.text)
    lines = standing_lines([Follower(LITELLM, edited=foreign)], NEW_YORK)
    assert "<" not in lines[0]
