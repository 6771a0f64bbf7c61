"""Files of usage: what FOCUS and plain CSV lines become, and what is refused, with line and column."""

import csv
import io
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clients.usage.focus import Entry, UsageFile, name_of
from bot.clients.usage.focus_cells import tokens_a_unit
from bot.clients.usage.focus_charges import NotUsage
from bot.clients.usage.focus_plain import parse_map
from bot.clients.usage.focus_spool import Spool
from bot.clients.usage.focus_table import BadLine
from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.usage import Actor, Tokens, UsageRow

NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOCUS_12 = {
    "ProviderName": "Anthropic",
    "PublisherName": "Anthropic",
    "ServiceName": "Claude API",
    "ChargePeriodStart": "2026-11-01T00:00:00Z",
    "ChargePeriodEnd": "2026-11-01T01:00:00Z",
    "ChargeCategory": "Usage",
    "BillingCurrency": "USD",
    "BilledCost": "1.10",
    "EffectiveCost": "1.00",
    "ListCost": "1.25",
    "SubAccountId": "wrkspc_1",
    "SubAccountName": "team-search",
    "SkuId": "claude-sonnet-5-5",
    "SkuMeter": "Output tokens",
    "SkuPriceDetails": "",
    "ConsumedQuantity": "1200",
    "ConsumedUnit": "tokens",
    "Tags": '{"team_id": "search", "user_id": "ann@example.com", "env": "prod"}',
}
FOCUS_13 = {
    **{name: cell for name, cell in FOCUS_12.items() if not name.startswith(("Prov", "Publ"))},
    "ServiceProviderName": "Anthropic",
    "HostProviderName": "AWS",
    "x_Model": "claude-opus-5-5",
    "SkuPriceDetails": '{"x_TokenType": "cache_write", "x_CacheTtl": "1h"}',
}


def csv_text(*lines: Mapping[str, str], delimiter: str = ",") -> str:
    """Lines with the header of the first one."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def read(
    folder: Path,
    content: str | bytes,
    mapping: Sequence[str] = (),
    zone: ZoneInfo = NEW_YORK,
) -> list[Entry]:
    """What a file with this content says."""
    path = folder / "usage.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with closing(UsageFile(path, "file", parse_map(mapping), zone)) as file:
        return list(file.read())


def one(entries: list[Entry]) -> UsageRow:
    """The only entry, which is a row."""
    (entry,) = entries
    assert isinstance(entry, UsageRow), entry
    return entry


def test_focus_1_2(tmp_path: Path) -> None:
    """Every column that is read lands on its field."""
    row = one(read(tmp_path, csv_text(FOCUS_12)))

    expected = UsageRow(
        source="import:file",
        starts_at=START,
        ends_at=START + HOUR,
        workspace_id="wrkspc_1",
        api_key_id=None,
        actor=Actor("user", "ann@example.com", "ann@example.com"),
        model="claude-sonnet-5-5",
        product="Claude API",
        net=micros("1.00"),
        list=micros("1.25"),
        tokens=Tokens(output=1200),
        requests=0,
        team="search",
        tags=(("env", "prod"), ("team_id", "search"), ("user_id", "ann@example.com")),
        row_id=row.row_id,
    )
    assert expected == row


def test_focus_1_3(tmp_path: Path) -> None:
    """The newer provider columns do; the SKU's details say which tokens, `x_Model` which model."""
    row = one(read(tmp_path, csv_text(FOCUS_13)))

    assert Tokens(cache_creation_1h=1200) == row.tokens
    assert "claude-opus-5-5" == row.model


@pytest.mark.parametrize(("text", "form"), [(FOCUS_12, "FOCUS 1.2"), (FOCUS_13, "FOCUS 1.3")])
def test_the_form_is_recognized(tmp_path: Path, text: dict[str, str], form: str) -> None:
    """By its columns, not by its name; and the workspace's name is kept for the rules."""
    path = tmp_path / "x"
    path.write_text(csv_text(text))
    with closing(UsageFile(path, "x", {}, NEW_YORK)) as file:
        list(file.read())

        assert form == file.form
        assert {"wrkspc_1": "team-search"} == file.workspaces


