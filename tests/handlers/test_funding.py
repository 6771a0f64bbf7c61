"""Where the dollars come from is chosen in the form, shown on the card, and recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.budgets import Funding
from bot.domain.overages import RequestState
from bot.flows import records
from bot.sandbox.slack import Message, View
from tests.handlers.desk import Desk
from tests.handlers.test_changing import opened, receipt, says_soon
from tests.story.town import POLICY, at, town

# A reserve of $30.
COMMITTED = (
    f"{POLICY}commitment: {{amount: 600, starts: 2026-07-01, ends: 2027-06-30, reserve: 5%}}\n"
)


@pytest.fixture
def committed(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """Acme with a commitment."""
    with town(tmp_path, database_url, "http", at("2026-11-02 11:00"), COMMITTED) as place:
        yield Desk(place)


def offered(view: View | None) -> list[str]:
    """What the form offers as sources."""
    assert view is not None
    block = next((b for b in view.blocks if b["block_id"] == "funding"), None)
    return [o["text"]["text"] for o in block["element"]["options"]] if block else []


def approves(desk: Desk, who: str, card: Message) -> None:
    """Approve the last request, and wait until it is."""
    desk.person(who).presses("request:approve", card)
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    desk.town.settles()


def test_the_reserve_pays_while_it_can(committed: Desk) -> None:
    """Card, record and export name it with what is left; then it is a true overage."""
    desk = committed
    tom = opened(desk)
    assert "From the reserve: $30 of $30 left" == offered(tom.view())[0]
    tom.fills({"amount": "20", "reason": "launch"})
    says_soon(desk, tom, "The dollars come from the reserve: $30 of $30 left.")
    assert tom.submits().ok
    desk.town.settles()
    assert "The dollars come from the reserve: $30 of $30 left." in desk.card().text
    approves(desk, "fin", desk.card())
    decision = records.decisions(desk.town.bot.bot, None, None)[0]
    assert ("reserve", None) == (decision["funding"], decision["from_budget"])
    opened(desk)
    tom.fills({"amount": "20", "reason": "more"})
    says_soon(desk, tom, "The reserve has $10 of $30 left, which is less than $20.")
    answer = tom.submits()
    assert "The reserve has $10 of $30 left" in answer.errors["funding"]
    tom.fills({"funding": "commitment"})
    says_soon(desk, tom, "the commitment is drawn down faster")
    assert tom.submits().ok
    assert Funding.COMMITMENT == desk.requests()[-1].funding.kind  # type: ignore[union-attr]


def test_the_reserve_is_not_given_twice(committed: Desk) -> None:
    """Two requests that fit one by one: the second approval is refused with a remedy."""
    desk, fin = committed, committed.person("fin")
    first, second = desk.asks("20", "tom"), desk.asks("20", "kim")
    approves(desk, "fin", desk.card())
    posted = desk.slack.channel("#ai-approvals").messages()
    other = next(m for m in posted if m.text.startswith(f"Overage request #{first.id}."))
    told = desk.told(fin, "request:approve", other)

    assert "the reserve has $10 of $30 left, which is less than $20" in told
    assert "Approve less, deny it, or have the requester change" in told
    states = {r.id: r.state for r in desk.requests()}
    assert {first.id: RequestState.PENDING, second.id: RequestState.APPROVED} == states


def test_a_transfer_is_asked_for_agreed_to_and_adds_up_to_nothing(desk: Desk) -> None:
    """Growth's owner agrees, finance approves; one limit rises by what the other falls."""
    tom, lee, fin = opened(desk), desk.person("lee"), desk.person("fin")
    assert ["From nowhere else: the limit is lifted", "From Growth: $300 left"] == offered(
        tom.view()
    )
    tom.fills({"amount": "20", "reason": "launch", "funding": "transfer:growth"})
    says_soon(desk, tom, "Growth has as much less meanwhile, once its owner agrees.")
    says_soon(desk, tom, ", and the owner of Growth.")
    assert tom.submits().ok
    desk.town.settles()
    assert "The dollars come from Growth" in desk.card().text
    assert "The owner of Growth" in desk.told(fin, "request:approve", desk.card())
    asked = next(m for m in reversed(lee.dms()) if m.text.startswith("Overage request"))
    assert "Agree" in str(asked.buttons())
    approves(desk, "lee", asked)

    assert [120, 280] == [desk.town.limit_at_gateway(id_) for id_ in ("search", "growth")]
    decision = records.decisions(desk.town.bot.bot, None, None)[0]
    assert ("transfer", "growth") == (decision["funding"], decision["from_budget"])


def test_the_source_can_be_changed(desk: Desk) -> None:
    """From a transfer to a plain raise: the owner who was to give sees that it is not theirs."""
    tom, lee = opened(desk), desk.person("lee")
    tom.fills({"amount": "20", "reason": "launch", "funding": "transfer:growth"})
    assert tom.submits().ok
    desk.town.settles()
    view = desk.form(tom, "request:amend", receipt(tom))
    chosen = view.values["funding"]["funding"]["selected_option"]["value"]
    assert "transfer:growth" == chosen
    assert desk.submits(tom, funding="none").ok
    desk.town.settles()

    assert None is desk.requests()[0].funding
    assert "come from Growth" not in desk.card().text
    told = next(m for m in reversed(lee.dms()) if m.text.startswith("Overage request"))
    assert [] == told.buttons()


def test_a_budget_without_room_gives_nothing(tmp_path: Path) -> None:
    """It is not offered, and a form of before that names it is refused beside its field."""
    url = f"sqlite:///{tmp_path}/budgets.db"
    with town(tmp_path, url, "http", at("2026-11-02 11:00"), POLICY) as place:
        place.usage.add_workspace("x")
        place.usage.add_api_key("growth-1")
        desk = Desk(place)
        tom = opened(desk)
        tom.fills({"amount": "20", "reason": "launch", "funding": "transfer:growth"})
        place.spends("300", workspace="x", api_key="growth-1")
        place.turn()
        answer = tom.submits()
        assert "This budget cannot give anything" in answer.errors["funding"]
        tom.closes()
        assert [] == offered(opened(desk).view())
