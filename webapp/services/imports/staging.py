"""Where checked lines lie while a transaction loads them: temporary tables, filled the fastest way there is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy.orm import Session

from webapp.models.base import BigInt, Instant
from webapp.sql import is_sqlite

_TABLES = MetaData()


def _staging(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _TABLES, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


ORDERS = _staging(
    "import_order",
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("ref", String),
    Column("buyer", String),
    Column("seller", String),
    Column("amount", BigInt),
    Column("currency", String),
    Column("fee", BigInt),
    Column("policy", String),
    Column("created_at", Instant),
    Column("paid_at", Instant),
    Column("completed_at", Instant),
    Column("release_at", Instant),
    Column("tenant", String),
)
PARTIES = _staging("import_party", Column("ref", String, index=True), Column("currency", String))


@contextmanager
def staged(session: Session, table: Table, rows: Sequence[Sequence[Any]]) -> Iterator[None]:
    """A temporary table with these rows; values beyond its columns are left out. Times are text in UTC."""
    connection = session.connection()
    table.create(connection)
    names = ", ".join(column.name for column in table.c)
    width = len(table.c)
    if is_sqlite(session):
        places = ", ".join("?" * width)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({places})", [tuple(row[:width]) for row in rows]
        )
    else:
        _copy(connection.connection.driver_connection, f"COPY {table.name} ({names}) FROM STDIN", rows, width)
        connection.exec_driver_sql(f"ANALYZE {table.name}")
    yield
    table.drop(connection)


def _copy(connection: Any, statement: str, rows: Sequence[Sequence[Any]], width: int) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row[:width])
