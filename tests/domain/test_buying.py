"""What more dollars buy: a later end of the money, and where the forecast stands to the new limit."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.buying import Buys, buys
from bot.domain.money import micros
from bot.render.preview import Previewed, preview_text
from tests.domain.values import DAY, HOUR, NEW_YORK, NOW, PERIOD, standing

MOST = Previewed(micros("50"), (NOW + 14 * DAY).date(), NEW_YORK, PERIOD.ends_at)


def test_at_a_steady_rate_dollars_are_days() -> None:
    """$8 a day with $19 left runs out in 57 hours; with $16 more two days later."""
    bought = buys(standing("81", daily="8"), micros("16"))

    assert micros("116") == bought.limit
    assert NOW + timedelta(hours=57) == bought.runs_out_at
    assert NOW + timedelta(hours=105) == bought.then_at


def test_enough_for_the_period_has_no_end() -> None:
    """What is left for a period of eight days lasts."""
    assert None is buys(standing("81", daily="8"), micros("50")).then_at


def said(
    runs_out_at: datetime | None,
    then_at: datetime | None,
    ends_at: datetime = PERIOD.ends_at,
    **changes: object,
) -> str:
    """The preview of $20 more on $100."""
    bought = Buys(micros("120"), runs_out_at, then_at, micros("105"), micros("118"))
    changed = replace(bought, **changes)  # type: ignore[arg-type]
    return preview_text(replace(MOST, buys=changed, ends_at=ends_at, deciders="finance (Fin)"))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (said(NOW + DAY, NOW + 3 * DAY), "with it Thu 26 Nov 09:00: it buys 2 days."),
        (said(NOW + DAY, NOW + DAY + 5 * HOUR), "it buys 5 hours."),
        (said(NOW + DAY, None), "with it not in this period: it buys 6.6 days."),
        (
            said(NOW + DAY, NOW + 5 * DAY, NOW + 2 * DAY),
            "not before the exception ends: it buys 1 day.",
        ),
        (said(NOW, NOW), "with it too: it is less than what was spent above the limit."),
        (said(None, None, p50=None), "until Tue 1 Dec 00:00.*\nThere is no forecast yet"),
        (said(None, None), "The limit as it is lasts to the end of the period"),
        (said(NOW, None), "$105 (P50), $118 (P80): within the new limit."),
        (said(NOW, None, p80=micros("130")), "holds in the middle case, not in the bad one."),
        (said(NOW, None, p50=micros("125"), p80=micros("130")), "above the new limit all the same"),
        (said(NOW, None, p50=None), "There is no forecast yet"),
        (said(NOW, None), "The limit would be $120 until Tue 1 Dec 00:00."),
        (said(NOW, None), "Decided by finance (Fin)."),
        (preview_text(MOST), "up to $50 more, for as long as Mon 7 Dec 2026."),
        (preview_text(replace(MOST, wrong="a <b> amount")), "⚠️ a &lt;b&gt; amount\n"),
    ],
)
def test_it_is_said_in_words(text: str, part: str) -> None:
    """What it buys in days, the forecast against the new limit, who decides, what is allowed."""
    assert part in text
