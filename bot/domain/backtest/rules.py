"""The rule sets that are compared: what the policy says, fixed per cent, runway alone."""

from dataclasses import dataclass, replace

from bot.domain.budgets import Budget, Thresholds

POLICY, FIXED_80, RUNWAY = "policy", "fixed_80", "runway"
NAMES = (POLICY, FIXED_80, RUNWAY)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A budget with the thresholds of the set, and by what they count."""

    name: str
    budget: Budget
    by_share: bool = True
    by_time: bool = True
    by_spike: bool = True


def rule_sets(budget: Budget) -> tuple[RuleSet, ...]:
    """
    The policy's own thresholds and spikes; 80 and 95 per cent, as most tools have it; lead times alone.

    Where the policy counts nothing by time, `runway` shows what the defaults would do.
    """
    fixed = Thresholds(
        80,
        80,
        95,
        look_forecast=None,
        respond_lead_times=None,
        intervene_lead_times=None,
        trust_forecast_after=None,
    )
    return (
        RuleSet(POLICY, budget),
        RuleSet(FIXED_80, replace(budget, thresholds=fixed), by_time=False, by_spike=False),
        RuleSet(
            RUNWAY,
            replace(budget, thresholds=_timed(budget.thresholds)),
            by_share=False,
            by_spike=False,
        ),
    )


def _timed(own: Thresholds) -> Thresholds:
    times = (own.look_forecast, own.respond_lead_times, own.intervene_lead_times)
    return Thresholds() if times == (None, None, None) else own