@pytest.mark.parametrize(
    ("changed", "net", "gross"),
    [
        ({"EffectiveCost": ""}, "1.10", "1.25"),
        ({"ListCost": ""}, "1.00", "1.00"),
        ({"ListCost": "", "ListUnitPrice": "0.002", "PricingQuantity": "750"}, "1.00", "1.50"),
        ({"EffectiveCost": "-0.40", "ListCost": "-0.5"}, "-0.40", "-0.5"),
        ({"EffectiveCost": "1E-3", "ListCost": "2.5e1"}, "0.001", "25"),
    ],
)
def test_which_cost_counts(tmp_path: Path, changed: dict[str, str], net: str, gross: str) -> None:
    """Effective before billed, list before price times quantity; a correction stays negative."""
    row = one(read(tmp_path, csv_text({**FOCUS_12, **changed})))

    assert (micros(net), micros(gross)) == (row.net, row.list)


@pytest.mark.parametrize(
    ("meter", "expected"),
    [
        ("Input tokens", Tokens(uncached_input=1200)),
        ("prompt", Tokens(uncached_input=1200)),
        ("cache_read_input_tokens", Tokens(cache_read=1200)),
        ("Cache hits", Tokens(cache_read=1200)),
        ("cache creation 5m", Tokens(cache_creation_5m=1200)),
        ("Cache Writes (1h)", Tokens(cache_creation_1h=1200)),
        ("completion", Tokens(output=1200)),
        ("something new", Tokens(uncached_input=1200)),
    ],
)
def test_the_kind_of_token(tmp_path: Path, meter: str, expected: Tokens) -> None:
    """The meter names it in whatever words the producer has."""
    assert expected == one(read(tmp_path, csv_text({**FOCUS_12, "SkuMeter": meter}))).tokens


@pytest.mark.parametrize(
    ("unit", "tokens"),
    [("Tokens", 1), ("1K tokens", 1000), ("Million tokens", 10**6), ("1000 tokens", 1000)],
)
def test_units_of_tokens(unit: str, tokens: int) -> None:
    """Some producers count in thousands or millions."""
    assert tokens == tokens_a_unit(unit)
    assert tokens_a_unit("requests") is None


def test_requests_are_no_tokens(tmp_path: Path) -> None:
    """A quantity of requests is counted as such."""
    row = one(read(tmp_path, csv_text({**FOCUS_12, "ConsumedUnit": "Requests"})))

    assert (1200, 0) == (row.requests, row.tokens.total)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-01T00:20:00Z", "2026-11-01T00:40:00Z", 1),
        ("2026-11-01 00:00:00", "2026-11-02 00:00:00 UTC", 24),
        ("2026-11-01", "2026-11-04", 72),
        ("2026-10-31T20:00:00-04:00", "2026-11-01T01:30:00+00:00", 2),
    ],
)
def test_charge_periods_are_hours(tmp_path: Path, start: str, end: str, hours: int) -> None:
    """A long charge is one row at its start; a time without a zone is UTC, as FOCUS says."""
    line = {**FOCUS_12, "ChargePeriodStart": start, "ChargePeriodEnd": end}
    row = one(read(tmp_path, csv_text(line)))

    assert (START, START + hours * HOUR) == (row.starts_at, row.ends_at)


