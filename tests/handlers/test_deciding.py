"""Approving less, asking the requester, and clicks on what was changed: buttons and forms."""

import pytest

from bot.domain.money import micros
from bot.domain.overages import Draft, OverageRequest, RequestState
from bot.flows import overages, records
from bot.sandbox.slack import Message, Person
from handlers.errors import SORRY
from store import overages as stored
from store import questions
from tests.handlers.desk import APPROVALS, Desk

PENDING = RequestState.PENDING
NOT_ON_THE_LIST = "you are not on the list of people who may decide this request"


def amend(desk: Desk, request: OverageRequest, amount: str) -> None:
    """Tom has changed it; the messages that stand in Slack do not know yet."""
    draft = Draft(
        budget=request.budget,
        requester=request.requester,
        amount=micros(amount),
        reason=request.reason,
        ends_at=request.ends_at,
        expires_at=request.expires_at,
        lists=request.lists,
        both=request.both,
        figures=request.figures,
    )
    with desk.town.bot.bot.db.transaction() as tx:
        assert stored.amend(tx, request, draft, request.remind_at)


def thread(desk: Desk) -> list[Message]:
    """What stands under the card."""
    card = desk.card()
    posted = desk.slack.channel(APPROVALS).messages()
    return [message for message in posted if message.thread_ts == card.ts]


def told_by_dm(desk: Desk, who: Person, words: str) -> None:
    """Wait until it is the last thing in their DM."""
    desk.slack.wait_until(lambda: words in who.dms()[-1].text if who.dms() else None)


# Less.


def test_less_is_approved_with_a_word(desk: Desk) -> None:
    """The form comes filled in with what was asked for; the card shows both."""
    request, fin = desk.asks("20"), desk.person("fin")
    view = desk.form(fin, "request:adjust", desk.card())
    assert ("$20", "2026-11-16") == (
        view.values["amount"]["amount"]["value"],
        view.values["ends_at"]["ends_at"]["selected_date"],
    )
    answer = desk.submits(fin, amount="12.50", ends_at="2026-11-06", reason="the rest by batch")
    assert answer.ok
    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 112.5)
    desk.town.settles()

    text = desk.card().text
    assert "$12.50 of the $20 asked for, until Sat 7 Nov 00:00 instead of Mon 16 Nov 11:00" in text
    assert "Reason given: the rest by batch" in text
    assert "$12.50 of the $20 asked for" in desk.person("tom").dms()[-2].text
    (decision,) = records.decisions(desk.town.bot.bot, None, None)
    card = desk.card()
    link = f"https://slack.com/archives/{card.channel}/p{card.ts.replace('.', '')}"
    assert (link, "12.50") == (decision["message_link"], decision["granted_usd"])
    assert request.asked == desk.requests()[-1].asked


def test_a_form_sent_as_it_came_is_an_approval_of_all(desk: Desk) -> None:
    """Nothing was changed, so nothing is less."""
    request, fin = desk.asks("20"), desk.person("fin")
    desk.form(fin, "request:adjust", desk.card())
    assert fin.submits().ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    (done,) = desk.requests()

    assert (request.amount, request.ends_at) == (done.granted, done.until)
    desk.town.settles()
    assert "asked for, until" not in desk.card().text


def test_more_longer_nothing_and_the_past_stand_beside_their_field(desk: Desk) -> None:
    """The form stays open with what was written in it."""
    desk.asks("20")
    fin = desk.person("fin")
    desk.form(fin, "request:adjust", desk.card())

    for values, field, text in (
        ({"amount": "20.01"}, "amount", "$20 was asked for"),
        ({"amount": "0"}, "amount", "more than $0"),
        ({"amount": "some"}, "amount", "is not an amount"),
        ({"amount": "10", "ends_at": "2026-11-17"}, "ends_at", "not for a longer one"),
        ({"ends_at": "2026-11-01"}, "ends_at", "That day is over"),
    ):
        answer = desk.submits(fin, **values)
        assert [field] == list(answer.errors)
        assert text in answer.errors[field]
    assert PENDING is desk.state()
    assert desk.submits(fin, ends_at="2026-11-02").ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)


