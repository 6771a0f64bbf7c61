"""Which tests run on which database: all of them on both with DATABASES=both, else each at least once."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# What a table means is tested on both, in tests/store, and so is every race and every kill. What a
# flow decides is the same on either, so it is tried where its locks count.
ENOUGH = {"flows": "postgresql", "story": "sqlite", "cli": "sqlite", "handlers": "sqlite"}
ALWAYS_BOTH = {"test_month.py"}


def choose(items: list[pytest.Item]) -> list[pytest.Item]:
    """Those that need not run, because their twin on the other database does."""
    if os.environ.get("DATABASES") == "both":
        return []
    names = {item.nodeid for item in items}
    return [item for item in items if _twin(item) in names]


def _twin(item: pytest.Item) -> str | None:
    """The same test on the database that is enough; None where this one has to run."""
    folder = item.path.relative_to(HERE).parts[0]
    enough = ENOUGH.get(folder)
    spec = getattr(item, "callspec", None)
    database = spec.params.get("database_url") if spec else None
    if enough is None or database in (None, enough) or item.path.name in ALWAYS_BOTH:
        return None
    return item.nodeid.replace(str(database), enough)
