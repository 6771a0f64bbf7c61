"""Which of MLflow's running totals count, so that no dollar counts twice and none is lost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.clients.usage.errors import SourceDataError, SourceRefused
from bot.clients.usage.mlflow_answers import Policy, PolicyWindow
from bot.domain.money import Micros, micros

HOUR = timedelta(hours=1)
_NOISE = 1  # micro-dollar: MLflow sums floats


@dataclass(frozen=True, slots=True)
class Total:
    """What a policy's target has spent in the policy's window so far."""

    policy_id: str
    target: str
    starts_at: datetime
    ends_at: datetime
    spend: Micros


def choose_totals(
    policies: Iterable[Policy], windows: Sequence[PolicyWindow], now: datetime
) -> list[Total]:
    """
    One total for each target, all of the same window.

    Policies are stacked on a target to have several thresholds, and each counts the same spend: the
    one with the longest window speaks for it. A window that is over says nothing of the present
    one: MLflow moves on at its next refresh, up to 10 min later, or with the next request.
    """
    chosen: dict[str, Total] = {}
    for total in _totals(policies, windows):
        best = chosen.get(total.target)
        if best is None or _rank(best) < _rank(total):
            chosen[total.target] = total
    totals = sorted(chosen.values(), key=lambda total: total.target)
    totals = [total for total in totals if total.ends_at > now] or totals
    for total in totals:
        _check_window(total, totals[0])
    return totals


def keep_totals(before: Mapping[str, Total], totals: Iterable[Total]) -> dict[str, Total]:
    """
    The totals to believe, given those of the last time.

    A total only rises within its window. One that falls is a gateway that has lost count, or one of
    several workers that each count alone. A target whose policy was deleted has still spent.
    """
    kept = {total.target: total for total in totals}
    window = next(iter(kept.values()), None)
    for target, last in before.items():
        if window is None or last.ends_at <= window.starts_at:
            continue
        total = kept.setdefault(target, last)
        if total.starts_at > last.starts_at:
            raise SourceDataError(
                f"budget policy {total.policy_id} counts {target} from {total.starts_at:%FT%RZ}, "
                f"but its spend is already counted from {last.starts_at:%FT%RZ}"
            )
        if total.spend < last.spend - _NOISE:
            raise SourceDataError(
                f"budget policy {total.policy_id} of {target}: current_spend fell from "
                f"{_show(last.spend)} to {_show(total.spend)} within one window: MLflow lost count, "
                f"or runs several workers that count alone (run one, or give them Redis)"
            )
        if total.spend < last.spend:
            kept[target] = last
    return kept


def _totals(policies: Iterable[Policy], windows: Sequence[PolicyWindow]) -> Iterable[Total]:
    by_policy: dict[str, PolicyWindow] = {}
    for window in windows:
        if window.budget_policy_id in by_policy:
            raise SourceDataError(f"budget policy {window.budget_policy_id} has two windows")
        by_policy[window.budget_policy_id] = window
    for policy in policies:
        id_ = policy.budget_policy_id
        found = by_policy.get(id_)
        if found is None:
            raise SourceDataError(f"budget policy {id_} of {policy.target} has no window: no spend")
        starts_at, ends_at = _moment(found.window_start_ms), _moment(found.window_end_ms)
        if ends_at - starts_at < HOUR:
            raise SourceRefused(
                f"budget policy {id_} of {policy.target} has a window shorter than an hour: give "
                f"its target a policy of MONTHS too (action ALERT refuses nothing)"
            )
        yield Total(id_, policy.target, starts_at, ends_at, micros(found.current_spend))


def _check_window(total: Total, first: Total) -> None:
    if (total.starts_at, total.ends_at) != (first.starts_at, first.ends_at):
        raise SourceRefused(
            f"budget policies {first.policy_id} of {first.target} and {total.policy_id} of "
            f"{total.target} have different windows, and totals of a shorter one would be lost when "
            f"it starts anew: give each target a policy of the same duration (action ALERT "
            f"refuses nothing)"
        )


def _rank(total: Total) -> tuple[timedelta, datetime, int, str]:
    return (total.ends_at - total.starts_at, total.starts_at, total.spend, total.policy_id)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def _show(amount: Micros) -> str:
    return f"${Decimal(amount) / 1_000_000:.6f}"
