"""Names behind the ids: kept when the source forgets them, and written only when they change."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from bot.domain.usage import ApiKey, Directory, NamedActor, Workspace
from store import directory, sources
from store.db import Database
from store.sources import SourceState
from tests.domain.values import HOUR, NOW

SEARCH = Workspace("wrkspc_1", "team-search", {"team": "search", "cost_center": "4410"})
KEY = ApiKey("apikey_1", "search-prod", "wrkspc_1")
DANA = NamedActor("user_1", "Dana Ruiz", "dana@example.com")
NIGHTLY = NamedActor("svac_1", "nightly")
EVERYTHING = Directory({SEARCH.id: SEARCH}, {KEY.id: KEY}, {a.id: a for a in (DANA, NIGHTLY)})


def save(db: Database, names: Directory, source: str = "anthropic") -> None:
    """Save what a source lists, in a transaction of its own."""
    with db.transaction() as tx:
        directory.save(tx, source, names)


def known(db: Database) -> Directory:
    """Every name that is known."""
    with db.transaction() as tx:
        return directory.everything(tx)


def test_what_is_saved_is_known(db: Database) -> None:
    """Workspaces with tags, keys with their workspace, people with their e-mail."""
    save(db, EVERYTHING)

    assert EVERYTHING == known(db)


def test_nothing_is_forgotten(db: Database) -> None:
    """A workspace, key or user the source lists no longer still resolves: its spend is still there."""
    save(db, EVERYTHING)
    save(db, Directory())

    assert EVERYTHING == known(db)


def test_what_is_listed_is_brought_up_to_date(db: Database) -> None:
    """A new name, other tags, another workspace: what the source says now."""
    save(db, EVERYTHING)
    renamed = Directory(
        {SEARCH.id: replace(SEARCH, name="search", tags={"team": "ranking"})},
        {KEY.id: replace(KEY, name="search-live", workspace_id=None)},
        {DANA.id: replace(DANA, name="Dana Roe", email="roe@example.com")},
    )
    save(db, renamed)

    assert renamed.workspaces == known(db).workspaces
    assert renamed.api_keys == known(db).api_keys
    assert {**renamed.actors, NIGHTLY.id: NIGHTLY} == known(db).actors


def test_an_e_mail_never_goes_back_to_nothing(db: Database) -> None:
    """Rules go by it, so it outlives the account."""
    save(db, EVERYTHING)
    save(db, Directory(actors={DANA.id: NamedActor(DANA.id, "Deleted User")}))

    assert NamedActor(DANA.id, "Deleted User", DANA.email) == known(db).actors[DANA.id]


def test_seen_in_the_same_transaction(db: Database) -> None:
    """What was looked up before it was saved is looked up anew: rows are attributed right after."""
    save(db, EVERYTHING)
    with db.transaction() as tx:
        directory.everything(tx)
        directory.save(tx, "anthropic", Directory({SEARCH.id: replace(SEARCH, name="new")}))

        assert "new" == directory.everything(tx).workspaces[SEARCH.id].name


@pytest.mark.parametrize("last", ["anthropic", "usage_report"])
def test_the_source_that_was_read_last_is_right(db: Database, last: str) -> None:
    """Two sources of one organization may know an id; the other may be read no longer."""
    for source in ("anthropic", "usage_report"):
        save(db, Directory({SEARCH.id: replace(SEARCH, name=source)}, {}, {}), source)
        with db.transaction() as tx:
            read_at = NOW if source == last else NOW - HOUR
            sources.save(tx, SourceState(source, names_read_at=read_at))
    save(db, Directory({SEARCH.id: replace(SEARCH, name="import")}), "import")

    assert last == known(db).workspaces[SEARCH.id].name


def test_an_e_mail_that_only_the_other_source_knows(db: Database) -> None:
    """It is kept, whichever was read last."""
    nameless = Directory(actors={DANA.id: NamedActor(DANA.id, "Dana")})
    save(db, EVERYTHING, "anthropic")
    save(db, nameless, "zoo")

    assert NamedActor(DANA.id, "Dana", DANA.email) == known(db).actors[DANA.id]


def test_one_source_does_not_touch_another(db: Database) -> None:
    """Names are kept by source: what one renames, the other still calls by its own name."""
    save(db, EVERYTHING, "anthropic")
    with db.transaction() as tx:
        sources.save(tx, SourceState("anthropic", names_read_at=NOW))
    save(db, Directory({SEARCH.id: replace(SEARCH, name="other")}), "zoo")

    assert EVERYTHING == known(db)


def test_ten_thousand_keys(db: Database) -> None:
    """A thousand are written at a time, none when nothing has changed, and one key when one has."""
    keys = {f"apikey_{n}": ApiKey(f"apikey_{n}", f"key-{n}") for n in range(10_000)}
    written: list[int] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def _count(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("INSERT"):
            written.append(len(parameters) if isinstance(parameters, list) else 1)

    save(db, Directory(api_keys=keys))
    save(db, Directory(api_keys=keys))
    save(db, Directory(api_keys=keys | {"apikey_7": ApiKey("apikey_7", "renamed")}))

    assert [*[1_000] * 10, 1] == written
    assert 10_000 == len(known(db).api_keys)
    assert "renamed" == known(db).api_keys["apikey_7"].name
