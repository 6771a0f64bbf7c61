"""Importing files: every dollar lands once, whatever crashes, comes twice or overlaps."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.clients.slack import Slack
from bot.clock import utc_now
from bot.config.load import load_policy
from bot.domain.attribution import Charge
from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.money import Micros, micros
from bot.domain.policy import Basis
from bot.domain.usage import Tokens, UsageRow, Window
from bot.flows import importing
from bot.flows.importing import import_file
from bot.parts import Bot
from store import audit_reading, directory, ledger, sources, standings, usage_rows
from store.db import Database

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
START = datetime(2026, 11, 2, tzinfo=UTC)
POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}
  digest: {day: mon, at: "09:00"}
approvers:
  finance: {people: [fin@example.com]}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    routes:
      - {up_to: 50%, approvers: [finance]}
unattributed: {owner: ops@example.com}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    limit: 100
    match: [{workspace: team-search}]
  - id: growth
    name: Growth
    owner: lee@example.com
    limit: 300
    match: [{api_key: "growth-*"}]
"""


@pytest.fixture
def bot(db: Database, tmp_path: Path) -> Bot:
    """A bot that never talks to anybody."""
    path = tmp_path / "budgets.yaml"
    path.write_text(POLICY)
    return Bot(
        policy=load_policy(path).policy,
        db=db,
        slack=Slack(WebClient(token="", base_url="http://127.0.0.1:9/")),
        sources={},
        targets={},
        clock=utc_now,
    )


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines in each transaction, so that a small file has many."""
    monkeypatch.setattr(importing, "BATCH", 3)


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of usage."""

    def _write(text: str) -> Path:
        path = tmp_path / "usage.csv"
        path.write_text(text)
        return path

    return _write


def lines(hours: Sequence[int], workspace: str = "team-search", usd: str = "1") -> str:
    """A plain CSV with a line for each hour."""
    rows = [f"{START + hour * HOUR:%Y-%m-%dT%H:%MZ},{usd},{workspace}\n" for hour in hours]
    return "at,cost_usd,workspace\n" + "".join(rows)


def held(db: Database) -> list[UsageRow]:
    """Every row in the ledger, in no order that matters."""
    ever = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with db.transaction() as tx:
        names = usage_rows.sources_between(tx, ever.starts_at, ever.ends_at)
        rows = [row for name in names for row in usage_rows.of_window(tx, name, ever)]
    return sorted(rows, key=lambda row: (row.source, row.row_id or ""))


def spent(db: Database) -> dict[str, Micros]:
    """By budget, whenever it was."""
    with db.transaction() as tx:
        return dict(ledger.spend(tx, START - 9 * timedelta(days=365), NOW + 99 * HOUR, Basis.NET))


def saw(db: Database, source: str, starts_at: datetime, length: timedelta = HOUR) -> None:
    """Another source has charged an hour."""
    row = UsageRow(
        source=source,
        starts_at=starts_at,
        ends_at=starts_at + length,
        workspace_id=None,
        api_key_id=None,
        actor=None,
        model=None,
        product=None,
        net=micros(1),
        list=micros(1),
        tokens=Tokens(),
        requests=0,
    )
    with db.transaction() as tx:
        ledger.add(tx, source, [Charge("search", row, row.net, row.list)])


@pytest.mark.usefixtures("small_batches")
def test_each_line_lands_on_its_budget(bot: Bot, write: Write) -> None:
    """Unsorted lines in several transactions; what no rule claims is unattributed."""
    text = (
        "at,cost_usd,workspace,api_key\n"
        "2026-11-03T10:00Z,1.50,team-search,\n"
        "2026-11-02T10:00Z,2.00,,growth-7\n"
        "2026-11-05T10:00Z,-0.25,team-search,\n"
        "2026-11-04T10:00Z,4.00,elsewhere,\n"
        "2026-11-02T10:00Z,8.00,team-search,\n"
    )
    report = import_file(bot, write(text), NOW)

    expected = {"search": micros("9.25"), "growth": micros(2), "unattributed": micros(4)}
    assert expected == spent(bot.db) == report.net
    assert (5, 0) == (report.rows, report.refused)
    assert (START + 10 * HOUR, START + 83 * HOUR) == report.span


def test_names_in_the_file_are_matched_and_kept(bot: Bot, write: Write) -> None:
    """A rule may name the sub-account; the ledger keeps its id, and the store its name."""
    text = (
        "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BillingCurrency,EffectiveCost,"
        "SubAccountId,SubAccountName\n"
        "2026-11-02,2026-11-03,Usage,USD,5,wrkspc_9,team-search\n"
        "2026-11-02,2026-11-03,Tax,USD,1,wrkspc_9,team-search\n"
        "2026-11-02,2026-11-03,Tax,USD,2,,\n"
    )
    report = import_file(bot, write(text), NOW)

    with bot.db.transaction() as tx:
        known = directory.everything(tx)
    assert {"search": micros(5)} == spent(bot.db)
    assert "team-search" == known.workspaces["wrkspc_9"].name
    assert {"Tax": 2} == report.skipped
    assert {"Tax": micros(3)} == report.skipped_net