def test_whoever_may_not_decide_approves_no_less(desk: Desk) -> None:
    """Checked when the form is sent; the answer comes as a DM."""
    desk.asks("20")
    dana = desk.person("dana")
    desk.form(dana, "request:adjust", desk.card())
    assert desk.submits(dana, amount="10").ok

    told_by_dm(desk, dana, NOT_ON_THE_LIST)
    assert PENDING is desk.state()


# What was shown.


def test_a_click_on_older_figures_is_refused_and_answered(desk: Desk) -> None:
    """With the new figures; buttons of the time before revisions are about the first one."""
    request, fin, old = desk.asks("20"), desk.person("fin"), desk.card()
    amend(desk, request, "30")

    changed = "was changed since this was shown to you: now it is for $30"
    for action_id in ("request:approve", "request:adjust", "request:deny", "request:ask"):
        assert changed in desk.told(fin, action_id, old)
        assert changed in desk.told(fin, action_id, desk.button(action_id, "1"))
        assert None is fin.view()
    assert PENDING is desk.state()

    assert fin.presses("request:approve", desk.button("request:approve", "1.2")).ok
    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 130)


def test_a_button_without_a_revision_decides_what_never_changed(desk: Desk) -> None:
    """Cards that were posted by an older version keep working."""
    desk.asks("20")
    fin = desk.person("fin")
    assert fin.presses("request:approve", desk.button("request:approve", "1")).ok

    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 120)


@pytest.mark.parametrize("action_id", ["request:adjust", "request:deny", "request:ask"])
def test_a_form_on_older_figures_says_so_when_it_is_sent(desk: Desk, action_id: str) -> None:
    """It was changed while the form was open: nothing is decided, and nothing asked."""
    request, fin = desk.asks("20"), desk.person("fin")
    desk.form(fin, action_id, desk.card())
    amend(desk, request, "30")
    words = {"request:ask": {"question": "why?"}}.get(action_id, {"reason": "no"})
    answer = desk.submits(fin, **words)

    (error,) = answer.errors.values()
    assert "was changed since this was shown to you" in error
    assert PENDING is desk.state()


# Asking the requester.


def ask(desk: Desk, who: Person, words: str) -> None:
    """Fill in the form behind “Ask…”."""
    desk.form(who, "request:ask", desk.card())
    assert desk.submits(who, question=words).ok


def asked(desk: Desk) -> list[questions.Question]:
    """Every question that is recorded."""
    with desk.town.bot.bot.db.transaction() as tx:
        return questions.of(tx, 1)


def test_a_question_and_its_answer(desk: Desk) -> None:
    """In the thread, in the DMs of the two, and counted on the card; the words of neither mention."""
    desk.asks("20")
    fin, tom = desk.person("fin"), desk.person("tom")
    ask(desk, fin, "how much is batch <!here>?")
    desk.slack.wait_until(lambda: asked(desk))
    desk.town.settles()

    assert ["<@U0FIN> asks <@U0TOM> about request #1: how much is batch &lt;!here&gt;?"] == [
        message.text for message in thread(desk)
    ]
    assert "1 question, not answered yet." in desk.card().text
    question = tom.dms()[-1]
    assert "asks about your overage request #1 ($20 for Search ranking)" in question.text
    desk.form(tom, "request:answer", question)
    assert desk.submits(tom, answer="a third of it").ok
    desk.town.settles()

    assert "<@U0TOM> answers <@U0FIN> about request #1" in thread(desk)[-1].text
    assert "a third of it" in thread(desk)[-1].text
    assert "a third of it" in fin.dms()[-1].text
    assert "1 question, answered." in desk.card().text
    assert [] == tom.dms()[-1].buttons()
    rows = list(records.audit_rows(desk.town.bot.bot, None, None))
    kinds = [row["kind"] for row in rows if row["kind"].startswith("request.")]
    assert ["request.asked", "request.question", "request.answer"] == kinds
    assert PENDING is desk.state()
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 120)
    desk.town.settles()
    assert "Approved by <@U0FIN>" in thread(desk)[-1].text


