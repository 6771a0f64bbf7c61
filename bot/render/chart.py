"""A chart of a backtest as SVG: spend against the limit, and when each rule set would have warned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.domain.backtest import Backtest, Replayed, Walk
from bot.domain.backtest.rules import FIXED_80, POLICY, RUNWAY
from bot.domain.money import Micros, dollars, micros

WIDTH, HEIGHT = 1200, 480
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 70, 50
POINTS = 400  # of a period's curve; more than a screen shows
# Shapes as well as colours: not everybody tells the colours apart.
MARKS = {POLICY: ("●", "#1b5e20"), FIXED_80: ("■", "#b45309"), RUNWAY: ("▲", "#1d4ed8")}
LABELS = {POLICY: "policy", FIXED_80: "fixed 80 %", RUNWAY: "runway"}
STEPS = (1, 2, 5)


def backtest_chart(found: Backtest) -> str:
    """An SVG document; its title and description say in words what it shows."""
    scale = _Scale(found)
    zone = found.budget.time_zone
    count = len(found.periods)
    title = f"{found.budget.name}: backtest of {count} period{'s' * (count != 1)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="title desc" font-family="sans-serif" font-size="13">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(found))}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="17">{escape(title)}</text>',
        *_legend(),
        *_axis(scale),
    ]
    parts += _names([one.walk for one in found.periods], scale)
    for one in found.periods:
        parts += _period(one, scale, zone)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Point:
    x: float
    y: float

    def __str__(self) -> str:
        return f"{self.x:.1f},{self.y:.1f}"


class _Scale:
    """From time and money to places in the picture."""

    def __init__(self, found: Backtest) -> None:
        walks = [one.walk for one in found.periods]
        self.begin, self.end = walks[0].period.starts_at, walks[-1].period.ends_at
        self.top = Micros(max(max(w.limit, w.peak) for w in walks) * 21 // 20 or 1)

    def __call__(self, at: datetime, amount: Micros) -> _Point:
        share = (at - self.begin) / (self.end - self.begin)
        height = amount / self.top
        return _Point(
            LEFT + share * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - height * (HEIGHT - TOP - BOTTOM),
        )

    def ticks(self) -> Iterator[Micros]:
        """Round amounts, four to ten of them."""
        size = micros(1)
        steps = (micros(f * 10**power) for power in range(10) for f in STEPS)
        size = next((step for step in steps if self.top // step <= 8), size)
        return (Micros(n * size) for n in range(self.top // size + 1))


def _described(found: Backtest) -> str:
    scores = "; ".join(
        f"{LABELS[name]}: {s.in_time} in time, {s.late} late, {s.missed} missed, {s.false} false"
        for name, s in found.scores.items()
    )
    return f"{found.overruns} of {len(found.periods)} periods overran. {scores}."


def _legend() -> Iterator[str]:
    x = LEFT
    entries = [(*MARKS[name], LABELS[name]) for name in MARKS]
    for sign, colour, text in [*entries, ("–", "#b91c1c", "limit"), ("–", "#374151", "spend")]:
        yield f'<text x="{x}" y="50"><tspan fill="{colour}">{sign}</tspan> {escape(text)}</text>'
        x += 110


def _axis(scale: _Scale) -> Iterator[str]:
    for amount in scale.ticks():
        y = scale(scale.begin, amount).y
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{dollars(amount)}</text>'


def _names(walks: Sequence[Walk], scale: _Scale) -> Iterator[str]:
    """Periods are called by their first day; where they are narrow, not every one is named."""
    free = 0.0
    for walked in walks:
        x = scale(walked.period.starts_at, Micros(0)).x
        if x >= free:
            free = x + 90
            yield f'<text x="{x + 4:.1f}" y="{HEIGHT - BOTTOM + 20}">{walked.period.first_day}</text>'


def _period(one: Replayed, scale: _Scale, zone: ZoneInfo) -> Iterator[str]:
    walked = one.walk
    begin = scale(walked.period.starts_at, Micros(0))
    after = scale(walked.period.ends_at, walked.limit)
    limit = scale(walked.period.starts_at, walked.limit)
    yield f'<line x1="{begin.x:.1f}" x2="{begin.x:.1f}" y1="{TOP}" y2="{begin.y:.1f}" stroke="#d1d5db"/>'
    yield f'<polyline points="{limit} {after}" fill="none" stroke="#b91c1c" stroke-dasharray="6 3"/>'
    curve = " ".join(str(point) for point in _curve(walked, scale))
    yield f'<polyline points="{curve}" fill="none" stroke="#374151" stroke-width="2"/>'
    spent = {moment.at: moment.spent for moment in walked.moments}
    for name, alerts in one.alerts.items():
        sign, colour = MARKS[name]
        for alert in alerts:
            point = scale(alert.at, spent[alert.at])
            local = alert.at.astimezone(zone)
            said = f"{LABELS[name]}: {alert.stage.word}, {local:%Y-%m-%d %H:%M}"
            yield (
                f'<text x="{point.x:.1f}" y="{point.y + _shift(name):.1f}" fill="{colour}" '
                f'text-anchor="middle">{sign}<title>{escape(said)}</title></text>'
            )


def _shift(name: str) -> float:
    """One above the other, where several fire at the same moment."""
    return 4.0 - 14 * list(MARKS).index(name)


def _curve(walked: Walk, scale: _Scale) -> Sequence[_Point]:
    every = max(1, len(walked.moments) // POINTS)
    points = [scale(moment.at, moment.spent) for moment in walked.moments[::every]]
    return [*points, scale(walked.period.ends_at, walked.spent)]
