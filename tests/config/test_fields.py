"""How each kind of value in the policy file is written."""

from datetime import date, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.config import fields
from bot.domain.spans import Span, WorkingHours


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (12000, 12_000_000_000),
        (Decimal("0.10"), 100_000),
        (Decimal("1E+3"), 1_000_000_000),
        ("12,000.50", 12_000_500_000),
        ("$12,000", 12_000_000_000),
        (" $ 99.9 ", 99_900_000),
    ],
)
def test_money(raw: object, expected: int) -> None:
    """Dollars are numbers or text, and exact to the cent."""
    assert expected == fields.parse_money(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (0, "must be more than 0"),
        (-5, "must be more than 0"),
        ("-5.00", "must be more than 0"),
        ("$-5", "must be more than 0"),
        ("0.001", "must have at most two decimals; write thousands like 1500 or 1,500"),
        (Decimal("1.500"), "must have at most two decimals; write thousands like 1500 or 1,500"),
        ("1,5", "must be an amount in dollars, like 12000"),
        ("12000,00", "must be an amount in dollars, like 12000"),
        ("12.000,00", "must be an amount in dollars, like 12000"),
        (10**12, "must be at most 1,000,000,000 dollars"),
        (True, "must be an amount in dollars, like 12000"),
        ("twelve", "must be an amount in dollars, like 12000"),
        ("12k", "must be an amount in dollars, like 12000"),
        (".inf", "must be an amount in dollars, like 12000"),
        (["12"], "must be an amount in dollars, like 12000"),
    ],
)
def test_no_money(raw: object, expected: str) -> None:
    """What is no amount of dollars is refused with what is wrong about it."""
    with pytest.raises(ValueError, match=r".") as caught:
        fields.parse_money(raw)

    assert expected == str(caught.value)


@pytest.mark.parametrize("raw", ["50%", " 50", 50, "50 %", "50.0%", Decimal("50.0")])
def test_per_cent(raw: object) -> None:
    """A per cent is written with or without its sign."""
    assert 50 == fields.parse_threshold(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (Decimal("0.5"), "must be a per cent: write 50% for a half, not 0.5"),
        (0, "must be a whole per cent from 1% to 99%"),
        ("100%", "must be a whole per cent from 1% to 99%"),
        ("12.5%", "must be a whole per cent from 1% to 99%"),
        ("half", "must be a per cent, like 50%"),
        (
            False,
            "a stage has a share of the limit, like 80%; it is its time that can be off: "
            "{lead_times: off}, for look {forecast: off}",
        ),
        (["80%"], "must be a per cent, like 50%"),
        (
            "5 working days",
            "must be a share of the limit, like 80%; for a time write respond: {lead_times: 2}",
        ),
        (
            "runway: 5d",
            "must be a share of the limit, like 80%; for a time write respond: {lead_times: 2}",
        ),
    ],
)
def test_no_threshold(raw: object, expected: str) -> None:
    """A share is a whole per cent below the limit; whoever writes a time reads where it belongs."""
    with pytest.raises(ValueError, match=r".") as caught:
        fields.parse_threshold(raw)

    assert expected == str(caught.value)


@pytest.mark.parametrize("raw", [False, "off", "Off"])
def test_off(raw: object) -> None:
    """A rule of time is switched off by a word, which older YAML reads as false."""
    assert ("off", "off") == (fields.parse_lead_times(raw), fields.parse_forecast(raw))


def test_rules_of_time() -> None:
    """Lead times are counted from 1 to 10; a forecast is held against any share of the limit."""
    assert (1, 10) == (fields.parse_lead_times(1), fields.parse_lead_times(10))
    assert (90, 150) == (fields.parse_forecast("90%"), fields.parse_forecast(150))


@pytest.mark.parametrize("raw", [0, 11, -1, True, "2", "on", Decimal("1.5"), "5d", [2], {}])
def test_no_lead_times(raw: object) -> None:
    """What is no number of lead times is refused with what would be one."""
    with pytest.raises(ValueError, match="must be a whole number from 1 to 10, or off"):
        fields.parse_lead_times(raw)


