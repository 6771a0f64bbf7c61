"""Alerts want an answer: what happens when none comes, and for how long one holds."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.flows import records
from bot.sandbox.slack import Message
from tests.story import test_lead_time
from tests.story.town import POLICY, Town, at, town

# The month of test_month, and the races, go through both databases; what is told is the same.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# By share of the limit alone: these stories are about what follows.
CALM = POLICY.replace(
    "defaults:\n",
    "defaults:\n  thresholds: {look: {forecast: off}, respond: {lead_times: off}, "
    "intervene: {lead_times: off}}\n",
)
FRIDAY = "2026-11-06 16:00"


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme on a Friday afternoon."""
    with town(tmp_path, database_url, "http", at(FRIDAY), CALM) as place:
        place.turn()
        yield place


def audited(acme: Town, kind: str) -> list[dict[str, object]]:
    """The data of the record's rows of a kind."""
    rows = list(records.audit_rows(acme.bot.bot, None, None))
    return [dict(row["data"]) for row in rows if row["kind"] == kind]


def steps(acme: Town) -> list[object]:
    """The steps that were taken, in their order."""
    return [data["step"] for data in audited(acme, "alert.escalated")]


def pressed(acme: Town, who: str, action_id: str, message: Message | None = None) -> None:
    """Somebody answers an alert; the form that opens is closed."""
    person = acme.person(who)
    person.presses(action_id, message or acme.last_dm(who))
    acme.slack.wait_until(lambda: person.view() is not None)
    person.closes()
    acme.settles()


def in_channel(acme: Town) -> list[str]:
    """What the channel got besides digests."""
    return [text for text in acme.said_in("#ai-budgets") if "Claude budgets" not in text]


def test_an_alert_that_is_ignored_over_a_weekend_climbs_the_ladder(acme: Town) -> None:
    """Owner, reminder, backup, approvers, channel: each once, in working hours, whoever restarts."""
    acme.spends("85")
    acme.turn()
    (alert,) = acme.said_to("dana")
    assert "Please say what you will do by Mon 9 Nov 09:00." in alert

    # Friday evening, Saturday noon, Sunday: nobody hears anything.
    for quiet in ("2026-11-06 23:59", "2026-11-07 12:00", "2026-11-08 20:00", "2026-11-09 08:59"):
        acme.goes_to(quiet)
    assert [] == steps(acme)

    # Monday 09:00: Dana is reminded, with how it stands now and what comes next.
    acme.goes_to("2026-11-09 09:00")
    acme.turn()
    assert ["reminder"] == steps(acme)
    (_, reminder) = acme.said_to("dana")
    assert reminder.startswith("Reminder: no answer since Fri 6 Nov 16:00. Now $85 of $100 (85 %)")
    assert "Without an answer the backup is asked Mon 9 Nov 13:00." in reminder
    assert [] == acme.said_to("lee")

    # 13:00, half of eight hours later: the backup; the bot was restarted meanwhile.
    acme.restart_bot()
    acme.goes_to("2026-11-09 12:59")
    assert ["reminder"] == steps(acme)
    acme.goes_to("2026-11-09 13:01")
    acme.restart_bot()
    acme.turn()
    (asked,) = acme.said_to("lee")
    assert asked.startswith("For you as the backup: <@U0DANA> has been asked since Fri 6 Nov 16:00")

    # 17:00: the approvers of its routes. 21:00 is quiet, so the channel hears of it on Tuesday.
    acme.goes_to("2026-11-09 17:02")
    assert acme.last_dm("fin").text.startswith("For you as an approver: <@U0DANA> and <@U0LEE>")
    acme.goes_to("2026-11-09 21:05")
    assert [] == in_channel(acme)
    acme.goes_to("2026-11-10 09:00")
    (shouted,) = in_channel(acme)
    assert shouted.startswith("Nobody has answered: <@U0DANA> and <@U0LEE>")

    # And then it is quiet: every step was taken once.
    for later in ("2026-11-10 13:00", "2026-11-11 09:00", "2026-11-20 12:00"):
        acme.goes_to(later)
    assert ["reminder", "backup", "approvers", "channel"] == steps(acme)
    assert (2, 1, 1) == tuple(len(acme.said_to(name)) for name in ("dana", "lee", "fin"))

    # An answer from any copy stands in every one.
    acme.goes_to("2026-11-20 12:05")
    pressed(acme, "fin", "alert:ack")
    told = [*acme.said_to("dana"), *acme.said_to("lee"), *acme.said_to("fin"), *in_channel(acme)]
    assert [True] * 5 == ["<@U0FIN> is on it" in text for text in told]


