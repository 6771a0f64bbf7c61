"""Walks the pages of one query to their end, however they are linked."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from bot.clients.usage.answers import ListPage, ReportPage, parse_answer
from bot.clients.usage.errors import PageLoop
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import Parameters
from bot.clients.usage.transport import Transport

ROOT = "/v1/organizations"
_MOST_PAGES = 10_000
_AnyPage = TypeVar("_AnyPage", bound=ReportPage | ListPage)


class Linked(Protocol):
    def following(self) -> tuple[str, str] | None: ...


_AnyLinked = TypeVar("_AnyLinked", bound=Linked)


def walk_pages(
    transport: Transport, name: str, kind: type[_AnyPage], asked: Parameters, patience: Patience
) -> Iterator[_AnyPage]:
    path = f"{ROOT}/{name}"

    def read(parameters: Parameters) -> _AnyPage:
        return parse_answer(kind, transport.get(path, parameters, patience), path)

    return follow_pages(read, path, asked)


def follow_pages(
    read: Callable[[Parameters], _AnyLinked], path: str, asked: Parameters
) -> Iterator[_AnyLinked]:
    """For answers that are not read as the others are; `path` is for the error's text."""
    following: tuple[str, str] | None = None
    seen: set[str] = set()
    while True:
        page = read(asked if following is None else (*asked, following))
        yield page
        following = page.following()
        if following is None:
            return
        _remember(seen, following[1], path)


def _remember(seen: set[str], cursor: str, path: str) -> None:
    if cursor in seen:
        raise PageLoop(f"{path}: the pages go round in a circle")
    seen.add(cursor)
    if len(seen) >= _MOST_PAGES:
        raise PageLoop(f"{path}: more than {_MOST_PAGES:,} pages")
