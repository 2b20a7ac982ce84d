"""The migrations make exactly what the models declare, on both databases, however often they are run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from tests.support.postgresql import Server
from tests.up.processes import ROOT, clean_environment
from webapp import migrations
from webapp.db import Database
from webapp.models import Base
from webapp.models.triggers import statements

KINDS = ("get_columns", "get_pk_constraint", "get_unique_constraints", "get_check_constraints", "get_foreign_keys")


def schema(connection: Connection) -> dict[str, Any]:
    """Every table with its columns, constraints, indexes and triggers, in an order of its own."""
    found = inspect(connection)
    tables = {}
    for table in sorted(set(found.get_table_names()) - {"alembic_version"}):
        parts = {kind: _plain(getattr(found, kind)(table)) for kind in KINDS}
        tables[table] = parts
    return {"tables": tables, "rest": _rest(connection)}


def _plain(parts: Any) -> Any:
    if isinstance(parts, list):
        return sorted((_plain(part) for part in parts), key=str)
    if isinstance(parts, dict):
        return {key: str(value) for key, value in sorted(parts.items()) if key != "comment"}
    return parts


def _rest(connection: Connection) -> list[str]:
    """Indexes and triggers as the database itself tells them."""
    if connection.dialect.name == "sqlite":
        kept = "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    else:
        kept = (
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version' "
            "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
            "UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    return sorted(" ".join(str(line).replace('"', "").split()) for line in connection.scalars(text(kept)))


def made_from_models(url: str) -> dict[str, Any]:
    database = Database(url)
    with database.engine.begin() as connection:
        Base.metadata.create_all(connection)
        for statement in statements(connection.dialect.name):
            connection.execute(text(statement))
        found = schema(connection)
    database.close()
    return found


def made_by_migrations(url: str) -> dict[str, Any]:
    database = Database(url)
    with database.engine.connect() as connection:
        found = schema(connection)
    database.close()
    return found


def test_on_sqlite_they_make_what_the_models_declare(sqlite_url: str, tmp_path: Path) -> None:
    assert made_by_migrations(sqlite_url) == made_from_models(f"sqlite:///{tmp_path / 'models.sqlite3'}")


def test_on_postgresql_they_make_what_the_models_declare(pg: Server, pg_url: str) -> None:
    empty = pg.empty_database()
    try:
        assert made_by_migrations(pg_url) == made_from_models(empty)
    finally:
        pg.drop(empty)


def _of(dialect: str) -> Any:
    """Leave out what the models declare for the other database only."""

    def belongs(thing: Any, _name: str, _kind: str, _reflected: bool, _other: Any) -> bool:
        condition = getattr(thing, "_ddl_if", None)
        return condition is None or condition.dialect == dialect

    return belongs


def test_nothing_is_left_to_migrate(database_url: str) -> None:
    """When this fails, add a migration for what it names."""
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _of(connection.dialect.name)})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_running_them_again_changes_nothing(database_url: str) -> None:
    before = made_by_migrations(database_url)
    assert migrations.upgrade(database_url) == migrations.newest()
    assert made_by_migrations(database_url) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(kind: str, pg: Server, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}" if kind == "sqlite" else pg.empty_database()
    around = clean_environment() | {"DATABASE_URL": url, "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "webapp.cli", "migrate"]
    started = [subprocess.Popen(command, cwd=ROOT, env=around, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(process.wait(60), process.communicate()[1]) for process in started] == [(0, b"")] * 3
    assert made_by_migrations(url)["tables"]
    if kind == "postgresql":
        pg.drop(url)
