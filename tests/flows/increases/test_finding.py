"""The queue is read: who asks is shown once, with what Anthropic and the ledger know."""

from datetime import timedelta

import pytest

from bot.domain.errors import UserError
from bot.domain.increases import IncreaseState
from bot.domain.money import micros
from bot.flows import increases
from tests.faults.bench import close
from tests.flows.increases.place import POLICY, Place

OWN = "Increase request #1: nobody decides their own request."


def nameless(body: dict[str, object]) -> object:
    """An answer in which nobody has an e-mail address."""
    for item in body["data"]:  # type: ignore[attr-defined]
        item["actor"] |= {"email_address": None}
    return body


def test_a_request_becomes_a_card_for_everybody_who_may_decide(place: Place) -> None:
    """One in the channel, one for each of those who are named or in the group, and none beside."""
    place.found("tom")
    places = {place.slack.workspace.channels[m.channel].name for m in place.cards()}

    assert "ai-approvals" in {name.removeprefix("#") for name in places}
    assert all(place.dms(who) for who in ("fin", "kim", "pat"))
    assert [] == place.dms("tom")
    assert ["increase.asked"] == place.recorded()


def test_the_card_says_what_is_known_and_what_is_not(place: Place) -> None:
    """Member, limit, spend so far; no amount and no reason, and what a denial does."""
    place.found("tom")
    text = place.card()

    for part in (
        "<@U0TOM> asks for a higher monthly limit in Claude.",
        "Limit now: $500. Spent of it so far: $431.20.",
        "no amount and no reason: whoever approves gives the new limit in all.",
        "Decided by finance or leads.",
        "hides the member's button for 30 days",
        "Figures as of Mon 2 Nov 10:00.",
    ):
        assert part in text


def test_it_is_found_once(place: Place) -> None:
    """Reading the queue again shows nothing again, here or at another replica."""
    place.found("tom")
    before, other = len(place.messages()), place.replica()
    place.clock.ahead(timedelta(minutes=5))

    assert 0 == place.polls()
    assert 0 == increases.poll(other, place.clock())
    close(other)
    assert before == len(place.messages())


def test_the_member_gets_no_card_of_their_own(place: Place) -> None:
    """Kim is one of those who decide, and asks: the others are asked, and Kim is not."""
    place.found("kim")

    assert [] == place.dms("kim")
    assert len(place.dms("fin")) == len(place.dms("pat")) == 1


def test_a_member_of_the_group_that_decides_gets_none_either(place: Place) -> None:
    """Pat is asked by a user group, and asks."""
    place.members["pat"] = place.usage.add_user("pat@example.com")
    place.found("pat")

    assert [] == place.dms("pat")
    assert len(place.dms("fin")) == len(place.dms("kim")) == 1


def test_a_group_is_not_written_to_once_it_is_decided(place: Place) -> None:
    """Who is in it is asked when it is sent, and by then there was nothing to decide any more."""
    place.asks("tom")
    increases.poll(place.bot, place.clock())
    place.approves("fin")
    place.deliver()

    assert [] == place.dms("pat")
    assert "✓" in place.dms("kim")[0]


def test_where_the_usage_falls_is_what_was_charged(place: Place) -> None:
    """The ledger knows better than a guess; the budget with most of it comes first, as it stands."""
    place.usage.spend(place.clock(), "61", workspace="team-search", actor="tom@example.com")
    place.usage.spend(place.clock(), "30", workspace="elsewhere", actor="tom@example.com")
    place.clock.ahead(timedelta(minutes=5))
    place.turn()
    increase = place.found("tom")

    first, second = increase.figures.budgets
    assert ("search", micros(61), micros(61)) == (first.budget, first.share, first.spent)
    assert ("growth", micros(30)) == (second.budget, second.share)
    assert "falls on Search ranking with $61 ($61 of $100 (61 %), look); Growth" in place.card()


def test_where_nothing_was_charged_the_rules_say_it(place: Place) -> None:
    """By a rule that names the member, or to nobody's budget, which is shown too."""
    growth, nobody = place.found("tom"), None
    place.asks("kim")
    place.polls()
    nobody = place.now(2)

    assert [("growth", None)] == [(one.budget, one.share) for one in growth.figures.budgets]
    assert ["unattributed"] == [one.budget for one in nobody.figures.budgets]
    assert "by the rules it falls on Growth ($0 of $300 (0 %))" in place.card(1)


def test_later_figures_count_for_whoever_decides_later(place: Place) -> None:
    """An administrator raised the limit meanwhile: less than that is no raise any more."""
    place.found("tom")
    limits, tom = place.usage.administration.spend_limits, place.members["tom"]
    limits.put(("user", tom), "80000", "monthly", place.clock())
    limits.spent[tom] = "60000"
    place.clock.ahead(timedelta(minutes=5))
    place.polls()

    assert "Limit now: $800. Spent of it so far: $600." in place.card()
    assert "Figures as of Mon 2 Nov 10:05." in place.card()
    with pytest.raises(UserError, match="The limit is \\$800 now"):
        increases.limit_of(place.bot, 1, "700")
    place.approves(limit="900")
    place.delivers()
    assert "90000" == place.limit_of()


