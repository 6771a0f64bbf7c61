"""The answers of the older usage report: buckets of time, each with its results."""

from typing import Self

from pydantic import AwareDatetime, model_validator

from bot.clients.usage.answers import Answer, Count, ReportPage, Usage


class ServerTools(Answer):
    web_search_requests: Count


class Result(Usage):
    """A null workspace is the default one, a null key the Workbench; both may also be real ids."""

    server_tool_use: ServerTools
    api_key_id: str | None
    workspace_id: str | None
    model: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None


class Bucket(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime
    results: list[Result]


class BucketPage(ReportPage):
    has_more: bool
    data: list[Bucket]

    @model_validator(mode="after")
    def _check_cursor(self) -> Self:
        if self.has_more and not self.next_page:
            raise ValueError("has_more is true, but next_page is not there")
        return self
