"""Metrics for Prometheus: what is in the database, asked anew at each scrape."""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.flows import health
from bot.parts import Bot


class Metrics(Collector):
    """What is in the database, asked anew at each scrape."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        figures = health.figures(self._bot, self._bot.clock())
        entries = GaugeMetricFamily(
            "budget_bot_outbox_entries", "Entries not delivered", labels=["lane", "state"]
        )
        for (lane, state), count in figures.outbox.items():
            entries.add_metric([lane, state], count)
        spent = GaugeMetricFamily(
            "budget_bot_spent_usd", "Spend in the current period", labels=["budget"]
        )
        limit = GaugeMetricFamily(
            "budget_bot_limit_usd", "Effective limit in the current period", labels=["budget"]
        )
        for budget, (spent_usd, limit_usd) in figures.budgets.items():
            spent.add_metric([budget], spent_usd)
            if limit_usd is not None:
                limit.add_metric([budget], limit_usd)
        age = GaugeMetricFamily(
            "budget_bot_source_age_seconds", "Age of a source's figures", labels=["source"]
        )
        blind = GaugeMetricFamily(
            "budget_bot_source_blind", "1 while a source cannot be read", labels=["source"]
        )
        for source, (seconds, is_blind) in figures.sources.items():
            if seconds is not None:
                age.add_metric([source], seconds)
            blind.add_metric([source], is_blind)
        failing = GaugeMetricFamily(
            "budget_bot_target_failing_seconds",
            "For how long an enforcement target has not answered; 0 while it does",
            labels=["target"],
        )
        for kind, seconds_failing in figures.targets.items():
            failing.add_metric([kind], seconds_failing)
        return [entries, spent, limit, age, blind, failing]