def test_what_is_spent_meanwhile_is_known_and_edits_nothing(place: Place) -> None:
    """The copies say as of when their figures are; the form has the newest."""
    place.found("tom")
    place.usage.administration.spend_limits.spent[place.members["tom"]] = "45000"
    place.clock.ahead(timedelta(minutes=5))
    place.polls()

    assert "Spent of it so far: $431.20." in place.card()
    assert micros(450) == place.now().figures.spent
    assert "spent of it so far $450" in str(increases.deny_form(place.bot, 1, "1.1"))


def test_a_daily_limit_is_called_so(place: Place) -> None:
    """Limits of a day, a week and a month are different limits."""
    place.asks("tom", period="daily")
    place.polls()

    assert "asks for a higher daily limit" in place.card()
    place.approves(limit="700")
    place.delivers()
    assert ("70000", None) == (place.limit_of(period="daily"), place.limit_of())


def test_a_member_who_is_not_in_slack_has_a_name_and_an_address(place: Place) -> None:
    """They are told by Anthropic's mail only; nobody hears of a message that could not be sent."""
    place.members["ann"] = place.usage.add_user("ann@example.com")
    place.found("ann")
    place.approves()
    place.delivers()

    assert "Ann (ann@example.com) asks for a higher" in place.card()
    assert "✓" in place.card()
    assert [] == [text for text in place.operators() if "ann@" in text]


def test_nobody_is_left_who_may_decide(place: Place) -> None:
    """The only one on the list asks for themselves: the operators hear it at once, and once."""
    place.town.write_policy(
        POLICY.replace("{approvers: [finance, leads]}", "{approvers: [alone]}").replace(
            "approvers:\n  finance", "approvers:\n  alone: {people: [kim@example.com]}\n  finance"
        )
    )
    place.close()
    place.bot = place.replica()
    place.found("kim")
    place.polls()

    (told,) = [text for text in place.operators() if "Nobody is left" in text]
    assert "increase request #1 of <@U0KIM>: it is decided by alone" in told
    assert ["increase.asked", "increase.nobody_left"] == place.recorded()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_member_without_an_address_is_decided_elsewhere(place: Place) -> None:
    """Nobody can say whether whoever presses is the member, so nobody here decides."""
    place.usage.faults.add("edit", "spend_limit_increase_requests", edit=nameless)
    place.members["ann"] = place.usage.add_user("ann@example.com")
    place.found("ann")

    (told,) = [text for text in place.operators() if "has to be decided in claude.ai" in text]
    assert "Increase request #1 of Ann" in told
    assert "Nobody can say that it is not you who asks" in str(place.approves("fin"))
    assert IncreaseState.PENDING is place.now().state


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_that_the_queue_leaves_out_may_be_known(place: Place) -> None:
    """From the names that the usage reports brought."""
    place.usage.faults.add("edit", "spend_limit_increase_requests", edit=nameless)

    assert "tom@example.com" == place.found("tom").member.email
    assert OWN == place.approves("tom")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_queue_that_cannot_be_read_is_told(place: Place) -> None:
    """What only people can mend at once, once; and that it is over."""
    place.usage.faults.add(
        "error", "increase_requests", times=2, status=403, type="permission_error"
    )
    place.polls()
    place.clock.ahead(timedelta(minutes=5))
    place.polls()
    place.clock.ahead(timedelta(minutes=5))
    place.polls()

    down, clear = place.operators()
    assert "cannot be read since Mon 2 Nov 10:00: the key may not do this" in down
    assert "All clear: the increase requests of Claude Enterprise are read again" in clear


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_hiccup_is_not_told(place: Place) -> None:
    """What mends itself is told once it has lasted for ten minutes, and not before."""
    place.usage.faults.add("status", "increase_requests", times=3, status=503)
    place.polls()
    place.clock.ahead(timedelta(minutes=5))
    place.polls()
    assert [] == place.operators()
    place.clock.ahead(timedelta(minutes=5))
    place.polls()

    assert 1 == len(place.operators())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_policy_nothing_is_asked(place: Place) -> None:
    """It is off unless the policy file says who decides."""
    line = "  increase_requests: {approvers: [finance, leads]}\n"
    place.town.write_policy(POLICY.replace(line, ""))
    place.close()
    place.bot = place.replica()
    place.asks()

    assert 0 == place.polls()
    assert 0 == sum("increase_requests" in seen.path for seen in place.usage.requests)
