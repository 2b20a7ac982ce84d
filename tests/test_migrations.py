"""The migrations make exactly what the models declare, on both databases, however often they are run."""

import re
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.support import forked
from tests.support.local_desk import clean_environment
from tests.support.postgresql import Server
from webapp import migrations
from webapp.db import Database
from webapp.models import Base

FOLDER = Path(migrations.__file__).parent
VERSIONS = sorted((FOLDER / "versions").glob("*.py"))
KINDS = ("get_columns", "get_pk_constraint", "get_unique_constraints", "get_check_constraints", "get_foreign_keys")
INDEXES = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}
INDEXES_BESIDE = "words_of_"
"""Tables of SQLite that are indexes: no part of the models, and of no revision."""
TRIGGERS = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
        "SELECT '', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ),
}
Schema = dict[str, set[str]]


def schema(connection: Connection) -> Schema:
    """What each table is made of, a line for each column, constraint and index."""
    found, tables = inspect(connection), {}
    for table in set(found.get_table_names()) - {"alembic_version"}:
        if table.startswith(INDEXES_BESIDE):
            continue
        parts = {kind.removeprefix("get_"): getattr(found, kind)(table) for kind in KINDS}
        tables[table] = {f"{kind} {_line(part)}" for kind, some in parts.items() for part in _each(some)}
    for table, index in told(connection, INDEXES):
        tables.get(table, set()).add(index)
    return tables


def told(connection: Connection, questions: dict[str, str]) -> list[tuple[str, str]]:
    """Tables, and statements as the database itself tells them."""
    rows = connection.execute(text(questions[connection.dialect.name]))
    return sorted((table.strip('"'), " ".join(line.replace('"', "").split())) for table, line in rows)


def _each(parts: Any) -> list[dict[str, Any]]:
    return parts if isinstance(parts, list) else [parts]


def _line(part: dict[str, Any]) -> str:
    # The name of a reference that was added with its column can't be read from SQLite.
    unread = {"comment", "name"} if "constrained_columns" in part and "referred_table" in part else {"comment"}
    return str({key: str(value) for key, value in sorted(part.items()) if key not in unread})


def made_from_models(url: str) -> Schema:
    database = Database(url)
    with database.engine.begin() as connection:
        Base.metadata.create_all(connection)
        found = schema(connection)
    database.close()
    return found


def made_by_migrations(url: str) -> Schema:
    database = Database(url)
    with database.engine.connect() as connection:
        found = schema(connection)
    database.close()
    return found


def refusals(url: str) -> list[tuple[str, str]]:
    database = Database(url)
    with database.engine.connect() as connection:
        found = told(connection, TRIGGERS)
    database.close()
    return found


def differences(made: Schema, declared: Schema) -> str:
    """What is only in the migrations or only in the models, table by table, and where to put it right."""
    lines = []
    for table in sorted(set(made) | set(declared)):
        one, other = made.get(table, set()), declared.get(table, set())
        lines += [f"{table} ({_home(table)}): only in the models: {line}" for line in sorted(other - one)]
        lines += [f"{table} ({_home(table)}): only in the migrations: {line}" for line in sorted(one - other)]
    return _advice(lines)


def _home(table: str) -> str:
    makes = re.compile(rf'create_table\(\s*"{table}"')
    return next((file.name for file in VERSIONS if makes.search(file.read_text())), "in no migration")


def _advice(lines: list[str]) -> str:
    advice = f"Add a migration after {VERSIONS[-1].name}; extend the one named here only if no released desk has it."
    return "\n".join([*lines, advice]) if lines else ""


def test_on_sqlite_they_make_what_the_models_declare(sqlite_url: str, tmp_path: Path) -> None:
    declared = made_from_models(f"sqlite:///{tmp_path / 'models.sqlite3'}")
    assert not (told := differences(made_by_migrations(sqlite_url), declared)), told


