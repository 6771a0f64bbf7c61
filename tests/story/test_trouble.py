"""What goes wrong in life: people leave, sources fail, figures come late, targets forget."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.flows import rehearsal
from bot.schedule import run_all
from tests.story.town import POLICY, Town, at, town

# The month of test_month, and the races, go through both databases; what is told is the same.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme on a Tuesday morning, with the first limits at the gateway."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00")) as place:
        place.turn()
        yield place


def test_an_owner_who_left_is_not_dropped(acme: Town) -> None:
    """The backup gets the alert in the owner's place, and the operators hear of it once."""
    acme.slack.deactivate(acme.person("dana"))
    acme.spends("85")
    acme.goes_to("2026-11-03 10:00")
    acme.goes_to("2026-11-03 11:00")

    (alert,) = acme.said_to("lee")
    assert alert.startswith("For dana@example.com, who cannot be reached in Slack: respond: Search")
    (told,) = acme.said_in("#ai-budget-ops")
    assert "Not delivered" in told
    assert "dana@example.com" in told
    assert ["alert:ack", "alert:request", "alert:planned"] == [
        button[0] for button in acme.last_dm("lee").buttons()
    ]


def test_an_owner_nobody_knows_is_told_to_the_operators(acme: Town) -> None:
    """A misspelt address in the policy file loses no alert, and the remedy is named."""
    acme.stop_bot()
    acme.write_policy(POLICY.replace("dana@example.com", "dnaa@example.com"))
    acme.start_bot()
    acme.spends("85")
    acme.goes_to("2026-11-03 10:00")

    assert 1 == len(acme.said_to("lee"))
    assert "correct it in the policy file" in acme.said_in("#ai-budget-ops")[-1]


def test_nothing_fires_while_the_figures_stand_still(acme: Town) -> None:
    """Blind is told once, with since when; the all-clear comes, and then the alert."""
    acme.usage.freeze()
    acme.clock.to(at("2026-11-03 12:00"))
    acme.spends("85")
    acme.goes_to("2026-11-03 14:00")
    assert [] == acme.said_in("#ai-budget-ops")
    acme.goes_to("2026-11-03 15:30")
    acme.goes_to("2026-11-03 16:30")

    (told,) = acme.said_in("#ai-budget-ops")
    assert "Blind since Tue 3 Nov 09:00" in told
    assert "blind since Tue 3 Nov 09:00" in acme.person("tom").types("/budget status").text

    acme.usage.thaw()
    acme.goes_to("2026-11-03 17:00")
    assert "All clear" in acme.said_in("#ai-budget-ops")[-1]
    assert acme.said_to("dana")[0].startswith("respond: Search ranking has spent $85")


def test_an_outage_of_two_days_is_read_again(acme: Town) -> None:
    """What was spent while the API was down counts afterwards, once."""
    acme.clock.to(at("2026-11-03 12:00"))
    acme.spends("30")
    acme.turn()
    acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    acme.clock.to(at("2026-11-04 12:00"))
    acme.spends("25")
    report = acme.turn()
    assert 1 == len(report.errors)
    acme.usage.faults.clear()
    acme.goes_to("2026-11-07 09:00")

    # by its days so far it has less than a lead time left
    assert acme.said_to("dana")[-1].startswith("intervene: Search ranking has spent $55 of $100")
    assert 2 == len(acme.said_in("#ai-budget-ops"))


def test_late_and_revised_figures_heal_themselves(acme: Town) -> None:
    """A row that comes late is added, a row that is corrected is replaced."""
    acme.clock.to(at("2026-11-03 12:00"))
    event = acme.usage.spend(acme.clock(), "40", workspace="team-search")
    acme.usage.spend(
        acme.clock(), "30", workspace="team-search", visible_at=acme.clock() + timedelta(hours=5)
    )
    acme.goes_to("2026-11-03 13:00")
    assert "$40 of $100" in acme.person("tom").types("/budget status search").text

    acme.usage.revise(event, usd="25")
    acme.goes_to("2026-11-03 18:00")
    assert "$55 of $100" in acme.person("tom").types("/budget status search").text