def test_an_alert_at_night_that_cannot_wait_does_not(acme: Town) -> None:
    """Intervene climbs round the clock: an hour, then half an hour each."""
    acme.goes_to("2026-11-07 02:00")
    acme.spends("96")
    acme.turn()
    for clock in ("03:01", "03:32", "04:03", "04:34", "05:30"):
        acme.goes_to(f"2026-11-07 {clock}")

    assert ["reminder", "backup", "approvers", "channel"] == steps(acme)
    assert 1 == len(in_channel(acme))


def test_an_answer_stops_the_ladder_for_its_term(acme: Town) -> None:
    """“On it” holds until its time has passed again; if the stage is still there, it asks again."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    acme.goes_to("2026-11-09 10:00")
    pressed(acme, "dana", "alert:ack")
    assert "is on it (Mon 9 Nov 10:00), until Tue 10 Nov 09:00." in acme.last_dm("dana").text
    acme.goes_to("2026-11-09 17:30")
    assert [] == steps(acme)

    acme.goes_to("2026-11-10 09:00")
    acme.turn()
    again = acme.last_dm("dana")
    assert again.text.startswith("Reminder: <@U0DANA> is on it (Mon 9 Nov 10:00), until Tue 10 Nov")
    assert [(1, "reminder")] == [
        (data["round"], data["step"]) for data in audited(acme, "alert.escalated")
    ]
    acme.goes_to("2026-11-10 13:01")
    assert (
        "For you as the backup: <@U0DANA> has not answered since the last"
        in acme.last_dm("lee").text
    )

    # A second answer counts like the first.
    pressed(acme, "lee", "alert:ack")
    acme.goes_to("2026-11-10 17:00")
    assert ["reminder", "backup"] == steps(acme)
    before = len(acme.said_to("dana")), len(acme.said_to("lee"))
    assert [True, True] == ["<@U0LEE> is on it" in text for text in acme.said_to("dana")]

    # When that is over, whoever took it on is asked beside the owner.
    acme.goes_to("2026-11-11 12:00")
    assert ["reminder", "backup", "reminder"] == steps(acme)
    assert (before[0] + 1, before[1] + 1) == (len(acme.said_to("dana")), len(acme.said_to("lee")))
    assert acme.last_dm("lee").text.startswith("Reminder: <@U0LEE> is on it")


def test_a_plan_holds_until_the_day_that_is_named(acme: Town) -> None:
    """Nothing is asked up to the end of that day; on the next working morning it is."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    dana = acme.person("dana")
    dana.presses("alert:planned", acme.last_dm("dana"))
    acme.slack.wait_until(lambda: dana.view() is not None)
    dana.fills({"until": "2026-11-13", "note": "load test"})
    assert not dana.submits().errors
    acme.settles()
    for day in ("2026-11-10 09:00", "2026-11-12 12:00", "2026-11-13 17:59", "2026-11-14 12:00"):
        acme.goes_to(day)
    assert [] == steps(acme)
    assert 1 == len(dana.dms())

    acme.goes_to("2026-11-16 09:00")
    assert ["reminder"] == steps(acme)
    assert "says this is planned (Mon 9 Nov 09:00), until the end of Fri 13 Nov; that is over" in (
        acme.last_dm("dana").text
    )


@pytest.mark.parametrize("answered", ["alert:ack", "alert:planned"])
def test_a_worse_stage_asks_again_whatever_was_answered(acme: Town, answered: str) -> None:
    """It has a ladder of its own; the milder one stops, loses its buttons and names the newer."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    old, dana = acme.last_dm("dana"), acme.person("dana")
    dana.presses(answered, old)
    acme.slack.wait_until(lambda: dana.view() is not None)
    if answered == "alert:planned":
        dana.fills({"until": "2026-11-30"})
        assert not dana.submits().errors
    else:
        dana.closes()
    acme.settles()
    acme.spends("11")
    acme.goes_to("2026-11-09 10:00")

    first, second = dana.dms()
    assert second.text.startswith("intervene: Search ranking has spent $96 of $100")
    assert [] == first.buttons()
    assert "Replaced by the newer alert: intervene, Mon 9 Nov 10:00." in first.text
    assert "alert:ack" in [button[0] for button in second.buttons()]
    dana.presses("alert:ack", old)
    acme.slack.wait_until(lambda: any("A newer alert" in m.text for m in dana.ephemerals()))
    for clock in ("11:01", "11:32", "12:03", "12:34", "17:00"):
        acme.goes_to(f"2026-11-09 {clock}")
    assert ["reminder", "backup", "approvers", "channel"] == steps(acme)
    assert {"intervene"} == {data["stage"] for data in audited(acme, "alert.escalated")}


def test_a_raise_ends_the_asking_and_its_end_takes_it_up_again(acme: Town) -> None:
    """Under a higher limit the stage has gone; back at the old one it is still unanswered."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    acme.person("tom").types("/budget request search 50 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 150)
    acme.settles()
    acme.goes_to("2026-11-09 10:00")
    for clock in ("2026-11-09 17:01", "2026-11-10 09:00", "2026-11-10 12:00"):
        acme.goes_to(clock)
    assert [] == steps(acme)
    assert acme.said_to("dana")[-1].startswith("look: Search ranking has spent $85 of $150")

    acme.goes_to("2026-11-23 09:05")  # the longest term, fourteen days, is over
    assert 100 == acme.limit_at_gateway()
    acme.goes_to("2026-11-23 11:00")
    assert {"respond", "look"} >= {str(d["stage"]) for d in audited(acme, "alert.escalated")}
    assert "respond" in {data["stage"] for data in audited(acme, "alert.escalated")}