def test_a_question_that_arrives_twice_is_one(desk: Desk) -> None:
    """The form names it; so is an answer."""
    desk.asks("20")
    fin, tom = desk.person("fin"), desk.person("tom")
    ask(desk, fin, "why?")
    desk.slack.wait_until(lambda: asked(desk))
    assert desk.sent_again("view_submission").status == 200
    desk.town.settles()
    assert 1 == len(thread(desk))

    desk.form(tom, "request:answer", tom.dms()[-1])
    assert desk.submits(tom, answer="launch").ok
    assert {} == desk.sent_again("view_submission").body
    desk.town.settles()
    assert 2 == len(thread(desk))
    assert 1 == len(asked(desk))


def test_only_who_may_decide_asks(desk: Desk) -> None:
    """Dana is not on the list; a guest reads why, too; nothing is posted."""
    desk.asks("20")
    dana, guest = desk.person("dana"), desk.newcomer("gus", "guest")
    ask(desk, dana, "why?")
    told_by_dm(desk, dana, NOT_ON_THE_LIST)
    ask(desk, guest, "why?")
    told_by_dm(desk, guest, "a guest cannot decide")

    assert [] == asked(desk)
    assert [] == thread(desk)


def test_only_the_requester_answers_and_once(desk: Desk) -> None:
    """Somebody else is told so; a second answer, too."""
    desk.asks("20")
    fin, tom, dana = desk.person("fin"), desk.person("tom"), desk.person("dana")
    ask(desk, fin, "why?")
    desk.slack.wait_until(lambda: asked(desk))
    desk.town.settles()
    question = desk.button("request:answer", "1")
    assert "Only whoever asked for the overage can answer." == desk.told(
        dana, "request:answer", question
    )
    desk.form(tom, "request:answer", question)
    ack = desk.submits(tom, answer=" \n ")
    assert {"answer": "Say something, or close the form."} == ack.errors
    assert desk.submits(tom, answer="launch").ok
    other = desk.sent_again(
        "view_submission", view__state__values__answer={"answer": {"value": "something else"}}
    )
    assert "You have answered already" in other.body["errors"]["answer"]
    stolen = desk.sent_again("view_submission", user__id="U0DANA")
    assert "Only whoever asked" in stolen.body["errors"]["answer"]

    assert "You have answered already" in desk.told(tom, "request:answer", question)
    assert ["launch"] == [q.answer for q in asked(desk)]


def test_a_question_about_what_is_over_is_told(desk: Desk) -> None:
    """Somebody approved while the form was open."""
    desk.asks("20")
    fin = desk.person("fin")
    desk.form(fin, "request:ask", desk.card())
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    answer = desk.submits(fin, question="why?")

    assert "Request #1 was approved already by <@U0FIN>" in answer.errors["question"]


def test_a_failure_behind_a_form_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the ack by DM; before it in the form, which stays open."""
    desk.asks("20")
    fin = desk.person("fin")
    desk.form(fin, "request:ask", desk.card())
    monkeypatch.setattr(overages, "put_question", lambda *_, **__: 1 / 0)
    assert desk.submits(fin, question="why?").ok
    told_by_dm(desk, fin, SORRY)
    desk.form(fin, "request:adjust", desk.card())
    monkeypatch.setattr(overages, "terms_of", lambda *_, **__: 1 / 0)
    assert {"amount": SORRY} == desk.submits(fin, amount="10").errors


# Nobody is left.


def test_asking_when_nobody_could_decide_is_told_at_once(desk: Desk) -> None:
    """The receipt comes, and then the sentence; the operators read it, too."""
    desk.slack.deactivate(desk.person("fin"))
    desk.asks("20")
    tom = desk.person("tom")
    told_by_dm(desk, tom, "Nobody is left who may decide overage request #1")

    desk.town.settles()
    assert any("Nobody is left" in text for text in desk.town.said_in("#ai-budget-ops"))
    assert tom.types("/budget request search").ok
    desk.slack.wait_until(tom.view)
