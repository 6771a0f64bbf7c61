"""Migrations: alembic, started from code; the revisions lie in `store/migrations/versions`."""

import threading

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

_ONE_AT_A_TIME = threading.Lock()  # alembic's context is one for the whole process


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision; safe when several processes do it at once."""
    with _ONE_AT_A_TIME, engine.begin() as connection:
        command.upgrade(_config(connection=connection), "head")


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision of this code."""
    with engine.begin() as connection:
        at = MigrationContext.configure(connection).get_current_heads()
    return set(at) == set(ScriptDirectory.from_config(_config()).get_heads())


def check(engine: Engine) -> None:
    """Raise when a table has changed without a migration."""
    with engine.begin() as connection:
        command.check(_config(connection=connection))


def revision(engine: Engine, message: str) -> None:
    """Write a new revision from the difference between tables and database."""
    with engine.begin() as connection:
        command.revision(_config(connection=connection), message, autogenerate=True)


def _config(**attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.attributes.update(attributes)
    return config
