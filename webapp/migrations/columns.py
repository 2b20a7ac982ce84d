"""Types and indexes of the migrations, the same on both databases. Frozen: a later need gets a name of its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def plain_text(length: int) -> Any:
    """Text that PostgreSQL compares byte by byte, so that its index also finds what begins with a text."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def index(name: str, table: str, columns: list[Any], *, where: str | None = None, **more: Any) -> None:
    """An index, perhaps only of the rows where a condition holds."""
    part: dict[str, Any] = {} if where is None else {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    op.create_index(name, table, columns, **part, **more)


def only_on_sqlite(*constraints: sa.Constraint) -> tuple[sa.Constraint, ...]:
    """Constraints that PostgreSQL replaces by checks of whole statements (`triggers_first_postgresql`)."""
    return constraints if op.get_bind().dialect.name == "sqlite" else ()