def test_one_stage_under_two_limits_is_asked_for_once(acme: Town) -> None:
    """A raise that leaves the stage as it was tells it anew, and only the new alert is reminded of."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("65")
    acme.turn()
    acme.person("tom").types("/budget request search 20 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 120)
    acme.settles()
    acme.goes_to("2026-11-09 09:30")
    acme.goes_to("2026-11-11 10:00")

    assert ["reminder"] == steps(acme)
    assert "of $120 (54 %)" in acme.last_dm("dana").text


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_loop_that_is_over_asks_nobody_any_more(
    tmp_path: Path, database_url: str, *, goes_on: bool
) -> None:
    """While it goes on it climbs like any alert; what ended by itself reaches no channel."""
    usual = test_lead_time.policy(1000)
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), usual) as acme:
        test_lead_time.spends_on_working_days(acme, "2026-10-19", "2026-11-18", "8")
        acme.turn()
        begins = at("2026-11-19 02:10")
        for minutes in range(0, 300, 10):
            acme.clock.to(begins + timedelta(minutes=minutes))
            if goes_on or not acme.said_to("dana"):
                acme.spends("8" if not acme.said_to("dana") else "2")
            acme.turn()
        told = audited(acme, "alert.fired")

        assert "spending far faster than usual" in {data["reason"] for data in told}
        assert goes_on == ("channel" in steps(acme))


def test_nothing_climbs_on_figures_that_stand_still(acme: Town) -> None:
    """Blind, nobody is reminded; with the all-clear it goes on, and in working hours."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    acme.usage.freeze()
    for clock in ("2026-11-09 17:00", "2026-11-10 09:00", "2026-11-10 12:00"):
        acme.goes_to(clock)
    assert [] == steps(acme)

    acme.usage.thaw()
    acme.goes_to("2026-11-10 20:00")
    assert [] == steps(acme)
    acme.goes_to("2026-11-11 09:00")
    assert ["reminder"] == steps(acme)


def test_the_ladder_of_an_open_alert_is_the_one_it_began_with(acme: Town) -> None:
    """A policy file that names another backup and another time changes nothing about it."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    acme.stop_bot()
    changed = CALM.replace("backup: lee@example.com", "backup: kim@example.com")
    acme.write_policy(changed.replace("defaults:\n", "defaults:\n  answer_within: {respond: 1h}\n"))
    acme.start_bot()
    acme.goes_to("2026-11-09 11:00")
    assert [] == steps(acme)
    acme.goes_to("2026-11-09 17:01")
    acme.goes_to("2026-11-10 09:00")

    assert ["reminder", "backup"] == steps(acme)
    assert [] == acme.said_to("kim")
    assert 1 == len(acme.said_to("lee"))


def test_a_budget_that_left_the_policy_asks_nobody(acme: Town) -> None:
    """Its alert is nobody's any more."""
    acme.goes_to("2026-11-09 09:00")
    acme.spends("85")
    acme.turn()
    acme.stop_bot()
    larger = CALM.replace("id: search", "id: ranking").replace("limit: 100\n", "limit: 9000\n")
    acme.write_policy(larger.replace("limit: 1000\n", "limit: 9000\n"))
    acme.start_bot()
    for clock in ("2026-11-09 17:01", "2026-11-10 09:00", "2026-11-10 14:00"):
        acme.goes_to(clock)

    assert ["respond:"] == [text.split()[0] for text in acme.said_to("dana")]
    assert [] == steps(acme)


# People who are away or gone.