@pytest.mark.parametrize("category", ["Purchase", "Credit", "Tax", "Adjustment"])
def test_what_is_no_usage_is_skipped(tmp_path: Path, category: str) -> None:
    """Counted with its amount, and no fault of the file."""
    (entry,) = read(tmp_path, csv_text({**FOCUS_12, "ChargeCategory": category}))

    assert NotUsage(2, category, micros(1)) == entry


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("EffectiveCost", "abc", "not a plain number: 'abc'"),
        ("EffectiveCost", "NaN", "not a plain number: 'NaN'"),
        ("EffectiveCost", "1,234.50", "not a plain number: '1,234.50'"),
        ("EffectiveCost", "1e30", "more than $1,000,000,000: '1e30'"),
        ("ListCost", "$5", "not a plain number: '$5'"),
        ("BillingCurrency", "EUR", "'EUR' is not USD"),
        ("BillingCurrency", "", "is empty"),
        ("ChargeCategory", "", "is empty"),
        ("ChargePeriodStart", "yesterday", "not an ISO 8601 time: 'yesterday'"),
        ("ChargePeriodStart", "0001-01-01T00:00:00Z", "not a year of usage"),
        ("ChargePeriodEnd", "2026-10-01T00:00:00Z", "not after ChargePeriodStart"),
        ("Tags", "{team: x}", "not a JSON object: '{team: x}'"),
        ("Tags", "[1]", "not a JSON object: '[1]'"),
        ("Tags", "[" * 100_000, "not a JSON object"),
        ("Tags", '{"team": "a\\u0000b"}', "holds an escape that is no character"),
        ("Tags", '{"team": "\\ud83d"}', "holds an escape that is no character"),
        ("SkuPriceDetails", "x", "not a JSON object"),
        ("ConsumedQuantity", "many", "not a plain number: 'many'"),
        ("ConsumedQuantity", "9" * 25, "more than anybody uses"),
        ("SubAccountId", "a\0b", "holds a NUL character"),
        ("SubAccountId", "\udcff", "not UTF-8"),
    ],
)
def test_a_bad_cell_costs_its_line(tmp_path: Path, column: str, cell: str, reason: str) -> None:
    """Line, column and reason; the lines around it are read."""
    text = csv_text(FOCUS_12, {**FOCUS_12, column: cell}, FOCUS_12)
    before, bad, after = read(tmp_path, text.encode(errors="surrogateescape"))

    assert isinstance(before, UsageRow)
    assert isinstance(after, UsageRow)
    assert isinstance(bad, BadLine)
    assert (3, column) == (bad.line, bad.column)
    assert bad.reason.startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-11-01,1,x,y", "4 cells, but the header has 2"),
        ("2026-11-01", "1 cells, but the header has 2"),
        ('2026-11-01,"1"x', "not CSV"),
        ("2026-11-01,", "cost_usd: is empty"),
        (",1", "at: is empty"),
    ],
)
def test_a_bad_line_costs_itself(tmp_path: Path, line: str, reason: str) -> None:
    """Cells too many or too few, stray quotes, what is needed and empty."""
    text = f"at,cost_usd\n2026-11-01,1\n{line}\n\n2026-11-02,2\n"
    _, bad, after = read(tmp_path, text)

    assert isinstance(bad, BadLine)
    assert isinstance(after, UsageRow)
    assert 3 == bad.line
    assert reason in f"{bad.column}: {bad.reason}"


def test_a_quote_that_never_ends_says_what_it_took(tmp_path: Path) -> None:
    """It cannot swallow the file unseen, nor fill the memory."""
    text = 'at,cost_usd\n2026-11-01,1\n2026-11-02,"2\n' + "2026-11-03,3\n" * 20_000
    entries = read(tmp_path, text)

    bad = [entry for entry in entries if isinstance(entry, BadLine)]
    assert 3 == bad[0].line
    assert "lines 3 to" in bad[0].reason
    assert 9_000 < sum(isinstance(entry, UsageRow) for entry in entries)


def test_a_bom_quotes_and_newlines_in_cells(tmp_path: Path) -> None:
    """What spreadsheets write: a byte order mark, and cells with commas, quotes and newlines."""
    text = csv_text({"at": "2026-11-01", "cost_usd": "1", "team": 'a "b",\nc'})
    bad = "2026-11-01,x,y\n"
    row, refused = read(tmp_path, b"\xef\xbb\xbf" + (text + bad).encode())

    assert isinstance(row, UsageRow)
    assert isinstance(refused, BadLine)
    assert 'a "b",\nc' == row.team
    assert 4 == refused.line


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_separators(tmp_path: Path, delimiter: str) -> None:
    """A spreadsheet with a European locale separates with semicolons."""
    line = {"at": "2026-11-01", "cost_usd": "1.5"}

    assert micros("1.5") == one(read(tmp_path, csv_text(line, delimiter=delimiter))).net


def test_a_plain_csv_with_our_names(tmp_path: Path) -> None:
    """Every match field, tokens and tags by their own names; columns nobody knows are left."""
    line = {
        "at": "2026-11-01T05:10:00Z",
        "cost_usd": "2",
        "list_usd": "3",
        "workspace": "wrkspc_1",
        "api_key": "growth-1",
        "actor": "ann@example.com",
        "model": "claude-opus-5-5",
        "product": "api",
        "team": "search",
        "tier": "batch",
        "tag:env": "prod",
        "requests": "7",
        "output_tokens": "9",
        "comment": "none",
    }
    row = one(read(tmp_path, csv_text(line)))

    expected = UsageRow(
        source="import:file",
        starts_at=START + 5 * HOUR,
        ends_at=START + 6 * HOUR,
        workspace_id="wrkspc_1",
        api_key_id="growth-1",
        actor=Actor("user", "ann@example.com", "ann@example.com"),
        model="claude-opus-5-5",
        product="api",
        net=micros(2),
        list=micros(3),
        tokens=Tokens(output=9),
        requests=7,
        service_tier="batch",
        team="search",
        tags=(("env", "prod"),),
        row_id=row.row_id,
    )
    assert expected == row


