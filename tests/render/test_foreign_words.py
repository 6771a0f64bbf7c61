"""Other people's words: never a mention, a link or a style of ours, and never too long."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Answer, AnswerKind
from bot.domain.budgets import Budget, Stage
from bot.domain.money import micros
from bot.domain.overages import RequestState
from bot.domain.policy import Basis
from bot.domain.standings import Freshness
from bot.render import notice
from bot.render.alert import alert_message
from bot.render.answer import Replaced, Shown
from bot.render.blocks import Rendered, escape, fewer, fitting, one_line, people, person
from bot.render.card import deciders_text
from bot.render.decision_modals import adjust_modal, deny_modal, question_modal
from bot.render.decision_modals import answer_modal as request_answer_modal
from bot.render.decision_notes import donor_note, no_longer_yours, nobody_note, reminder_note
from bot.render.digest import digest_message
from bot.render.glass import glass_modal
from bot.render.modals import View, answer_modal
from bot.render.outcome import raise_note, requester_note
from bot.render.overage_modal import Filled, overage_modal
from bot.render.preview import preview_text
from bot.render.question import (
    answer_note,
    question_answered,
    question_for_requester,
    question_note,
)
from bot.render.request import receipt, request_card
from bot.render.status import help_message, plain, status_detail, status_list
from bot.sandbox.slack.checks import block_text_is_too_long, message_problems, view_problems
from tests.domain.values import BUDGET, HOUR, NEW_YORK, NOW, STALE, UNLIMITED, standing
from tests.render.increase_samples import increase_messages, increase_views
from tests.render.samples import (
    CONFIRMED,
    card,
    detail,
    digest,
    figures,
    previewed,
    progress,
    request,
    some,
)

HOSTILE = [
    "<!channel> <!here> <!everyone>",
    "<@U1> approved <@W2>",
    "<!subteam^S1> <#C1>",
    "<https://evil.example.com|the dashboard>",
    "*bold* _italic_ ~gone~",
    "`code` ```block```",
    "> quoted\n• listed",
    "first line\nApproved by <@U0FIN>.\r\n\u2028third",
    "& &amp; &lt;!channel&gt;",
    "😀 :smile: 👩‍👩‍👧‍👦",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    "\x00\x07 control",
    "@everyone @dana #general",
    "x" * 3_500,
    "<" * 3_500,
    "😀" * 3_500,
]
# Nothing of ours in the samples mentions anybody but these.
OWN = re.compile(r"<@U0(TOM|FIN|DANA|PAT)>")
MARKUP = re.compile(r"<[@!#]|<https?:|<mailto:")


def budget_called(name: str) -> Budget:
    """A budget with that name; the policy file takes 200 characters."""
    return replace(BUDGET, name=name[:200])


def messages(words: str) -> Iterator[Rendered]:
    """Every message, with those words wherever somebody can put words of their own."""
    name = words[:200]
    budget = budget_called(words)
    s = standing("96", budget=budget)
    model = [(name, micros("80"))]
    note = Shown(Answer(AnswerKind.ON_IT, "U0DANA", NOW, words))
    newer = Shown(replaced=Replaced(Stage.EXHAUSTED, NOW, words))
    denied = card(RequestState.DENIED, name=name, reason=words, decision_reason=words)
    approved = card(RequestState.APPROVED, CONFIRMED, name=name, reason=words)
    blind = replace(STALE, as_of=None, reason=words)
    yield alert_message(7, figures("96", budget=budget))
    yield alert_message(7, figures("96", budget=budget), note)
    yield alert_message(7, figures("96", budget=budget), newer)
    yield request_card(card(name=name, reason=words, lists=(name,), votes=("U0FIN",)))
    yield request_card(denied)
    yield request_card(approved)
    giving = card(name=name, reason=words, donor=name, votes=("U0FIN",), questions=2)
    yield request_card(giving)
    yield request_card(giving, for_donor=True)
    yield from (donor_note(giving), nobody_note(giving), reminder_note(giving, None))
    yield no_longer_yours(giving)
    yield question_note(request(), "U0FIN", words)
    yield question_for_requester(request(), name, 7, "U0FIN", words)
    yield answer_note(request(), "U0FIN", words, words)
    yield question_answered(request(), "U0FIN", words, words)
    yield requester_note(denied)
    yield receipt(card(name=name, lists=(name, "leads"), both=True))
    yield raise_note(approved, lifted=True)
    yield raise_note(card(RequestState.APPROVED, progress(target=False), name=name), lifted=False)
    yield status_list([s, *some()], blind, Basis.NET, NEW_YORK, f"{name}: all budgets")
    yield status_detail(
        detail(standing=replace(s, freshness=blind), binding=some()[1], models=model), Basis.NET
    )
    yield status_detail(detail(binding=standing("99", budget=budget)), Basis.NET)
    yield help_message("/budget", words, "status")
    yield digest_message(digest(organization=name, standings=[s, *some()], freshness=blind))
    yield notice.blind(name, NOW, words, NEW_YORK)
    yield notice.sees_again(name, NOW, NOW + HOUR, NEW_YORK)
    yield notice.undelivered(3, name, name, words)
    yield from increase_messages(words)


def views(words: str) -> Iterator[View]:
    """Every form, likewise."""
    budget = budget_called(words)
    filled = Filled(words, "", date(2026, 11, 30))
    shown = preview_text(replace(previewed(), wrong=words))
    yield overage_modal([budget, BUDGET], budget, filled, words[:300], shown)
    yield deny_modal("42.1 C024BE91L", f"Request #42: $50 more for {words[:200]}.")
    yield glass_modal("search", words, "$10", 24)
    yield adjust_modal("42.1", words[:200], "$50", date(2026, 11, 30))
    yield from (question_modal("42.1", words), request_answer_modal(7, words))
    yield answer_modal(7, "What will you do?")
    yield from increase_views(words)


def mrkdwn_of(part: Any) -> Iterator[str]:
    """Every text in which Slack reads mentions, links and styles."""
    if isinstance(part, list):
        for entry in part:
            yield from mrkdwn_of(entry)
    elif isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            assert part["verbatim"] is True
            yield part["text"]
        for entry in part.values():
            yield from mrkdwn_of(entry)


def markup_in(texts: list[str]) -> list[str]:
    """The texts with a mention or a link in them that is not ours."""
    return [t for t in (OWN.sub("", text) for text in texts) if MARKUP.search(t)]


@pytest.mark.parametrize("words", HOSTILE)
def test_foreign_words_mention_and_link_nothing(words: str) -> None:
    """Neither in the blocks nor in the text that notifications are made of."""
    for message in messages(words):
        assert [] == markup_in([message.text, *mrkdwn_of(message.blocks)])
    for view in views(words):
        assert [] == markup_in(list(mrkdwn_of(view)))


@pytest.mark.parametrize("words", HOSTILE)
def test_slack_takes_foreign_words_of_any_length(words: str) -> None:
    """A long name or reason is cut; it never keeps a message from being sent."""
    for message in messages(words):
        assert [] == message_problems(message.blocks)
        assert not block_text_is_too_long(message.blocks)
        assert len(message.text) < 12_000
    for view in views(words):
        assert [] == view_problems(view)


@given(st.text(max_size=400))
def test_whatever_is_written_a_card_can_be_sent(words: str) -> None:
    """Any characters in name and reason: the card stays one that Slack takes."""
    name = words or "x"
    shown = request_card(card(name=name[:200], reason=name))

    assert [] == message_problems(shown.blocks)
    assert [] == markup_in([shown.text, *mrkdwn_of(shown.blocks)])


def test_a_reason_is_shown_as_it_was_written() -> None:
    """In plain text, whole and with its lines: approvers decide on it."""
    reason = "*launch* of <b>\n- twice the traffic & more"
    shown = request_card(card(reason=reason))
    (block,) = [b for b in shown.blocks if b["block_id"] == "reason"]

    assert ("plain_text", f"Reason: {reason}") == (block["text"]["type"], block["text"]["text"])
    assert "Reason: *launch* of &lt;b&gt; - twice the traffic &amp; more." in shown.text


def test_the_help_survives_a_long_word() -> None:
    """What can be typed is still there when somebody pastes a page."""
    (block,) = help_message("/budget", "y" * 5_000).blocks

    assert "`/budget help` this text" in block["text"]["text"]


@pytest.mark.parametrize(
    ("ref", "shown"),
    [
        ("U0DANA", "<@U0DANA>"),
        ("W012A3CDE", "<@W012A3CDE>"),
        ("dana@example.com", "dana@example.com"),
        ("U0<script>", "U0&lt;script&gt;"),
        ("U0DANA> <!channel", "U0DANA&gt; &lt;!channel"),
        ("", ""),
    ],
)
def test_only_an_id_becomes_a_mention(ref: str, shown: str) -> None:
    """Whatever else stands where a person should stand is shown as it is."""
    assert shown == person(ref)


@pytest.mark.parametrize(
    ("refs", "shown"),
    [
        ([], "nobody"),
        (["U1"], "<@U1>"),
        (["U1", "U2"], "<@U1> and <@U2>"),
        (["U1", "U2", "a@b.c"], "<@U1>, <@U2> and a@b.c"),
    ],
)
def test_people_are_listed_as_in_a_sentence(refs: list[str], shown: str) -> None:
    """With commas, and an "and" before the last."""
    assert shown == people(refs)


@given(st.text())
def test_one_line_is_one_line_without_markup(words: str) -> None:
    """No line break, no angle bracket, no longer than asked, entities whole."""
    line = one_line(words, 50)

    assert "\n" not in line
    assert not set("<>") & set(line)
    assert re.fullmatch(r"(?:[^&<>]|&amp;|&lt;|&gt;){0,50}", line)
    assert escape(" ".join(words.split())) == line or line.endswith("…")


def test_escaping_twice_shows_what_was_written() -> None:
    """The ampersand first: an entity somebody typed stays the text it is."""
    assert "&amp;lt;!channel&amp;gt; &lt;" == escape("&lt;!channel&gt; <")


@pytest.mark.parametrize(
    ("lists", "both", "text"),
    [
        (("owner",), False, "the owner"),
        (("finance", "leads"), False, "finance or leads"),
        (("finance", "leads"), True, "finance and leads together"),
        (("<!here>",), False, "&lt;!here&gt;"),
    ],
)
def test_who_decides_is_said_in_words(lists: tuple[str, ...], both: bool, text: str) -> None:
    """A list is called what the policy calls it."""
    assert text == deciders_text(lists, both)


# Many of everything.

LONG = "A name of a budget that goes on & on, as names of squads and products <tend> to do, " * 2
MANY = [
    standing(str(n), budget=replace(BUDGET, id=f"budget-{n:03}", name=f"{LONG[:190]} {n:03}"))  # type: ignore[arg-type]
    for n in range(200)
]
ASKED = [request(id=n) for n in range(200)]
DECIDED = [
    request(RequestState.APPROVED, id=n, granted=micros("50"), decided_by=("U0FIN", "U0PAT"))
    for n in range(200)
]


def blocks_length(message: Rendered) -> int:
    """The characters Slack counts."""
    return sum(
        len(text)
        for text in re.findall(
            r'"text": "((?:[^"\\]|\\.)*)"', json.dumps(message.blocks, ensure_ascii=False)
        )
    )


@pytest.mark.parametrize(
    "many",
    [
        lambda: status_list(MANY[::-1], STALE, Basis.NET, NEW_YORK, "Acme: all budgets"),
        lambda: digest_message(digest(standings=MANY, decided=DECIDED, open=ASKED)),
        lambda: status_detail(
            detail(open_requests=[(n, micros(10**9)) for n in range(500)]), Basis.NET
        ),
        lambda: digest_message(
            digest(standings=[replace(s, limit=micros("1")) for s in MANY], organization=LONG)
        ),
    ],
    ids=["status", "digest", "detail", "digest of exhausted budgets"],
)
def test_two_hundred_budgets_fit_into_a_message(many: Callable[[], Rendered]) -> None:
    """At most 50 blocks and fewer than 10,000 characters: beyond that Slack refuses all of it."""
    message = many()

    assert [] == message_problems(message.blocks)
    assert len(message.blocks) <= 50
    assert blocks_length(message) < 10_000
    assert not block_text_is_too_long(message.blocks)
    assert len(message.text) < 12_000


def test_what_does_not_fit_is_counted() -> None:
    """Nothing disappears silently: the list says how many more there are."""
    shown = status_list(MANY[::-1], STALE, Basis.NET, NEW_YORK, "Acme")
    named = [s for s in MANY if f" {s.budget.id}" in shown.text or f"({s.budget.id})" in shown.text]
    told = digest_message(digest(standings=MANY, decided=DECIDED, open=ASKED)).text

    assert f"and {200 - len(named)} more; ask for one by name." in shown.text
    assert MANY[199] in named
    assert "below every threshold: 50 of 200" in told
    assert 2 == len(re.findall(r"; and \d+ more", told.split("Decisions of the week")[1]))


def test_a_short_list_is_whole() -> None:
    """Nothing is counted that could have been shown."""
    lines = ["a" * 97] * 10

    assert (10, lines) == (fitting(lines, 1_000), fewer(lines, 1_000))
    assert (9, [*lines[:9], "and 1 more"]) == (fitting(lines, 999), fewer(lines, 999))
    assert (0, ["and 10 more"]) == (fitting(lines, 10), fewer(lines, 10))
    assert (0, []) == (fitting([], 10), fewer([], 10))


def test_a_budget_that_is_not_among_the_options_is_offered_first() -> None:
    """A select takes 100 options; the one that was chosen is always there."""
    others = [s.budget for s in MANY]
    view = overage_modal(others, BUDGET, Filled("", "", None), "a hint", "a preview")
    element = view["blocks"][0]["element"]

    assert [] == view_problems(view)
    assert 100 == len(element["options"])
    assert "search" == element["initial_option"]["value"] == element["options"][0]["value"]


def test_before_the_first_poll_it_says_why() -> None:
    """A figure that is not there is explained, also when there is no source at all."""
    nothing = Freshness(None, stale=False)

    assert (
        "no figures yet (no usage source is set up)"
        in status_list([], nothing, Basis.NET, NEW_YORK, "Acme").text
    )


def test_what_has_no_limit_is_not_asked_more_for() -> None:
    """There is no button that could only answer that it does not work."""
    rest = status_detail(detail(standing=standing("5", budget=UNLIMITED)), Basis.NET)

    assert "actions" not in {block["type"] for block in rest.blocks}
    assert "at the limit" not in rest.text


@pytest.mark.parametrize(
    ("blind_for", "span"),
    [
        (0, "a minute"),
        (119, "a minute"),
        (120, "2 minutes"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
    ],
)
def test_how_long_it_was_blind_is_said_in_words(blind_for: int, span: str) -> None:
    """Minutes at first, then hours."""
    end = NOW + timedelta(seconds=blind_for)

    assert f"again after {span};" in notice.sees_again("anthropic", NOW, end, NEW_YORK).text


def test_one_sentence_is_a_message() -> None:
    """An answer of one sentence is its own text."""
    answer = plain("Done.")

    assert ("Done.", 1) == (answer.text, len(answer.blocks))