def test_an_owner_on_vacation_has_a_delegate(acme: Town) -> None:
    """Alert and reminder go to the delegate, who answers; after the last day they come back."""
    acme.goes_to("2026-11-09 09:00")
    assert "Fri 13 Nov" in acme.person("dana").types("/budget delegate @tom until Friday").text
    acme.settles()
    own = len(acme.said_to("dana"))
    acme.spends("85")
    acme.turn()
    assert own == len(acme.said_to("dana"))
    begins = "For <@U0DANA>, who is away until the end of Fri 13 Nov:"
    assert acme.last_dm("tom").text.startswith(f"{begins} respond: Search ranking")
    acme.goes_to("2026-11-09 17:01")
    assert acme.last_dm("tom").text.startswith(f"{begins} Reminder: no answer since Mon 9 Nov")
    pressed(acme, "tom", "alert:ack")
    assert acme.last_dm("tom").text.startswith(f"{begins} respond: Search ranking")
    assert "<@U0TOM> is on it" in acme.last_dm("tom").text

    # A delegate decides nothing in somebody's place.
    assert "Decided by finance" in acme.person("tom").types("/budget request search 40 x").text

    # Friday 23:59 is still theirs, Monday is Dana's.
    acme.goes_to("2026-11-13 23:59")
    acme.spends("11")
    acme.turn()
    assert acme.last_dm("tom").text.startswith(f"{begins} intervene:")
    tom = len(acme.said_to("tom"))
    acme.goes_to("2026-11-14 01:01")
    assert acme.last_dm("dana").text.startswith("Reminder: no answer since Fri 13 Nov 23:59.")
    assert tom == len(acme.said_to("tom"))


def test_a_delegates_own_delegation_is_not_followed(acme: Town) -> None:
    """Two who stand in for each other: each gets the other's, and nothing goes round."""
    acme.person("dana").types("/budget delegate @tom until tomorrow")
    answer = acme.person("tom").types("/budget delegate @dana until tomorrow")
    assert "<@U0DANA> is away, too" in answer.text
    acme.settles()
    acme.spends("85")
    acme.turn()

    assert "respond: Search ranking" in acme.last_dm("tom").text
    assert not any("respond:" in text for text in acme.said_to("dana"))


def test_a_delegate_who_leaves_loses_no_alert(acme: Town) -> None:
    """It goes to whom it was meant for."""
    acme.person("dana").types("/budget delegate @tom until 2026-11-30")
    acme.settles()
    acme.slack.deactivate(acme.person("tom"))
    acme.spends("85")
    acme.goes_to("2026-11-06 17:30")

    assert acme.last_dm("dana").text.startswith("respond: Search ranking")


def test_an_owner_who_left_is_told_to_the_operators_once(acme: Town) -> None:
    """Every alert and reminder goes to the backup at once; the operators read of it one time."""
    acme.goes_to("2026-11-09 09:00")
    acme.slack.deactivate(acme.person("dana"))
    acme.spends("55")
    acme.turn()
    acme.spends("30")
    acme.goes_to("2026-11-09 10:00")
    acme.goes_to("2026-11-10 09:00")

    begins = "For dana@example.com, who cannot be reached in Slack: "
    assert [True] * 3 == [text.startswith(begins) for text in acme.said_to("lee")]
    look, respond, reminder = (text.removeprefix(begins) for text in acme.said_to("lee"))
    assert look.startswith("look: ")
    assert respond.startswith("respond: ")
    assert reminder.startswith("Reminder: ")
    assert "Replaced by the newer alert: respond" in look
    assert 1 == len([t for t in acme.said_in("#ai-budget-ops") if "Not delivered" in t])


def test_without_a_backup_the_approvers_get_it(tmp_path: Path, database_url: str) -> None:
    """Every approver of the budget's routes, the members of a user group among them."""
    alone = CALM.replace("    backup: lee@example.com\n", "").replace(
        "approvers: [finance]}\n", "approvers: [finance, leads]}\n"
    )
    with town(tmp_path, database_url, "http", at(FRIDAY), alone) as acme:
        acme.turn()
        acme.slack.deactivate(acme.person("dana"))
        acme.spends("85")
        acme.turn()

        begins = "For dana@example.com, who cannot be reached in Slack: respond: Search"
        for name in ("fin", "pat"):  # pat is the one member of leads
            (told,) = acme.said_to(name)
            assert told.startswith(begins)


def test_the_digest_says_how_good_the_alerts_were(acme: Town) -> None:
    """Answered in time, escalated, useful or noise, and how long before the limit it was said."""
    acme.goes_to("2026-11-09 10:00")
    acme.spends("85")
    acme.turn()
    acme.goes_to("2026-11-09 11:00")
    pressed(acme, "dana", "alert:ack")
    acme.person("dana").presses("alert:useful", acme.last_dm("dana"))
    acme.slack.wait_until(lambda: "👍 useful" in acme.last_dm("dana").text)
    acme.goes_to("2026-11-11 22:00")
    acme.spends("20")
    acme.turn()
    for clock in ("23:01", "23:32"):
        acme.goes_to(f"2026-11-11 {clock}")
    acme.goes_to("2026-11-16 09:00")

    digest = acme.said_in("#ai-budgets")[-1]
    assert "2 sent, 1 answered, 1 of them in time; 1 went beyond the owner; 1 useful, 0 noise" in (
        digest
    )
    assert "limits that were reached were warned of 2.5 days before (median)" in digest
