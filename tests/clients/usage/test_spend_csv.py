"""A CSV of spend: hours or days, in the zone they are meant in, and bad lines by their number."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.clients.usage.spend_csv import Spend, Spent, read_spend
from bot.domain.errors import UserError
from bot.domain.money import micros

NEW_YORK = ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def read(folder: Path, text: str) -> Spend:
    """The file of these lines."""
    file = folder / "spend.csv"
    file.write_text(text)
    return read_spend(file, NEW_YORK)


@pytest.mark.parametrize(
    ("lines", "width", "first"),
    [
        (("2026-11-02T09:00", "2026-11-02T10:00"), HOUR, datetime(2026, 11, 2, 14, tzinfo=UTC)),
        (("2026-11-02T09:30Z", "2026-11-02T10:00Z"), HOUR, datetime(2026, 11, 2, 9, tzinfo=UTC)),
        (("2026-11-02", "2026-11-03"), DAY, datetime(2026, 11, 2, 5, tzinfo=UTC)),
        (("2026-11-02",), DAY, datetime(2026, 11, 2, 5, tzinfo=UTC)),
        (("2026-11-02T00:00Z", "2026-11-03T00:00Z"), DAY, datetime(2026, 11, 2, 5, tzinfo=UTC)),
        (("2026-11-02T00:00Z",), HOUR, datetime(2026, 11, 2, 0, tzinfo=UTC)),
    ],
)
def test_hours_and_days_are_told_apart(
    tmp_path: Path, lines: tuple[str, ...], width: timedelta, first: datetime
) -> None:
    """Dates, or nothing but midnights, are local days; a time without a zone is a local one."""
    found = read(tmp_path, "at,cost_usd\n" + "".join(f"{line},1\n" for line in lines))

    assert (width, Spent(first, micros(1))) == (found.width, found.rows[0])


def test_the_days_around_a_change_of_clocks_begin_at_their_own_midnight(tmp_path: Path) -> None:
    """The day on which clocks go back lasts 25 hours."""
    found = read(tmp_path, "at,cost_usd\n2026-11-01,1\n2026-11-02,1\n")

    assert 25 * HOUR == found.rows[1].at - found.rows[0].at


def test_lines_of_one_hour_are_added_up_exactly(tmp_path: Path) -> None:
    """Unordered lines, other columns, a credit, and fractions that only together are a micro-dollar."""
    found = read(
        tmp_path,
        "at,model,cost_usd\n2026-11-02T10:00,a,-1\n2026-11-02T09:10,a,0.0000004\n"
        "2026-11-02T09:50,b,0.0000006\n",
    )

    assert [1, -1_000_000] == [row.amount for row in found.rows]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty; the first line has to name the columns"),
        ("at,cost\n2026-11-02,1\n", "no column cost_usd (nearest: cost); the first line has to"),
        ("at,cost_usd\n", "no line with spend; it needs lines like"),
        ("at,cost_usd\nsoon,1\n", "line 2, column at: not an ISO 8601 time: 'soon'; correct or"),
        ("at,cost_usd\n2026-11-02,\n", "line 2, column cost_usd: is empty"),
        ('at,cost_usd\n2026-11-02,"1,5"\n', "line 2, column cost_usd: not a plain number: '1,5'"),
        ("at,cost_usd\n" + "x,1\n" * 9, "line 4, column at: not an ISO 8601 time: 'x'; and 6 more"),
        ("at,cost_usd\n2026-11-02T09:00,1\n2026-11-03,1\n", "line 3: a day in a file of hours"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, says: str) -> None:
    """One sentence with the file, the line, the column and the remedy."""
    with pytest.raises(UserError) as refused:
        read(tmp_path, text)

    assert says in refused.value.text
    assert refused.value.text.startswith(str(tmp_path / "spend.csv"))
