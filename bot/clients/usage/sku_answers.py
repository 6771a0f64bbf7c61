"""The analytics answers that say what a kind of token costs, and what a day does."""

from pydantic import AwareDatetime

from bot.clients.usage.answers import Answer, Cost, ReportPage, UsageWithSearches


class SkuGroup(Answer):
    """What a price hangs on."""

    model: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None


class SkuCostGroup(SkuGroup):
    cost_type: str | None
    token_type: str | None


class SkuCostRow(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime
    group: SkuCostGroup
    cost: Cost


class SkuUsageRow(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime
    group: SkuGroup
    usage: UsageWithSearches


class SkuCostPage(ReportPage):
    data: list[SkuCostRow]


class SkuUsagePage(ReportPage):
    data: list[SkuUsageRow]


class TotalRow(Answer):
    """Of a report that is not grouped."""

    starting_at: AwareDatetime
    ending_at: AwareDatetime
    cost: Cost


class TotalPage(ReportPage):
    data: list[TotalRow]
