"""Whether the database has the tables that this version works with. Until it has, nothing is done and no money moves.

Migrations only add, so a database that is newer than this version usually serves it: whether it does is looked at.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, inspect

from webapp import migrations
from webapp.db import Database
from webapp.errors import Unavailable
from webapp.models.base import Base

_NAMED = 3


class SchemaUnusable(Unavailable):
    """The database is not at a revision that this version can work with."""


@dataclass(frozen=True)
class SchemaState:
    """Whether this version can work with the database, what is so, and what to do if it can't."""

    is_usable: bool
    sentence: str
    do: str = ""


def look(database: Database) -> SchemaState:
    """The state of the database's schema now. Raises DBAPIError when it can't be asked."""
    current, newest = migrations.current(database), migrations.newest()
    if current == newest:
        return SchemaState(True, f"The database is at revision {newest}.")
    if current is None:
        sentence = f"The database is empty, or has none of the desk's tables; this version needs revision {newest}."
        return SchemaState(False, sentence, "Run `desk migrate`.")
    if migrations.is_known(current):
        sentence = f"The database is at revision {current}, and this version needs {newest}."
        return SchemaState(False, sentence, "Run `desk migrate`.")
    what = f"The database is at revision {current}, which is newer than this version's {newest}"
    lacking = _lacking(database, current)
    if lacking:
        return SchemaState(False, f"{what} and does not serve it: {lacking}.", "Start the newer version.")
    return SchemaState(True, f"{what} and serves it all the same.")


def require(database: Database) -> None:
    """Raise SchemaUnusable unless this version can work with the database."""
    state = look(database)
    if not state.is_usable:
        raise SchemaUnusable(f"{state.sentence} {state.do}")


def require_known(database: Database) -> None:
    """Raise SchemaUnusable when this version can't bring the database anywhere: a newer one was there before."""
    current = migrations.current(database)
    if current is not None and not migrations.is_known(current):
        what = f"The database is at revision {current}, which this version, with {migrations.newest()}, does not know"
        raise SchemaUnusable(f"{what}: a newer one has migrated it. Nothing was changed; use that version.")


@lru_cache(4)
def _lacking(database: Database, _revision: str) -> str:
    """What keeps this version from reading and writing tables of another; empty when nothing does."""
    with database.engine.connect() as connection:
        found = [*_missing(connection), *_demanded(connection)]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{'; '.join(found[:_NAMED])}{more}"


def _missing(connection: Connection) -> list[str]:
    there = _columns(connection)
    return [
        f"{table.name}.{column.name} is missing"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name not in there.get(table.name, {})
    ]


def _demanded(connection: Connection) -> list[str]:
    """Columns that this version does not know and that every new row must have."""
    known = Base.metadata.tables
    return [
        f"{table}.{name} has to be filled"
        for table, columns in _columns(connection).items()
        if table in known
        for name, is_demanded in columns.items()
        if is_demanded and name not in known[table].columns
    ]


def _columns(connection: Connection) -> dict[str, dict[str, bool]]:
    """Every table's columns, and whether a row can't be without a value that somebody gives."""
    return {
        table: {each["name"]: not each["nullable"] and each["default"] is None for each in columns}
        for (_schema, table), columns in inspect(connection).get_multi_columns().items()
    }
