"""The Anthropic API as a usage source reads it: its headers, and what its refusals mean."""

from collections.abc import Callable

import httpx

from bot.clients.retry_after import read_retry_after
from bot.clients.usage.errors import SourceError, SourceRefused
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER, READ_SECONDS, Parameters, Reader
from bot.clients.usage.refusals import judge_refusal, read_refusal
from bot.clock import Clock

VERSION = "2026-10-21"
BETA = "analytics-usage-cost-2026-08-24"


class Transport:
    """One keep-alive client; the key goes into a header and nowhere else."""

    def __init__(
        self,
        key: str,
        base_url: str,
        *,
        beta: str | None = None,
        sleep: Callable[[float], None],
        clock: Clock,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            # httpx would quote the whole header, key and all, in its own error
            raise SourceRefused("ANTHROPIC_ADMIN_KEY is empty or holds characters no key has")
        self._key = key
        self._clock = clock
        headers = {"x-api-key": key, "anthropic-version": VERSION}
        if beta is not None:
            # not sent to a report without it: an organization outside a beta may be refused
            headers["anthropic-beta"] = beta
        self._reader = Reader(
            base_url,
            headers,
            "ANTHROPIC_BASE_URL",
            self._refused,
            sleep=sleep,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )

    def close(self) -> None:
        self._reader.close()

    def get(self, path: str, parameters: Parameters, patience: Patience) -> bytes:
        return self._reader.get(path, parameters, patience)

    def _refused(self, path: str, response: httpx.Response, body: bytes) -> SourceError:
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        refusal = read_refusal(response.status_code, body, self._key)
        return judge_refusal(refusal, path, retry_after)