def test_what_nobody_claims_is_shown(acme: Town) -> None:
    """Spend without a rule is on the unattributed budget, in dollars and per cent, in the digest."""
    acme.clock.to(at("2026-11-03 12:00"))
    acme.spends("30")
    acme.spends("10", workspace="somebody-else")
    acme.goes_to("2026-11-09 09:00")

    assert "Unattributed: $10 of $40 this period (25 %)" in acme.said_in("#ai-budgets")[-1]
    assert "Unattributed (unattributed): $10" in acme.person("tom").types("/budget status all").text


def is_only_accepted(acme: Town) -> None:
    """Dana's $40 are approved, and the gateway has taken note without holding them."""
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    acme.gateway.faults.add("accept_unapplied", times=1)
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: "accepted the new limit of $140" in acme.last_dm("fin").text)
    acme.settles()


def test_a_target_that_only_accepts_is_never_called_confirmed(acme: Town) -> None:
    """Accepted and confirmed are two words; it is asked again until it confirms."""
    is_only_accepted(acme)

    assert not any("✓" in text or "lifted" in text for text in acme.said_to("dana"))
    assert Decimal(100) == acme.limit_at_gateway()

    acme.goes_to("2026-11-03 10:30")
    assert Decimal(140) == acme.limit_at_gateway()
    assert "Limit lifted to $140 ✓ 10:30" in acme.last_dm("fin").text


def test_a_target_that_accepts_and_then_refuses(acme: Town) -> None:
    """Whoever waits reads that it was refused: on the cards, in a DM, and where the limit is shown."""
    is_only_accepted(acme)
    acme.gateway.faults.add("status", times=None, status=400)
    acme.goes_to("2026-11-03 10:30")

    refused = "the enforcement target has refused it, and the operators were told"
    assert any(refused in text for text in acme.said_to("dana")[-1:])
    assert not any("has accepted the" in text for text in acme.said_to("dana"))
    (card,) = acme.said_in("#ai-approvals")
    assert refused in card
    acme.person("dana").opens_home()
    acme.slack.wait_until(lambda: acme.person("dana").home() is not None)
    home = acme.person("dana").home()
    assert home is not None
    (budget,) = [b for b in home.blocks if b["block_id"] == "budget_search"]
    assert "of $140" in budget["text"]["text"]
    assert refused in budget["text"]["text"]


def test_a_database_from_an_old_backup_catches_up_with_the_target(acme: Town) -> None:
    """The gateway holds a later version than we know of: ours goes past it."""
    held = acme.gateway.snapshot()
    search = held["search"]
    acme.gateway.restore({**held, "search": replace(search, version=41)})
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == Decimal(140))

    assert 42 == acme.gateway.holds("search").version


def test_a_new_limit_in_the_policy_file_arms_the_stages_again(acme: Town) -> None:
    """The change is a revision of the allocation, reaches the gateway, and is alerted anew."""
    acme.spends("85")
    acme.goes_to("2026-11-03 10:00")
    acme.stop_bot()
    acme.write_policy(POLICY.replace("limit: 100\n", "limit: 150\n"))
    acme.start_bot()
    acme.goes_to("2026-11-03 10:05")

    assert Decimal(150) == acme.limit_at_gateway()
    stages = [text.split(":")[0] for text in acme.said_to("dana")]
    assert ["respond", "look"] == stages