def test_a_plain_csv_with_a_map(tmp_path: Path) -> None:
    """`--map` names the columns, once or several times."""
    line = {"timestamp": "2026-11-01T00:00Z", "amount": "2", "project": "p", "environment": "prod"}
    row = one(
        read(
            tmp_path,
            csv_text(line),
            ["at=timestamp,cost_usd=amount", "workspace=project,tag:env=environment"],
        )
    )

    assert (micros(2), "p", (("env", "prod"),)) == (row.net, row.workspace_id, row.tags)


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC), 25),
        ("Asia/Kolkata", datetime(2026, 10, 31, 18, 30, tzinfo=UTC), 24),
    ],
)
def test_a_plain_day_is_a_day_of_the_organization(
    tmp_path: Path, zone: str, start: datetime, hours: int
) -> None:
    """From midnight to midnight on its clocks, changed or half an hour beside UTC as they may be."""
    row = one(read(tmp_path, "at,cost_usd\n2026-11-01,1\n", zone=ZoneInfo(zone)))

    assert (start, start + hours * HOUR) == (row.starts_at, row.ends_at)


@pytest.mark.parametrize(
    ("content", "mapping", "says"),
    [
        ("", [], "empty"),
        ("\n\n", [], "empty"),
        ("time,cost\n1,2\n", [], "no column at, cost_usd (nearest: cost)"),
        ("At,cost_usd\n", [], "no column at (nearest: At)"),
        ("timestamp,cost_usd\n", ["at=timestmp"], "no column timestmp (nearest: timestamp)"),
        ("at,at,cost_usd\n", [], "column at is there twice"),
        ("at,cost_usd\n", ["att=x"], "there is no field 'att'; did you mean at?"),
        ("at,cost_usd\n", ["at"], "write field=column"),
        ("at,cost_usd\n", ["at=x,at=y"], "at is mapped twice"),
        ("ChargePeriodStart,EffectivCost\n", [], "EffectiveCost or BilledCost"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", [], "not CSV in UTF-8"),
        ("at,cost_usd\n".encode("utf-16"), [], "not CSV in UTF-8"),
        (b"x" * 2_000_000, [], "its first line does not end"),
    ],
)
def test_a_file_that_cannot_be_used(
    tmp_path: Path, content: str | bytes, mapping: list[str], says: str
) -> None:
    """Says which columns are missing, and the nearest there are."""
    with pytest.raises(UserError) as refused:
        read(tmp_path, content, mapping)

    assert says in refused.value.text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path and the reason."""
    with pytest.raises(UserError, match=r"gone\.csv: cannot be read: No such file"):
        name_of(tmp_path / "gone.csv")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        UsageFile(tmp_path, "x", {}, NEW_YORK)


def test_equal_lines_are_told_apart_and_keep_their_ids(tmp_path: Path) -> None:
    """By what a line says and how often it was said: the same file gives the same ids."""
    text = csv_text(FOCUS_12, FOCUS_12, {**FOCUS_12, "BilledCost": "9"})
    first, again = read(tmp_path, text), read(tmp_path, text)

    ids = [row.row_id for row in first if isinstance(row, UsageRow)]
    assert 3 == len(set(ids))
    assert first == again


amounts = st.decimals("-1000", "1000", places=6)


@given(st.lists(amounts, max_size=30), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_sums_are_exact_in_any_order(costs: list[Decimal], random: object) -> None:
    """Whatever the order of the lines, they sum to the micro-dollar."""
    shuffled = list(costs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        text = "at,cost_usd\n" + "".join(f"2026-11-01,{cost:f}\n" for cost in shuffled)
        rows = read(Path(folder), text)

    assert micros(sum(costs, Decimal(0))) == sum(r.net for r in rows if isinstance(r, UsageRow))


@given(st.lists(st.decimals("0", "0.00001", places=12), min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_fractions_of_a_micro_dollar_add_up(costs: list[Decimal]) -> None:
    """A million tokens at less than a micro-dollar each are not free."""
    with TemporaryDirectory() as folder:
        text = "at,cost_usd\n" + "".join(f"2026-11-01,{cost:f}\n" for cost in costs)
        rows = read(Path(folder), text)

    exact = sum(costs, Decimal(0)) * 1_000_000
    assert abs(exact - sum(r.net for r in rows if isinstance(r, UsageRow))) <= Decimal("0.5")


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_no_bytes_break_it(noise: bytes) -> None:
    """Whatever the lines hold, each is a row or a refusal."""
    with TemporaryDirectory() as folder:
        entries = read(Path(folder), b"at,cost_usd,tag:x\n2026-11-01,1,y\n" + noise)

    assert isinstance(entries[0], UsageRow)


READS_ALL = """
import resource, sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo
from bot.clients.usage.focus import UsageFile
from bot.clients.usage.focus_spool import Spool

for path in map(Path, sys.argv[1:]):
    with closing(UsageFile(path, "x", {}, ZoneInfo("UTC"))) as file, closing(Spool("x")) as spool:
        for row in file.read():
            spool.add(row)
        rows = [len(r) for s in spool.stretches(5_000) for r in spool.rows(*s, 5_000)]
    print(sum(rows), max(rows), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_large_file_does_not_fill_the_memory(tmp_path: Path) -> None:
    """
    100,000 lines, read, sorted on disk and given back: hardly more than 10,000 take.

    Measured from outside, so that what SQLite holds counts, too.
    """
    paths = [tmp_path / "small.csv", tmp_path / "large.csv"]
    for path, lines in zip(paths, (10_000, 100_000), strict=True):
        with path.open("w") as file:
            file.write("at,cost_usd,tag:request\n")
            for number in range(lines):
                file.write(f"{START + number % 600 * HOUR:%Y-%m-%dT%H:%MZ},0.01,r-{number}\n")
    done = subprocess.run(
        [sys.executable, "-c", READS_ALL, *map(str, paths)],
        cwd=Path.cwd(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    small, large = ([int(word) for word in line.split()] for line in done.stdout.splitlines())
    assert (10_000, 100_000) == (small[0], large[0])
    assert max(small[1], large[1]) <= 5_000
    assert large[2] - small[2] < 20_000  # kilobytes; the rows alone would take 150,000


def test_nothing_grows_while_lines_go_by(tmp_path: Path) -> None:
    """Python's own memory, line by line: what was read is let go."""
    text = "at,cost_usd\n" + "".join(f"2026-11-{1 + n % 28:02},0.01\n" for n in range(6_000))
    path = tmp_path / "usage.csv"
    path.write_text(text)
    held: list[int] = []
    with (
        closing(UsageFile(path, "x", {}, NEW_YORK)) as file,
        closing(Spool("import:x")) as spool,
    ):
        tracemalloc.start()
        try:
            for entry in file.read():
                assert isinstance(entry, UsageRow)
                spool.add(entry)
                if len(spool) % 2_000 == 0:
                    held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()

    assert held[-1] - held[0] < 200_000


def test_the_spool_sorts_and_keeps_moments_together(tmp_path: Path) -> None:
    """Stretches of about the wanted size that never share a moment, rows in order of time."""
    days = [3, 1, 2, 2, 2, 2, 1, 5]
    text = "at,cost_usd\n" + "".join(f"2026-11-{day:02},{n}\n" for n, day in enumerate(days))
    with closing(Spool("import:file")) as spool:
        for row in read(tmp_path, text, zone=ZoneInfo("UTC")):
            assert isinstance(row, UsageRow)
            spool.add(row)
        stretches = [(first.day, last.day) for first, last in spool.stretches(3)]
        rows = [r for s in spool.stretches(3) for some in spool.rows(*s, 2) for r in some]
        spans = [(starts.day, ends.day) for starts, ends in spool.spans()]

    assert [(1, 1), (2, 2), (3, 5)] == stretches
    assert [(1, 4), (5, 6)] == spans
    assert [micros(n) for n in (1, 6, 2, 3, 4, 5, 0, 7)] == [row.net for row in rows]
