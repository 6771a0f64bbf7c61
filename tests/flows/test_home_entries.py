"""What keeps the Home tabs up to date: entries of the outbox, no more of them than it takes."""

from dataclasses import replace

from bot.flows import home, rehearsal
from store import homes as stored
from store import outbox
from store.outbox import Lane
from tests.faults.bench import Bench
from tests.flows.homes import opens, refreshes, spends


def test_openings_that_wait_are_published_once(homes: Bench) -> None:
    """The newest stands for those that nobody has begun to send."""
    for number in range(3):
        home.opened(homes.bot, "U0DANA", f"Ev{number}", homes.clock())
    homes.deliver()

    assert 1 == sum(call.method == "views.publish" for call in homes.slack.journal)


def test_one_that_is_being_sent_is_not_taken_back(homes: Bench) -> None:
    """The new one comes after it, so that the older state cannot arrive last."""
    homes.slack.faults.add("views.publish", "ratelimited", retry_after=30)
    home.opened(homes.bot, "U0DANA", "Ev1", homes.clock())
    homes.deliver()
    home.opened(homes.bot, "U0DANA", "Ev2", homes.clock())
    with homes.bot.db.transaction() as tx:
        first = outbox.find(tx, "home:U0DANA:opened:Ev1")
    assert first is not None
    assert "pending" == first.state
    homes.later(seconds=31)
    homes.deliver()

    assert [] == homes.open()


def test_an_opening_takes_the_place_of_a_change_that_waits(homes: Bench) -> None:
    """What it would have shown is shown by the other."""
    opens(homes, "dana")
    homes.usage.spend(homes.clock(), "4", workspace="team-search")
    homes.later(minutes=1)
    homes.tick()
    assert 1 == home.refresh(homes.bot, homes.clock())
    home.opened(homes.bot, "U0DANA", "Ev2", homes.clock())
    homes.deliver()

    assert 2 == sum(call.method == "views.publish" for call in homes.slack.journal)
    assert 0 == refreshes(homes)


def test_only_the_last_entries_of_a_day_ago_are_kept(homes: Bench) -> None:
    """So they do not fill the outbox, and what a tab shows is known as long as it is kept."""
    opens(homes, "dana", "Ev1")
    opens(homes, "dana", "Ev2")
    for usd in ("1", "1"):
        spends(homes, usd)
        assert 1 == refreshes(homes)
    homes.later(days=1, minutes=1)
    home.refresh(homes.bot, homes.clock())
    with homes.bot.db.transaction() as tx:
        kept = [e for e in outbox.written_since(tx, 0) if e.kind == stored.KIND]
        openers = stored.openers(tx, homes.clock(), 200)

    done = [e for e in kept if e.state != "pending"]
    assert [stored.OPENED, stored.CHANGED] == [e.subject for e in done]
    assert "home:U0DANA:opened:Ev2U0DANA" == done[0].key
    assert ["U0DANA"] == openers


def test_it_is_kept_for_thirty_days(homes: Bench) -> None:
    """Since they last looked, to the day."""
    opens(homes, "dana")
    homes.later(days=29, hours=23)
    home.refresh(homes.bot, homes.clock())
    with homes.bot.db.transaction() as tx:
        assert ["U0DANA"] == stored.openers(tx, homes.clock(), 200)
    homes.later(hours=1)
    with homes.bot.db.transaction() as tx:
        assert [] == stored.openers(tx, homes.clock(), 200)


def test_a_dry_run_tells_whose_tab_would_be_published(homes: Bench) -> None:
    """As it tells every message."""
    opens(homes, "dana")
    homes.usage.spend(homes.clock(), "4", workspace="team-search")
    homes.later(minutes=1)
    homes.tick()
    mark = rehearsal.newest(homes.bot)
    home.refresh(homes.bot, homes.clock())

    assert ["to U0DANA: their Home tab"] == rehearsal.said_since(homes.bot, mark)


def test_the_deliverer_is_woken_for_something_alone(homes: Bench) -> None:
    """Whoever has opened it does not wait for the next second; for nothing nobody is woken."""
    woken: list[str] = []
    bot = replace(homes.bot, wake=lambda: woken.append("slack"))
    assert home.opened(bot, "U0DANA", "Ev1", homes.clock())
    assert 1 == len(woken)
    assert not home.opened(bot, "U0DANA", "Ev1", homes.clock())
    homes.deliver()
    assert 0 == home.refresh(bot, homes.clock())
    assert 1 == len(woken)
    spends(homes, "4")
    assert 1 == home.refresh(bot, homes.clock())

    assert 2 == len(woken)


def test_an_opening_goes_before_cards_and_a_change_after_everything(homes: Bench) -> None:
    """Somebody looks at the one; of the other nobody may be waiting."""
    opens(homes, "dana")
    homes.usage.spend(homes.clock(), "4", workspace="team-search")
    homes.later(minutes=1)
    homes.tick()
    assert 1 == home.refresh(homes.bot, homes.clock())
    homes.ask()
    home.opened(homes.bot, "U0FIN", "Ev1", homes.clock())
    keys = [attempt.key for attempt in homes.deliver(Lane.SLACK)]

    assert keys[0].startswith("home:U0FIN:opened")
    assert keys[-1].startswith("home:U0DANA:")


def test_an_event_of_an_earlier_opening_is_known_for_a_day(homes: Bench) -> None:
    """Slack delivers it again for hours, whatever was opened since."""
    opens(homes, "dana", "Ev1")
    opens(homes, "dana", "Ev2")
    homes.later(hours=23)
    home.refresh(homes.bot, homes.clock())

    assert not home.opened(homes.bot, "U0DANA", "Ev1U0DANA", homes.clock())


def test_what_was_tried_last_is_told_and_not_what_waits(homes: Bench) -> None:
    """So that `doctor` does not call a tab fine that is only about to fail again."""
    homes.slack.faults.add("views.publish", "error", error="not_enabled")
    home.opened(homes.bot, "U0DANA", "Ev1", homes.clock())
    homes.deliver()
    home.opened(homes.bot, "U0LEE", "Ev2", homes.clock())
    with homes.bot.db.transaction() as tx:
        last = stored.last_tried(tx)

    assert last is not None
    assert "home:U0DANA:opened:Ev1" == last.key
    assert "not_enabled" in str(last.error)
