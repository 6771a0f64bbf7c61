"""A tree of budgets: one person is told once, and every number is somebody's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.flows import records
from bot.flows.status import all_standings
from tests.story.town import POLICY, Town, at, town

# The product line is Dana's, too; its other team is Lee's.
FAMILY = (
    POLICY.replace("owner: pat@example.com", "owner: dana@example.com")
    .replace("limit: 1000", "limit: 120")
    .replace("limit: 300", "limit: 200")
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Platform ($120) and search ($100) are Dana's, growth is Lee's."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), FAMILY) as place:
        place.turn()
        yield place


def audited(acme: Town, kind: str) -> list[tuple[str, dict[str, object]]]:
    """Subject and data of the record's rows of a kind."""
    rows = list(records.audit_rows(acme.bot.bot, None, None))
    return [(str(row["subject"]), dict(row["data"])) for row in rows if row["kind"] == kind]


def stages(acme: Town, name: str) -> list[str]:
    """Who was told what: the stage and the budget."""
    return [text.split(" has spent")[0] for text in acme.said_to(name)]


def test_a_parent_that_would_say_the_same_to_the_same_person_is_silent(acme: Town) -> None:
    """One DM; the record says by which alert the other was said."""
    acme.spends("70")
    acme.goes_to("2026-11-03 10:00")

    assert ["look: Search ranking"] == stages(acme, "dana")
    ((subject, data),) = audited(acme, "alert.muted")
    assert subject.startswith("alert:platform:2026-11-01:120000000:look")
    assert ("look", 1, 70_000_000) == (data["stage"], data["said_by"], data["spent"])
    assert 1 == len(audited(acme, "alert.fired"))
    acme.goes_to("2026-11-03 10:01")
    assert 1 == len(audited(acme, "alert.muted"))


def test_a_worse_stage_of_the_parent_is_told(acme: Town) -> None:
    """Others have spent, too: now the parent is worse off than the child that was told."""
    acme.spends("70")
    acme.goes_to("2026-11-03 10:00")
    acme.spends("30", workspace="x", api_key="growth-prod")
    acme.goes_to("2026-11-03 11:00")

    assert ["look: Search ranking", "respond: Platform"] == stages(acme, "dana")
    assert [] == stages(acme, "lee")


def test_a_parent_whose_spend_is_mostly_others_is_told(acme: Town) -> None:
    """Whoever acts on the child does not act on that."""
    acme.spends("50")
    acme.goes_to("2026-11-03 10:00")
    acme.spends("51", workspace="x", api_key="growth-prod")
    acme.goes_to("2026-11-03 11:00")

    assert ["look: Search ranking", "respond: Platform"] == stages(acme, "dana")
    assert [] == audited(acme, "alert.muted")


def test_another_owner_is_told(tmp_path: Path, database_url: str) -> None:
    """The product line is Pat's: both hear of it."""
    pats = FAMILY.replace("owner: dana@example.com", "owner: pat@example.com", 1)
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), pats) as acme:
        acme.turn()
        acme.spends("70")
        acme.goes_to("2026-11-03 10:00")

        assert ["look: Search ranking"] == stages(acme, "dana")
        assert ["look: Platform"] == stages(acme, "pat")
        assert [] == audited(acme, "alert.muted")


def test_a_child_that_was_raised_since_says_nothing_for_its_parent(acme: Town) -> None:
    """Under its new limit the child is not at this stage any more, so the parent is told."""
    acme.spends("52")
    acme.goes_to("2026-11-03 10:00")
    assert ["look: Search ranking"] == stages(acme, "dana")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 140)
    acme.settles()
    told = len(acme.said_to("dana"))
    acme.spends("1")
    acme.spends("10", workspace="x", api_key="growth-prod")
    acme.goes_to("2026-11-03 11:00")

    assert ["look: Platform"] == stages(acme, "dana")[told:]
    assert [] == audited(acme, "alert.muted")


def test_the_digest_counts_what_people_got(acme: Town) -> None:
    """An alert that was said by another one was not sent."""
    acme.spends("70")
    acme.goes_to("2026-11-03 10:00")
    acme.goes_to("2026-11-09 09:00")

    assert 1 == len(audited(acme, "alert.muted"))
    assert "1 sent, 0 answered" in acme.said_in("#ai-budgets")[-1]


DEEP = FAMILY.replace(
    "budgets:\n",
    "budgets:\n  - {id: company, name: Company, owner: dana@example.com, limit: 130}\n",
    1,
).replace("    name: Platform\n", "    name: Platform\n    parent: company\n", 1)


def test_three_levels_of_one_person_are_one_message(tmp_path: Path, database_url: str) -> None:
    """Workload, squad and company: the deepest says it, and both others know by whom."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), DEEP) as acme:
        acme.turn()
        acme.spends("72")
        acme.goes_to("2026-11-03 10:00")

        assert ["look: Search ranking"] == stages(acme, "dana")
        assert [1, 1] == [data["said_by"] for _, data in audited(acme, "alert.muted")]
        spent = {str(s.budget.id): s.spent for s in all_standings(acme.bot.bot, acme.clock())}
        assert {72_000_000} == {spent[name] for name in ("company", "platform", "search")}


def test_a_jump_is_told_once_on_every_level(tmp_path: Path, database_url: str) -> None:
    """Past the limit of all three at once: the worst stage, by the child alone."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), DEEP) as acme:
        acme.turn()
        acme.spends("135")
        acme.goes_to("2026-11-03 10:00")

        assert ["exhausted: Search ranking"] == stages(acme, "dana")
        assert 2 == len(audited(acme, "alert.muted"))
