"""Renaming tables, columns and indexes in place, the same on both databases. Frozen like `columns`.

PostgreSQL and SQLite carry a column's new name into its indexes, checks and triggers by themselves.
"""

import re
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op


def rename_columns(table: str, names: Mapping[str, str]) -> None:
    """Columns of a table, by their old names. No row is written."""
    for old, new in names.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def rename_index(old: str, new: str) -> None:
    """An index. SQLite builds it anew, for it knows no other way."""
    if not _is_sqlite():
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
        return
    made = _value("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name", name=old)
    op.execute(f"DROP INDEX {old}")
    op.execute(re.sub(rf"\b{old}\b", new, made))


def rename_table(old: str, new: str) -> None:
    """A table that no other refers to and no trigger watches, with what is named after it."""
    if _is_sqlite():
        _write_anew(old, new)
    else:
        _rename_with_names(old, new)


def _write_anew(old: str, new: str) -> None:
    """SQLite keeps the names of constraints in a table's text alone: only a new table has new ones."""
    query = "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type DESC"
    table, *indexes = [_named(text, old, new) for (text,) in _rows(query, name=old)]
    columns = ", ".join(f'"{name}"' for (name,) in _rows("SELECT name FROM pragma_table_info(:name)", name=old))
    op.execute(table)
    op.execute(f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {old}")
    op.execute(f"DROP TABLE {old}")
    for each in indexes:
        op.execute(each)


def _rename_with_names(old: str, new: str) -> None:
    op.execute(f"ALTER TABLE {old} RENAME TO {new}")
    for (name,) in _rows("SELECT conname FROM pg_constraint WHERE conrelid = CAST(:name AS regclass)", name=new):
        if _named(name, old, new) != name:
            op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {name} TO {_named(name, old, new)}")
    for (name,) in _rows("SELECT indexname FROM pg_indexes WHERE tablename = :name", name=new):
        if _named(name, old, new) != name:
            op.execute(f"ALTER INDEX {name} RENAME TO {_named(name, old, new)}")
    if (sequence := _value("SELECT to_regclass(:name)::text", name=f"{old}_id_seq")) is not None:
        op.execute(f"ALTER SEQUENCE {sequence} RENAME TO {new}_id_seq")


def _named(text: str, old: str, new: str) -> str:
    """A statement or a name with the table's new name, and that of what is called after it, once."""
    called = re.sub(rf"(?<![A-Za-z_])((?:pk|uq|ix|ck|fk)_)?{old}", rf"\g<1>{new}", text)
    return text if new.startswith(old) and re.search(rf"(?<![A-Za-z]){new}", text) else called


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _rows(query: str, **values: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in op.get_bind().execute(sa.text(query), values).all()]


def _value(query: str, **values: str) -> str:
    return _rows(query, **values)[0][0]
