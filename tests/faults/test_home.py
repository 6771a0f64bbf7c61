"""The Home tab through crashes, lost answers and rate limits."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.effects.home import views
from bot.flows import home
from bot.parts import Bot
from bot.render.home import digest
from store import outbox
from store.outbox import Lane
from tests.faults.bench import Bench, close, deliver_all
from tests.faults.crashes import killed

# What the outside does is the same on both databases.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]
MOST_POINTS = 200


def said(acme: Bench) -> str:
    """What stands on Dana's tab."""
    view = acme.town.person("dana").home()
    return "" if view is None else str(view.blocks)


def times_published(acme: Bench) -> int:
    """How often Slack was asked to."""
    return sum(call.method == "views.publish" for call in acme.slack.journal)


def test_killed_anywhere_it_is_published_all_the_same(acme: Bench, tmp_path: Path) -> None:
    """Slack delivers the event once more, and whatever the dead process left, the tab is there."""
    acme.turn()
    for point in range(1, MOST_POINTS):
        event = f"Ev{point}"

        def open_it(bot: Bot, event: str = event) -> None:
            home.opened(bot, "U0DANA", event, acme.clock())
            deliver_all(bot, Lane.SLACK, at=acme.clock())

        with acme.slack.workspace.lock:
            acme.slack.workspace.homes.clear()
        victim = acme.replica()
        close(acme.bot)
        died = killed(victim, open_it, point, tmp_path / "said")
        acme.later(seconds=50)  # past the lease
        home.opened(acme.bot, "U0DANA", event, acme.clock())
        acme.deliver()
        assert "Search ranking" in said(acme), point
        assert [] == acme.open(), point
        if not died:
            break
    else:
        pytest.fail("it never came to its end")


def test_a_rate_limit_puts_it_off(acme: Bench) -> None:
    """It waits as long as Slack says, and then shows what is true by then."""
    acme.turn()
    acme.slack.faults.add("views.publish", "ratelimited", retry_after=30)
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    (attempt,) = acme.deliver()
    assert not attempt.sent
    acme.later(seconds=20)
    assert [] == acme.deliver()
    acme.usage.spend(acme.clock(), "40", workspace="team-search")
    acme.later(seconds=20)
    acme.turn()

    assert 2 == times_published(acme)
    assert "$40 of $100" in said(acme)


def test_a_limit_on_tabs_holds_up_no_message(acme: Bench) -> None:
    """Other tabs are not tried in vain meanwhile, and what people have to know goes out."""
    acme.turn()
    for name in ("DANA", "LEE", "TOM"):
        home.opened(acme.bot, f"U0{name}", "Ev1", acme.clock())
    acme.ask()
    acme.slack.faults.add("views.publish", "ratelimited", retry_after=30)
    (attempt,) = [a for a in acme.deliver() if a.key.startswith("home:")]
    assert (False, 0) == (attempt.sent, attempt.hold)
    assert any("Overage request #1" in text for text in acme.town.said_to("fin"))
    assert 1 == times_published(acme)
    acme.later(seconds=31)
    acme.deliver()

    assert 4 == times_published(acme)
    assert [] == acme.open()


def test_two_replicas_publish_a_change_once(acme: Bench) -> None:
    """Both see it, and the key lets one through."""
    acme.turn()
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    acme.deliver()
    acme.usage.spend(acme.clock(), "40", workspace="team-search")
    acme.later(minutes=1)
    acme.tick()
    other = acme.replica()
    counts = [home.refresh(bot, acme.clock()) for bot in (acme.bot, other)]
    acme.deliver()
    close(other)

    assert [1, 0] == counts
    assert 2 == times_published(acme)


def test_at_most_two_hundred_are_kept_up_to_date(acme: Bench) -> None:
    """The last who opened it; everybody else's is published when they open it again."""
    acme.turn()
    for number in range(202):
        acme.slack.add_person(f"p{number}@example.com", id=f"U1P{number}")
        home.opened(acme.bot, f"U1P{number}", f"Ev{number}", acme.clock())
    acme.deliver()
    acme.usage.spend(acme.clock(), "40", workspace="team-search")
    acme.later(minutes=1)
    acme.tick()

    assert 200 == home.refresh(acme.bot, acme.clock())


def test_old_entries_are_forgotten(acme: Bench) -> None:
    """A tab is no record: what nobody needs any more does not fill the outbox."""
    acme.turn()
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    acme.deliver()
    acme.later(days=31)
    home.refresh(acme.bot, acme.clock())

    assert home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())


def test_it_looks_again_only_when_something_was_recorded(acme: Bench) -> None:
    """A request makes it look; without any, the minute's turn is soon enough."""
    watch = home.Watch()
    acme.turn()
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    assert 0 == watch.refresh_if_moved(acme.bot, acme.clock())
    assert watch.refresh_if_moved(acme.bot, acme.clock()) is None  # it will be put together later
    acme.deliver()
    acme.ask()
    changed = watch.refresh_if_moved(acme.bot, acme.clock())
    acme.deliver()

    assert (1, None) == (changed, watch.refresh_if_moved(acme.bot, acme.clock()))
    assert "Your open requests" in said(acme)


def test_a_decision_while_a_tab_is_on_its_way_is_not_missed(acme: Bench) -> None:
    """What another process is sending was put together before it, so somebody looks again."""
    watch = home.Watch()
    acme.turn()
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    with acme.bot.db.transaction() as tx:
        (entry,) = outbox.claim(tx, Lane.SLACK, acme.clock(), limit=1, lease=timedelta(minutes=1))
        before = views(tx, acme.bot, {"U0DANA": []}, acme.clock())["U0DANA"]
    acme.ask()
    assert 0 == watch.refresh_if_moved(acme.bot, acme.clock())
    with acme.bot.db.transaction() as tx:
        assert outbox.settle(tx, entry, acme.clock(), {"digest": digest(before), "groups": []})
    changed = watch.refresh_if_moved(acme.bot, acme.clock())
    acme.deliver()

    assert 1 == changed
    assert "Your open requests" in said(acme)
    assert watch.refresh_if_moved(acme.bot, acme.clock()) is None


def test_an_app_that_is_broken_is_waited_for_and_not_for_ever(acme: Bench) -> None:
    """A token that is revoked is mended; after days of trying nobody looks at that tab any more."""
    acme.turn()
    acme.slack.faults.add("views.publish", "error", times=None, error="token_revoked")
    home.opened(acme.bot, "U0DANA", "Ev1", acme.clock())
    home.opened(acme.bot, "U0LEE", "Ev2", acme.clock())
    acme.deliver()
    assert 2 == len(acme.open())
    acme.slack.faults.clear()
    acme.slack.faults.add("views.publish", "error", times=None, after=1, error="token_revoked")
    acme.later(minutes=2)
    acme.deliver()
    assert "Search ranking" in said(acme)
    (waits,) = acme.open()
    assert "token_revoked" in str(waits.error)
    for _ in range(3):
        acme.later(days=2)
        acme.deliver()

    assert [] == acme.open()
