"""A gateway as a usage source reads it: its credential, and what its refusals mean."""

from collections.abc import Callable, Sequence

import httpx

from bot.clients.credentials import can_be_sent
from bot.clients.remedies import Remedies
from bot.clients.retry_after import read_retry_after
from bot.clients.usage.errors import SourceError, SourceRefused, SourceUnavailable
from bot.clients.usage.http_json import read_message
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER, READ_SECONDS, Parameters, Reader
from bot.clock import Clock


class HttpJson:
    """One keep-alive client; the credential goes into a header and nowhere else."""

    def __init__(
        self,
        base_url: str,
        remedies: Remedies,
        *,
        authorization: str | None,
        secrets: Sequence[str],
        sleep: Callable[[float], None],
        clock: Clock,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        if authorization is not None and not can_be_sent(authorization):
            # httpx would quote the whole header, key and all, in its own error
            raise SourceRefused(f"{remedies.key} is empty or holds characters no key has")
        self._remedies = remedies
        self._secrets = tuple(secrets)
        self._clock = clock
        self._reader = Reader(
            base_url,
            {} if authorization is None else {"authorization": authorization},
            remedies.address,
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
        message = read_message(body)
        for secret in self._secrets:
            message = message.replace(secret, "…")
        status = response.status_code
        said = f"{path} answered {status}" + (f": {message[:300]}" if message else "")
        remedy = self._remedies.find(status, message)
        if remedy is not None:
            return SourceRefused(f"{remedy} ({said})", status)
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        return SourceUnavailable(said, retry_after)
