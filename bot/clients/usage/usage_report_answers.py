"""The answers of the two older reports: buckets of time, each with its results."""

from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from bot.clients.usage.answers import Answer, Cents, ReportPage, UsageWithSearches


class Result(UsageWithSearches):
    """A null workspace is the default one, a null key the Workbench; both may also be real ids."""

    api_key_id: str | None
    workspace_id: str | None
    model: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None


class PersonalResult(Result):
    """As asked for by account too: at most one of the two is there."""

    account_id: str | None
    service_account_id: str | None


class CostTotal(Answer):
    """What is in every result of the cost report, grouped or not."""

    amount: Cents
    currency: Literal["USD"]


class CostResult(CostTotal):
    """Of a report grouped by workspace and description; the last five are null where they mean nothing."""

    workspace_id: str | None
    cost_type: str | None
    model: str | None
    token_type: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None


class AnyBucket(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime


class Bucket(AnyBucket):
    results: list[Result]


class PersonalBucket(AnyBucket):
    results: list[PersonalResult]


class CostBucket(AnyBucket):
    results: list[CostResult]


class CostTotalBucket(AnyBucket):
    results: list[CostTotal]


class BucketsPage(ReportPage):
    has_more: bool

    @model_validator(mode="after")
    def _check_cursor(self) -> Self:
        if self.has_more and not self.next_page:
            raise ValueError("has_more is true, but next_page is not there")
        return self


class BucketPage(BucketsPage):
    data: list[Bucket]


class PersonalPage(BucketsPage):
    data: list[PersonalBucket]


class CostBucketPage(BucketsPage):
    data: list[CostBucket]


class CostTotalPage(BucketsPage):
    data: list[CostTotalBucket]