@pytest.mark.parametrize("raw", [0, True, "on", "above", Decimal("0.5"), "12.5%", "1001%", []])
def test_no_forecast(raw: object) -> None:
    """What is no share of the limit is refused with what would be one."""
    with pytest.raises(ValueError, match="must be a whole per cent from 1% to 1000%, or off"):
        fields.parse_forecast(raw)


def test_shares_are_exact() -> None:
    """A share keeps two decimals, as basis points."""
    assert (3_333, 10_000) == (fields.parse_share("33.33%"), fields.parse_share(100))


@pytest.mark.parametrize(
    ("parse", "raw", "expected"),
    [
        (fields.parse_duration, "3 working days", Span(working_days=3)),
        (fields.parse_duration, "8h", Span(plain=timedelta(hours=8))),
        (fields.parse_plain_duration, "48h", timedelta(hours=48)),
        (fields.parse_zone, "America/New_York", ZoneInfo("America/New_York")),
        (fields.parse_weekday, "Sun", 6),
        (fields.parse_weekday, "monday", 0),
        (fields.parse_clock, "09:05", time(9, 5)),
        (fields.parse_clock, "9:05", time(9, 5)),
        (fields.parse_hours, "08:30-17:00", WorkingHours(time(8, 30), time(17))),
        (fields.parse_hours, "9:00 - 18:00", WorkingHours()),
        (fields.parse_hours, "00:00-24:00", WorkingHours(time(), time())),
        (fields.parse_date, "2028-02-29", date(2028, 2, 29)),
        (fields.parse_person, "dana@example.com", "dana@example.com"),
        (fields.parse_person, "U024BE7LH", "U024BE7LH"),
        (fields.parse_channel, "#team-search", "#team-search"),
        (fields.parse_channel, "C024BE91L", "C024BE91L"),
        (fields.parse_workspace, "team-*", "team-*"),
        (fields.parse_workspace, {"tag": {"team": "a"}}, (("team", "a"),)),
    ],
)
def test_understood(parse: object, raw: object, expected: object) -> None:
    """Each kind of value is understood as people write it."""
    assert callable(parse)

    assert expected == parse(raw)


@pytest.mark.parametrize(
    ("parse", "raw"),
    [
        (fields.parse_duration, 3),
        (fields.parse_duration, "0h"),
        (fields.parse_duration, "2 weeks"),
        (fields.parse_duration, "999999d"),
        (fields.parse_plain_duration, "3 working days"),
        (fields.parse_zone, "America"),
        (fields.parse_zone, "../etc/passwd"),
        (fields.parse_zone, "a\0b"),
        (fields.parse_zone, 5),
        (fields.parse_weekday, "mo"),
        (fields.parse_clock, "24:00"),
        (fields.parse_hours, "18:00-09:00"),
        (fields.parse_hours, "09:00-09:00"),
        (fields.parse_hours, "09:00-00:00"),
        (fields.parse_hours, "09:00"),
        (fields.parse_hours, "09:00-25:00"),
        (fields.parse_hours, 9),
        (fields.parse_clock, 9),
        (fields.parse_date, "2026-02-29"),
        (fields.parse_date, "20260201"),
        (fields.parse_person, "dana"),
        (fields.parse_person, "@dana"),
        (fields.parse_person, "u024be7lh"),
        (fields.parse_channel, "#Team Search"),
        (fields.parse_channel, "ai-budgets"),
        (fields.parse_workspace, 5),
        (fields.parse_workspace, {"tag": {}}),
        (fields.parse_workspace, {"tag": {"team": 5}}),
        (fields.parse_workspace, {"tags": {"team": "a"}}),
    ],
)
def test_refused(parse: object, raw: object) -> None:
    """What cannot be understood is refused, and never with another kind of exception."""
    assert callable(parse)

    with pytest.raises(ValueError, match="must"):
        parse(raw)
