"""Migrations: expand first, contract later. `upgrade` is what `desk migrate` runs."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from webapp.db import Database


def upgrade(url: str) -> str:
    """Bring the database at the address to the newest revision; returns that revision."""
    config = _config()
    config.attributes["url"] = url
    command.upgrade(config, "head")
    return newest()


def upgrade_within(connection: Connection) -> None:
    """Bring the database to the newest revision in the connection's transaction: it is there when that is committed."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def newest() -> str:
    """The revision this code needs. Every probe asks; reading all migrations takes a tenth of a second."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def is_known(revision: str) -> bool:
    """Whether this version has a migration of this name: a database that is there can be brought to the newest."""
    return revision in _revisions()


@cache
def _revisions() -> frozenset[str]:
    return frozenset(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


def current(database: Database) -> str | None:
    """The revision the database is at, or None when it was never migrated."""
    with database.engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