def test_on_postgresql_they_make_what_the_models_declare(pg: Server, pg_url: str) -> None:
    empty = pg.empty_database()
    try:
        assert not (told := differences(made_by_migrations(pg_url), made_from_models(empty))), told
    finally:
        pg.drop(empty)


def test_a_difference_is_told_with_the_migration_it_belongs_to() -> None:
    told = differences({"party": {"a", "b"}}, {"party": {"b", "c"}, "parcel": {"d"}}).splitlines()
    assert told[:3] == [
        "parcel (in no migration): only in the models: d",
        "party (0001_people.py): only in the models: c",
        "party (0001_people.py): only in the migrations: a",
    ]
    assert VERSIONS[-1].name in told[3]


def _of(dialect: str) -> Any:
    """Leave out what the models declare for the other database only."""

    def belongs(thing: Any, name: str, _kind: str, _reflected: bool, _other: Any) -> bool:
        if (name or "").startswith(INDEXES_BESIDE):
            return False
        condition = getattr(thing, "_ddl_if", None)
        return condition is None or condition.dialect == dialect

    return belongs


def test_nothing_is_left_to_migrate(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _of(connection.dialect.name)})
        left = compare_metadata(context, Base.metadata)
    database.close()
    assert not left, _advice([str(each) for each in left])


def test_the_tables_that_keep_the_books_refuse_by_themselves(database_url: str) -> None:
    """What they refuse is in `tests/services/ledger/test_database_refusals.py`."""
    refusing = {table for table, _ in refusals(database_url)}
    assert {"transfer", "entry", "audit", "audit_seal", "account", "escrow"} <= refusing


def test_running_them_again_changes_nothing(database_url: str) -> None:
    before = made_by_migrations(database_url), refusals(database_url)
    assert migrations.upgrade(database_url) == migrations.newest()
    assert (made_by_migrations(database_url), refusals(database_url)) == before


def test_they_are_one_chain_without_a_way_back(database_url: str) -> None:
    """They only add, so that the version before can go on; nothing takes a step back half-way."""
    scripts = ScriptDirectory(str(FOLDER))
    chain = list(scripts.walk_revisions())
    assert len(chain) == len(VERSIONS)
    assert [each.revision for each in chain if hasattr(each.module, "downgrade")] == []

    before = made_by_migrations(database_url), refusals(database_url)
    config = Config(attributes={"url": database_url})
    config.set_main_option("script_location", str(FOLDER))
    with pytest.raises(AttributeError, match="downgrade"):
        command.downgrade(config, "-1")
    assert (made_by_migrations(database_url), refusals(database_url)) == before
    database = Database(database_url)
    assert migrations.current(database) == migrations.newest()
    database.close()


@pytest.mark.parametrize("file", [*VERSIONS, *FOLDER.glob("[!_e]*.py")], ids=lambda file: file.stem)
def test_they_stand_on_fixed_ground(file: Path) -> None:
    """What a migration imports from running code would change with it."""
    used = re.findall(r"^\s*(?:from|import) (webapp\S*)", file.read_text(), re.MULTILINE)
    assert [name for name in used if not name.startswith("webapp.migrations")] == []


@pytest.mark.parametrize("there", [False, True], ids=["empty", "current"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(
    kind: str, there: bool, pg: Server, sqlite_template: Path, tmp_path: Path
) -> None:
    if kind == "postgresql":
        url = pg.new_database() if there else pg.empty_database()
    else:
        file = tmp_path / "new.sqlite3"
        url = f"sqlite:///{file}"
        if there:
            file.write_bytes(sqlite_template.read_bytes())
    around = clean_environment() | {"DATABASE_URL": url, "VAR_DIR": str(tmp_path)}
    errors = [tmp_path / f"errors-{number}" for number in range(3)]
    started = [forked.desk("migrate", environment=around, log=tmp_path / "log", errors=each) for each in errors]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert [each.read_text() for each in errors] == ["", "", ""]
    assert set(made_by_migrations(url)) == set(Base.metadata.tables)
    if kind == "postgresql":
        pg.drop(url)
