"""Indexes by which a part of a reference or of a name is found, wherever in it stands: trigrams, on both databases.

They are no part of a revision: a server may get what they need later, and a copy may be restored to one that lacks it.
Every migration looks whether they are there, and builds what is missing while others write. Without them a search finds
what begins with its words.

Only what never changes, or seldom, is in them. An escrow's reference is its order's with a prefix, and an escrow is
written anew, with all its indexes, whenever its money moves: it is found by its order's.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

SOUGHT: dict[str, tuple[str, ...]] = {
    "purchase_order": ("ref",),
    "party": ("ref", "name"),
    "dispute": ("ref",),
    "payout": ("ref",),
    "payout_schedule": ("ref",),
    "tenant": ("ref", "name"),
}
"""Tables and their columns.

What providers call a payment or a payout is not among them: each is forty random signs, and its trigrams cost more to
write than the row itself. It is found whole, and by a part among the newest.
"""
EXTENSION = "pg_trgm"
_PENDING_KIB = 256
"""How much PostgreSQL leaves to be sorted in later: every search reads through it."""
_IN_PLACE = text(
    "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:names) AND indisvalid"
)
_OFFERED = text(
    "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = :name) OR EXISTS (SELECT FROM pg_available_extensions"
    " WHERE name = :name) AND has_database_privilege(current_database(), 'CREATE')"
)
_THERE = text("SELECT name FROM sqlite_master WHERE name LIKE 'words_of_%'")
_VERBS = ("insert", "delete", "update")


def index_of(table: str) -> str:
    """The name of a table's index on PostgreSQL."""
    return f"ix_{table}_anywhere"


def words_of(table: str) -> str:
    """The name of the table that is a table's index on SQLite."""
    return f"words_of_{table}"


def _triggers(table: str) -> list[str]:
    return [f"{words_of(table)}_{verb}" for verb in _VERBS]


def indexed(connection: Connection) -> set[str]:
    """The tables whose index is there and whole."""
    if connection.dialect.name == "sqlite":
        found = set(connection.scalars(_THERE))
        return {table for table in SOUGHT if found.issuperset([words_of(table), *_triggers(table)])}
    names = {index_of(table): table for table in SOUGHT}
    return {names[name] for name in connection.scalars(_IN_PLACE, {"names": list(names)})}


def build_online(connection: Connection) -> None:
    """Build what is missing on PostgreSQL, each index by itself, while others write.

    Nothing is done where the extension is not there and this role can't make it. The connection is in no transaction.
    """
    missing = sorted(SOUGHT.keys() - indexed(connection))
    is_offered = bool(missing) and connection.scalar(_OFFERED, {"name": EXTENSION})
    connection.rollback()
    if not is_offered:
        return
    before = connection.get_isolation_level()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        _build(connection, missing)
    finally:
        connection.rollback()
        connection.execution_options(isolation_level=before)


def _build(connection: Connection, missing: Sequence[str]) -> None:
    try:
        connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
    except DBAPIError:
        return  # An older server lets superusers alone make it.
    connection.exec_driver_sql("SET statement_timeout = 0")
    try:
        for table in missing:
            columns = ", ".join(f"{column} gin_trgm_ops" for column in SOUGHT[table])
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index_of(table)}")
            connection.exec_driver_sql(
                f"CREATE INDEX CONCURRENTLY {index_of(table)} ON {table} USING gin ({columns})"
                f" WITH (gin_pending_list_limit = {_PENDING_KIB})"
            )
    finally:
        connection.exec_driver_sql("RESET statement_timeout")


def build_on_sqlite(connection: Connection) -> None:
    """Build what is missing on SQLite, in the connection's transaction; nothing where it has no trigrams."""
    missing = sorted(SOUGHT.keys() - indexed(connection))
    if missing and _has_trigrams(connection):
        for table in missing:
            for statement in _on_sqlite(table, SOUGHT[table]):
                connection.exec_driver_sql(statement)


def _has_trigrams(connection: Connection) -> bool:
    try:
        connection.exec_driver_sql("CREATE VIRTUAL TABLE temp.words_tried USING fts5(word, tokenize = 'trigram')")
    except DBAPIError:
        return False
    connection.exec_driver_sql("DROP TABLE temp.words_tried")
    return True


def _on_sqlite(table: str, columns: Sequence[str]) -> list[str]:
    """The table keeps row numbers by trigram and nothing else; triggers tell it what is written to the other one."""
    name, listed = words_of(table), ", ".join(columns)
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("new", "old"))
    add = f"INSERT INTO {name} (rowid, {listed}) VALUES (new.id, {new});"
    remove = f"INSERT INTO {name} ({name}, rowid, {listed}) VALUES ('delete', old.id, {old});"
    # A migration that makes a table anew takes its triggers away with the old one.
    return [
        *[f"DROP TRIGGER IF EXISTS {trigger}" for trigger in _triggers(table)],
        f"DROP TABLE IF EXISTS {name}",
        f"CREATE VIRTUAL TABLE {name} USING fts5({listed}, content = '{table}', content_rowid = 'id',"
        " tokenize = 'trigram', detail = 'none', columnsize = 0)",
        f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} BEGIN {remove} END",
        f"CREATE TRIGGER {name}_update AFTER UPDATE OF {listed} ON {table} BEGIN {remove} {add} END",
        f"INSERT INTO {name} ({name}) VALUES ('rebuild')",
    ]


def forget_removed(connection: Connection, table: str) -> None:
    """Let nothing be left in SQLite's index of what was taken out of the table; a pass over the index.

    PostgreSQL does it when it vacuums.
    """
    if connection.dialect.name == "sqlite" and table in indexed(connection):
        connection.exec_driver_sql(f"INSERT INTO {words_of(table)} ({words_of(table)}) VALUES ('optimize')")


def read_anew(connection: Connection) -> None:
    """Fill SQLite's indexes from their tables, after these were changed without their triggers."""
    if connection.dialect.name == "sqlite":
        for table in sorted(indexed(connection)):
            connection.exec_driver_sql(f"INSERT INTO {words_of(table)} ({words_of(table)}) VALUES ('rebuild')")
