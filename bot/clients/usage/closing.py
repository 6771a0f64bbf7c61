"""A source as a context manager: closed at the end, whatever happens."""

from types import TracebackType
from typing import Self


class Closing:
    """What has a `close` can stand in a `with`."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
