"""Whoever opened the Home tab sees what is true now, and nobody is published to for nothing."""

from bot.domain.overages import RequestState
from tests.handlers.desk import Desk
from tests.handlers.homes import home_of, opens, published, says


def test_what_is_pressed_shows_while_the_clock_stands_still(desk: Desk) -> None:
    """It is shown because something was decided, and not because time went by."""
    desk.town.clock.run(0)
    desk.asks("20")
    tom, fin = opens(desk, "tom"), opens(desk, "fin")
    fin.presses("request:approve", home_of(fin))

    desk.slack.wait_until(lambda: "Waiting for your decision" not in says(fin))
    desk.slack.wait_until(lambda: "Limit lifted to $120 ✓" in says(tom))


def test_what_is_decided_elsewhere_shows(desk: Desk) -> None:
    """In the channel, by somebody who never opened a tab."""
    desk.asks("20")
    tom = opens(desk, "tom")
    desk.person("fin").presses("request:approve", desk.card())

    desk.slack.wait_until(lambda: "Exceptions that you may end" in says(tom))
    assert "Your open requests" not in says(tom)


def test_what_did_not_change_is_not_published_again(desk: Desk) -> None:
    """The line on the age alone is no change; spend is."""
    dana = opens(desk, "dana")
    desk.town.turn()
    before = published(desk)
    desk.town.goes_to("2026-11-02 11:02")
    assert before == published(desk)
    desk.town.spends("4")
    desk.town.goes_to("2026-11-02 11:04")

    assert before + 1 == published(desk)
    assert "$85 of $100" in says(dana)


def test_only_those_are_published_to_who_see_it(desk: Desk) -> None:
    """A request of Tom's is nothing to whoever owns another budget."""
    tom, kim = opens(desk, "tom"), opens(desk, "kim")
    shown = home_of(kim).hash
    desk.asks("20")
    desk.slack.wait_until(lambda: "Your open requests" in says(tom))
    desk.town.turn()

    assert shown == home_of(kim).hash


def test_a_state_that_comes_again_is_published_again(desk: Desk) -> None:
    """Withdrawn, the tab shows what it showed before the request."""
    tom = opens(desk, "tom")
    for _ in range(2):
        desk.asks("20")
        desk.slack.wait_until(lambda: "Your open requests" in says(tom))
        tom.presses("request:withdraw", home_of(tom))
        desk.slack.wait_until(lambda: desk.state() is RequestState.WITHDRAWN)
        desk.slack.wait_until(lambda: "Your open requests" not in says(tom))


def test_nobody_hears_of_it_who_did_not_open_it(desk: Desk) -> None:
    """Nor does somebody who has not looked for a month."""
    opens(desk, "dana")
    before = published(desk)
    desk.town.goes_to("2026-12-03 11:00")

    assert before == published(desk)
