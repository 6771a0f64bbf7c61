"""The bar that shows how far a long command is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

Show = Callable[[str, int, int], None]  # what is being done, how far, of how much


@contextmanager
def progress_bar() -> Iterator[Show]:
    """A bar for whoever watches; a log or a pipe gets none."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {}

        def show(doing: str, done: int, of: int) -> None:
            if doing not in tasks:
                tasks[doing] = bar.add_task(doing, total=of)
            bar.update(tasks[doing], completed=done, total=of)

        yield show
