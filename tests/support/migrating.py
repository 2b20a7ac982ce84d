"""A database at a revision of the past, filled without the models of today, and brought further."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    text,
)

from webapp import migrations
from webapp.db import Database

Row = dict[str, Any]
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
_FILLERS: list[tuple[type[Any], Any]] = [
    (DateTime, AT),
    (Date, AT.date()),
    (Boolean, False),
    (Integer, 1),
    (String, "NGN"),
    (JSON, {}),
    (LargeBinary, b""),
]


def bring(url: str, revision: str) -> None:
    """Run the migrations up to this one."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    command.upgrade(config, revision)


@contextmanager
def unwatched(url: str) -> Iterator[Connection]:
    """A transaction in which rows need no others that they refer to."""
    database = Database(url)
    off = "PRAGMA foreign_keys = OFF" if database.is_sqlite else "SET session_replication_role = replica"
    with database.engine.connect() as connection:
        connection.connection.cursor().execute(off)
        with connection.begin():
            yield connection
    database.close()


def put(connection: Connection, name: str, **given: Any) -> None:
    """One row of a table as it is there: what is not given and must be known is filled."""
    table = _table(connection, name)
    filled = {column.name: filler(column.type) for column in table.columns if not column.nullable}
    connection.execute(insert(table).values(filled | given))


def rows(connection: Connection, name: str) -> list[Row]:
    """All rows of a table as it is there."""
    table = _table(connection, name)
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()]


def triggers(connection: Connection) -> int:
    """How many triggers watch the tables."""
    counted = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    }
    return int(connection.execute(text(counted[connection.dialect.name])).scalar_one())


def _table(connection: Connection, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=connection)


def filler(kind: Any) -> Any:
    """A value for a column of this type."""
    return next(value for of, value in _FILLERS if isinstance(kind, of))