def test_at_its_limit_a_budget_is_blocked_and_a_raise_opens_it(acme: Town) -> None:
    """The prepared response holds at the limit; the exception ends it, and its end brings it back."""
    acme.spends("101")
    acme.goes_to("2026-11-03 10:00")
    assert ("block", Decimal(100)) == (
        acme.gateway.holds("search").mode,
        acme.limit_at_gateway(),
    )
    assert acme.said_to("dana")[-1].startswith("exhausted: Search ranking has spent $101 of $100")

    acme.person("dana").types("/budget request search 50 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.gateway.holds("search").mode == "allow")
    assert Decimal(150) == acme.limit_at_gateway()

    acme.goes_to("2026-11-17 10:30")
    assert ("block", Decimal(100)) == (
        acme.gateway.holds("search").mode,
        acme.limit_at_gateway(),
    )


def test_a_request_nobody_decides_expires(acme: Town) -> None:
    """After its time the card says so everywhere, the requester is told, and a click is answered."""
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    card = acme.last_dm("fin")
    acme.goes_to("2026-11-04 10:01")

    assert "Expired" in acme.last_dm("fin").text
    assert any("nobody decided in time" in text for text in acme.said_to("dana"))
    acme.person("fin").presses("request:approve", card)
    acme.slack.wait_until(
        lambda: any("was expired already" in m.text for m in acme.person("fin").ephemerals())
    )
    assert Decimal(100) == acme.limit_at_gateway()


def test_a_rehearsal_leaves_nothing_behind(acme: Town) -> None:
    """On both databases a dry run says everything and writes nothing."""
    acme.spends("85")
    acme.clock.to(at("2026-11-03 10:00"))
    bot = acme.bot.bot
    with bot.db.rehearsal() as database:
        rehearsed = replace(bot, db=database, wake=lambda: None)
        mark = rehearsal.newest(rehearsed)
        run_all(rehearsed, acme.clock())
        said = rehearsal.said_since(rehearsed, mark)

    assert any("respond: Search ranking has spent $85" in line for line in said)
    assert mark == rehearsal.newest(bot)
    acme.turn()
    assert 1 == len(acme.said_to("dana"))


def test_a_period_ends_and_the_next_begins_at_nothing(acme: Town) -> None:
    """On the first of December the spend of November is over, and the gateway knows the period."""
    acme.spends("85")
    acme.goes_to("2026-11-03 10:00")
    acme.goes_to("2026-12-01 00:05")
    acme.spends("51")
    acme.goes_to("2026-12-01 09:00")

    assert "Search ranking has spent $51 of $100" in acme.said_to("dana")[-1]
    assert 2 == acme.gateway.holds("search").version

    dana = acme.person("dana")
    dana.presses("alert:ack", next(m for m in dana.dms() if "$85 of $100" in m.text))
    said = acme.slack.wait_until(dana.ephemerals)[-1].text
    assert "The period of this alert is over; the next one has alerts of its own." == said


def test_exceptions_together_stay_within_the_policy(acme: Town) -> None:
    """Two requests that fit one by one: the second can no longer be approved, and is told why."""
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    fin = acme.person("fin")
    for who, reason in (("dana", "launch week"), ("tom", "and the reranker")):
        acme.person(who).types(f"/budget request search 40 {reason}")
        acme.settles()
    first, second = fin.dms()[-2:]
    fin.presses("request:approve", first)
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == Decimal(140))
    fin.presses("request:approve", second)
    acme.slack.wait_until(lambda: any("allows $10 more" in m.text for m in fin.ephemerals()))

    acme.settles()
    assert Decimal(140) == acme.limit_at_gateway()


def test_a_budget_that_only_notifies_is_never_cut_off(acme: Town) -> None:
    """The gateway is told what the owner wants at the limit, and lets the requests pass."""
    acme.spends("301", workspace="x", api_key="growth-prod")
    acme.goes_to("2026-11-03 10:00")

    assert "people are told, nothing is cut" not in acme.said_to("lee")[-1]
    assert "Nothing is cut." in acme.said_to("lee")[-1]
    assert acme.gateway.request("growth", "1").allowed


def test_small_requests_add_up_to_the_route_of_a_large_one(acme: Town) -> None:
    """The owner may decide on a tenth of the allocation, not on one tenth after the other."""
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    for reason in ("first", "second"):
        acme.person("tom").types(f"/budget request search 10 {reason}")
        acme.settles()
        if reason == "first":
            acme.person("dana").presses("request:approve", acme.last_dm("dana"))
            acme.slack.wait_until(lambda: acme.limit_at_gateway() == Decimal(110))
            acme.settles()

    assert "Decided by finance" in acme.last_dm("fin").text
    assert "second" in acme.last_dm("fin").text


def test_a_target_that_is_down_is_told_after_ten_minutes(acme: Town) -> None:
    """Once; the bot goes on trying, and the limit arrives when the target is back."""
    acme.spends("60")
    acme.goes_to("2026-11-03 10:00")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    acme.gateway.faults.add("status", times=None, status=503)
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: len(acme.gateway.journal) > 4)
    for minutes in (11, 12, 13):
        acme.clock.to(at(f"2026-11-03 10:{minutes}"))
        seen = len(acme.gateway.journal)
        acme.bot.bot.wake()
        acme.slack.wait_until(lambda seen=seen: len(acme.gateway.journal) > seen)  # type: ignore[misc]
    acme.gateway.faults.clear()
    acme.goes_to("2026-11-03 10:20")

    assert Decimal(140) == acme.limit_at_gateway()
    down = [text for text in acme.said_in("#ai-budget-ops") if "not answered as it should" in text]
    assert 1 == len(down)
