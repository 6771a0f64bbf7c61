"""Increase requests in Slack: the two buttons and their forms, through bolt and signed requests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.increases import Increase, IncreaseState
from bot.sandbox.slack import Message, Person
from store import increases
from tests.handlers.desk import APPROVALS, Desk
from tests.story.town import POLICY, at, town

NAME = "  name: Acme\n"
WITH_QUEUE = POLICY.replace(NAME, f"{NAME}  increase_requests: {{approvers: [finance]}}\n")


class Queue(Desk):
    """A desk at which a member of the Enterprise organization has asked for a higher limit."""

    def member_asks(self, name: str = "tom") -> None:
        limits = self.town.usage.administration.spend_limits
        limits.kind = "enterprise"
        member = self.town.usage.add_user(f"{name}@example.com")
        limits.spent[member] = "43120"
        self.town.usage.administration.increase_requests.ask(member, self.town.clock())
        self.town.turn()

    def increase_card(self) -> Message:
        posted = self.slack.channel(APPROVALS).messages()
        return [m for m in posted if m.text.startswith("Increase request")][-1]

    def increase(self) -> Increase:
        with self.town.bot.bot.db.transaction() as tx:
            found = increases.load(tx, 1)
        assert found is not None
        return found

    def mails(self) -> list[str]:
        return self.town.usage.administration.increase_requests.mails

    def confirmed(self) -> str:
        """What the card says once Anthropic has confirmed."""
        self.slack.wait_until(lambda: self.increase().confirmed_at)
        self.town.settles()
        return self.increase_card().text


@pytest.fixture
def queue(tmp_path: Path, sqlite_template: Path) -> Iterator[Queue]:
    """Acme on a Monday, with a request of Tom's in the queue."""
    path = tmp_path / "budgets.db"
    shutil.copy(sqlite_template, path)
    url, begins = f"sqlite:///{path}", at("2026-11-02 11:00")
    with town(tmp_path, url, "http", begins, WITH_QUEUE) as place:
        desk = Queue(place)
        desk.member_asks()
        yield desk


def errors(queue: Queue, who: Person, **values: str) -> dict[str, str]:
    """What stands beside the fields of the open form."""
    return dict(queue.submits(who, **values).errors)


def test_an_approval_names_the_new_limit(queue: Queue) -> None:
    """The form opens with a sensible figure, says that it stays, and takes another one."""
    fin = queue.person("fin")
    form = queue.form(fin, "increase:approve", queue.increase_card())
    shown = str(form.blocks)
    assert "'initial_value': '$630'" in shown
    assert "The new monthly limit in all, in dollars" in shown
    assert "keeps the new limit in every period to come: it does not end by itself" in shown
    assert queue.submits(fin, amount="$700", reason="conference week").ok
    text = queue.confirmed()

    assert "Approved by <@U0FIN> on Mon 2 Nov 11:00: a monthly limit of $700." in text
    assert "✓" in text
    assert "Reason given: conference week" in text
    assert 1 == len(queue.mails())


def test_a_form_that_is_sent_as_it_opens_grants_what_it_shows(queue: Queue) -> None:
    """Prefilled means that it may be sent."""
    fin = queue.person("fin")
    queue.form(fin, "increase:approve", queue.increase_card())
    assert fin.submits().ok

    assert "a monthly limit of $630." in queue.confirmed()


def test_what_is_wrong_stands_beside_the_field(queue: Queue) -> None:
    """The form stays open with what was written in it, and nothing is decided."""
    fin = queue.person("fin")
    queue.form(fin, "increase:approve", queue.increase_card())

    for amount, told in (
        ("abc", "“abc” is not an amount in dollars"),
        ("500", "The limit is $500 now. Give the new limit in all"),
        ("200", "close the form and deny the request"),
        ("0", "more than $0"),
    ):
        found = errors(queue, fin, amount=amount)
        assert ["amount"] == list(found)
        assert told in found["amount"]
    assert IncreaseState.PENDING is queue.increase().state
    assert queue.submits(fin, amount="501").ok
    assert "a monthly limit of $501." in queue.confirmed()


def test_a_denial_warns_and_wants_a_reason(queue: Queue) -> None:
    """Before anybody presses Deny, the form says what Anthropic does for 30 days."""
    fin = queue.person("fin")
    form = queue.form(fin, "increase:deny", queue.increase_card())
    assert "hides the member's button for 30 days" in str(form.blocks)
    assert ["reason"] == list(errors(queue, fin, reason="   "))
    assert queue.submits(fin, reason="use Haiku for drafts").ok
    text = queue.confirmed()

    assert "Denied by <@U0FIN>" in text
    assert "Reason given: use Haiku for drafts" in text
    assert "use Haiku for drafts" in queue.person("tom").dms()[-1].text


def test_whoever_may_not_is_told_by_dm(queue: Queue) -> None:
    """Checked when the form is sent; the member is one of them."""
    dana, tom = queue.person("dana"), queue.person("tom")
    for person, told in (
        (dana, "you are not on the list of people who may decide this request. Who may: finance."),
        (tom, "nobody decides their own request."),
    ):
        before = len(person.dms())
        queue.form(person, "increase:approve", queue.increase_card())
        assert queue.submits(person, amount="700").ok
        queue.slack.wait_until(lambda p=person, n=before: len(p.dms()) > n)  # type: ignore[misc]
        assert f"Increase request #1: {told}" == person.dms()[-1].text
    assert IncreaseState.PENDING is queue.increase().state


def test_old_buttons_and_open_forms_say_that_it_is_over(queue: Queue) -> None:
    """A form that was open meanwhile says so beside its field."""
    fin, old = queue.person("fin"), queue.increase_card()
    dana = queue.person("dana")
    queue.form(dana, "increase:deny", old)
    queue.form(fin, "increase:approve", old)
    assert queue.submits(fin, amount="700").ok
    queue.confirmed()

    for action_id in ("increase:approve", "increase:deny"):
        told = queue.told(fin, action_id, old)
        assert told.startswith("Increase request #1 is over: Approved by <@U0FIN>")
        assert "✓" in told
    assert "is over: Approved by <@U0FIN>" in errors(queue, dana, reason="no")["reason"]


def test_the_form_comes_twice_and_decides_once(queue: Queue) -> None:
    """Slack may deliver a submission again."""
    fin = queue.person("fin")
    queue.form(fin, "increase:approve", queue.increase_card())
    assert queue.submits(fin, amount="700").ok
    queue.confirmed()
    again = queue.sent_again("view_submission")

    assert 200 == again.status
    assert 1 == len(queue.mails())
    assert "U0FIN" == queue.increase().decided_by


def test_the_decision_links_to_the_message(queue: Queue) -> None:
    """An auditor finds where it was pressed."""
    fin, card = queue.person("fin"), queue.increase_card()
    queue.form(fin, "increase:approve", card)
    queue.submits(fin, amount="700")
    queue.confirmed()
    place = queue.increase().decided_in

    assert place is not None
    assert (card.channel, card.ts) == (place.channel, place.ts)
