"""What alembic runs: upgrade over the connection that `store.migrate` hands in."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from store import tables  # noqa: F401  the metadata is filled by importing them

# Any number that nothing else of this database uses.
_LOCK = 4_702_113_020_611


def _include(_item: Any, _name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Autogenerate looks at our own tables only."""
    return not (kind == "table" and reflected and other is None)


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Four processes upgrading an empty database at once fail without it.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=_include,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