@pytest.mark.usefixtures("small_batches")
def test_twice_is_once(bot: Bot, write: Write, tmp_path: Path) -> None:
    """The same content under another name, too, ends with the same rows and ids."""
    path = write(lines([0, 1, 1, 2, 5, 5, 5, 5, 9]))
    first = import_file(bot, path, NOW)
    before = held(bot.db)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    second = import_file(bot, copy, NOW + HOUR)

    assert before == held(bot.db)
    assert 9 == len({row.row_id for row in before})
    assert {"search": micros(9)} == spent(bot.db)
    assert first == second


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("crash_at", range(1, 5))
def test_after_a_crash_the_same_command_completes_it(
    bot: Bot, write: Write, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    """Killed in any transaction, even between two parts of one hour, nothing is lost or doubled."""
    path = write(lines([0, 1, 2, 5, 5, 5, 5, 5, 9]))
    add, calls = ledger.add, iter(range(1, 99))

    def dies(tx: object, source: str, charges: Sequence[Charge]) -> None:
        add(tx, source, charges)  # type: ignore[arg-type]
        if next(calls) == crash_at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "add", dies)
        with pytest.raises(KeyboardInterrupt):
            import_file(bot, path, NOW)
    partly = spent(bot.db).get("search", 0)
    import_file(bot, path, NOW)

    assert partly < micros(9)
    assert {"search": micros(9)} == spent(bot.db)
    assert 9 == len(held(bot.db))


@pytest.mark.usefixtures("small_batches")
def test_two_at_once_are_once(bot: Bot, write: Write) -> None:
    """Two operators import the same file: each hour is replaced by one of them at a time."""
    path = write(lines([0, 1, 2, 5, 5, 5, 5, 5, 9] * 5))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: import_file(bot, path, NOW), range(2))

    assert first == second
    assert {"search": micros(45)} == spent(bot.db)


def test_another_reading_of_the_same_file_replaces_the_first(bot: Bot, write: Write) -> None:
    """With other columns mapped, nothing stays where the first reading had put it."""
    path = write("at,then,cost_usd,fee\n2026-11-02,2026-10-01,5,7\n")
    import_file(bot, path, NOW)
    import_file(bot, path, NOW, {"at": "then", "cost_usd": "fee"})

    (row,) = held(bot.db)
    assert (micros(7), 10) == (row.net, row.starts_at.month)


def test_hours_another_source_covers_are_refused(bot: Bot, write: Write) -> None:
    """What both saw would count twice: the source and the range are named, nothing is written."""
    saw(bot.db, "push:gateway", START + 2 * HOUR)
    path = write(lines([0, 1, 2, 3]))

    with pytest.raises(UserError) as refused:
        import_file(bot, path, NOW)
    assert "push:gateway from 2026-11-02T00:00Z to 2026-11-02T04:00Z" in refused.value.text
    assert "--overlap" in refused.value.text
    assert {"search": micros(1)} == spent(bot.db)


def test_with_overlap_it_is_imported(bot: Bot, write: Write) -> None:
    """When somebody says that it is different spend; the report and the record name it."""
    saw(bot.db, "push:gateway", START)
    report = import_file(bot, write(lines([0])), NOW, overlap=True)

    (entry,) = audit_reading.entries(bot.db)
    assert {"search": micros(2)} == spent(bot.db)
    assert ["push:gateway"] == [overlap.source for overlap in report.overlaps]
    assert ("usage.imported", report.source) == (entry.kind, entry.subject)
    assert entry.data["overlaps"] == [str(overlap) for overlap in report.overlaps]


def test_a_newer_file_takes_the_place_of_an_earlier_one(bot: Bot, write: Write) -> None:
    """An export of the month so far that has grown counts each of its hours once."""
    first = import_file(bot, write(lines([0, 1, 2])), NOW)
    grown = write(lines([0, 1, 2, 3]))
    with pytest.raises(UserError) as refused:
        import_file(bot, grown, NOW)
    assert "--newer" in refused.value.text

    report = import_file(bot, grown, NOW, newer=True)
    assert [first.source] == [earlier.source for earlier in report.replaced]
    assert {"search": micros(4)} == spent(bot.db)
    assert [] == import_file(bot, grown, NOW).replaced


def test_a_newer_file_that_does_not_reach_as_far_is_refused(bot: Bot, write: Write) -> None:
    """What only the earlier file tells of would be lost."""
    import_file(bot, write(lines([0, 1, 2, 3])), NOW)
    with pytest.raises(UserError) as refused:
        import_file(bot, write(lines([1, 2])), NOW, newer=True)

    assert "would be lost" in refused.value.text
    assert {"search": micros(4)} == spent(bot.db)


def test_newer_takes_back_imports_only(bot: Bot, write: Write) -> None:
    """What was polled or pushed stays, and still has to be meant."""
    saw(bot.db, "push:gateway", START)
    with pytest.raises(UserError, match="push:gateway"):
        import_file(bot, write(lines([0])), NOW, newer=True)


def test_hours_that_are_still_to_come_are_refused(bot: Bot, write: Write) -> None:
    """A wrong year is a slip, not usage; the other lines count."""
    report = import_file(bot, write("at,cost_usd\n2029-01-01,5\n2026-11-02,3\n"), NOW)

    assert (1, 1) == (report.rows, report.refused)
    assert "still to come" in str(report.shown[0])


def test_gaps_between_other_sources_are_free(bot: Bot, write: Write) -> None:
    """Hours before, between and after those of others overlap with nobody."""
    saw(bot.db, "push:gateway", START + HOUR)
    saw(bot.db, "push:gateway", START + 3 * HOUR)

    assert [] == import_file(bot, write(lines([0, 2, 4])), NOW).overlaps


def test_a_charge_that_still_runs_overlaps(bot: Bot, write: Write) -> None:
    """A day that another file counted whole covers its last hours, too."""
    saw(bot.db, "import:days", START, timedelta(days=1))

    with pytest.raises(UserError, match="import:days"):
        import_file(bot, write(lines([20])), NOW)


def test_a_polled_source_covers_what_it_has_read(bot: Bot, write: Write) -> None:
    """Also the hours in which it saw nothing; before and after them the file is welcome."""
    with bot.db.transaction() as tx:
        state = sources.load(tx, "anthropic")
        read = replace(state, covered_from=START, ok_at=NOW, refreshed_at=START + 5 * HOUR)
        sources.save(tx, read)

    assert [] == import_file(bot, write(lines([-1, 5])), NOW).overlaps
    with pytest.raises(UserError, match=r"anthropic from 2026-11-02T04:00Z to 2026-11-02T05:00Z"):
        import_file(bot, write(lines([4, 7])), NOW)


def test_imported_figures_are_as_old_as_the_file(bot: Bot, write: Write) -> None:
    """Never stale, for a file comes when it comes; and never as of now, when it ends before."""
    import_file(bot, write(lines([0, 1, 30])), NOW)
    with bot.db.transaction() as tx:
        found = standings.gather(tx, bot.policy, NOW)[BudgetId("search")].freshness

    assert (START + 31 * HOUR, False) == (found.as_of, found.stale)


def test_a_dry_run_changes_nothing(bot: Bot, write: Write) -> None:
    """It says where the dollars would land and what overlaps, and writes not a row."""
    saw(bot.db, "push:gateway", START)
    before = held(bot.db)
    report = import_file(bot, write(lines([0, 1], "else") + "x,1,y\n"), NOW, dry_run=True)

    with bot.db.transaction() as tx:
        states = sources.load_all(tx)
    assert {"unattributed": micros(2)} == report.net
    assert (1, 1) == (len(report.overlaps), report.refused)
    assert before == held(bot.db)
    assert ([], []) == (states, list(audit_reading.entries(bot.db)))


def test_thousands_of_refusals_are_counted(bot: Bot, write: Write) -> None:
    """The first fifty are kept, the rest is a number; the good line is imported."""
    report = import_file(bot, write(lines([0]) + "x,1,y\n" * 4_000), NOW)

    assert (4_000, 50) == (report.refused, len(report.shown))
    assert "line 3, column at: not an ISO 8601 time: 'x'" == str(report.shown[0])
    assert {"search": micros(1)} == spent(bot.db)


def test_progress_is_told(bot: Bot, write: Write) -> None:
    """Bytes while it reads, rows while it writes."""
    told: list[tuple[str, int, int]] = []
    path = write(lines([0, 1]))
    import_file(bot, path, NOW, progress=lambda *step: told.append(step))

    size = path.stat().st_size
    assert ("reading", size, size) in told
    assert ("writing", 2, 2) == told[-1]


def test_an_empty_table_is_fine(bot: Bot, write: Write) -> None:
    """A header and no line: nothing happens."""
    report = import_file(bot, write("at,cost_usd\n"), NOW)

    assert (0, None, {}) == (report.rows, report.span, report.net)


def test_split_rows_sum_to_the_file(bot: Bot, write: Write) -> None:
    """Many lines with odd amounts, in many hours: the ledger holds the file's sum exactly."""
    costs = [Decimal(number * 7919 % 100_003) / 1_000_000 for number in range(6_000)]
    text = "at,cost_usd\n" + "".join(
        f"{START + index % 40 * HOUR:%Y-%m-%dT%H:%MZ},{cost:f}\n"
        for index, cost in enumerate(costs)
    )
    report = import_file(bot, write(text), NOW)

    assert {"unattributed": micros(sum(costs, Decimal(0)))} == spent(bot.db)
    assert 6_000 == report.rows
