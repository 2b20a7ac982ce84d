"""Back to a migrated, empty PostgreSQL database after a test wrote into it."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT (state = 'idle' AND pid = ANY (%s))
"""
_DEFINITIONS = """
    SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
        SELECT concat('relation', oid, relname, relkind, reltuples >= 0 AND relkind = 'r') AS part
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat('trigger', oid, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat('constraint', oid, convalidated) FROM pg_constraint
        UNION ALL SELECT concat('function', oid, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat('column', attrelid, ' ', attnum, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL SELECT concat('setting', setdatabase, setconfig::text) FROM pg_db_role_setting
        UNION ALL SELECT concat('schema', oid) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    ) AS parts
"""
"""What the database is besides its rows. A table that was analysed counts: its statistics would choose other plans."""
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 2"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_REUSED = 25
"""So many tests in a row only delete. What they deleted still lies in the tables' pages, and is thrown away then."""


class CleanState:
    """What a database is after its migrations."""

    def __init__(self, migrated: psycopg.Connection) -> None:
        self._tables = [name for (name,) in migrated.execute(_TABLES)]
        self._definitions = _definitions(migrated)
        self._rows = {name: rows for name in self._tables if (rows := _rows(migrated, name))}
        self._sequences = dict(_sequences(migrated))
        self._reused: dict[str, int] = {}

    def restore(self, used: psycopg.Connection, kept: Sequence[int] = ()) -> bool:
        """Make rows and sequences what they were; False when more was changed. Everybody else's connections are ended,
        but those that are kept and idle.
        """
        used.execute(_OTHERS, [list(kept)])
        if _definitions(used) != self._definitions:
            return False
        name = used.info.dbname
        self._reused[name] = self._reused.get(name, 0) + 1
        # No trigger that guards the ledger and the audit log fires, and no foreign key is checked.
        used.execute("SET session_replication_role = replica")
        with used.transaction():
            self._empty(used, whole=self._reused[name] % _REUSED == 0)
            for sequence, value in _sequences(used):
                if value != self._sequences[sequence]:
                    first = self._sequences[sequence]
                    used.execute("SELECT setval(%s, %s, %s)", (sequence, first or 1, first is not None))
        return True

    def _empty(self, used: psycopg.Connection, *, whole: bool) -> None:
        if whole:
            tables = sql.SQL(", ").join(map(sql.Identifier, self._tables))
            used.execute(sql.SQL("TRUNCATE {}").format(tables))
        for name in self._filled(used):
            if _rows(used, name) != self._rows.get(name):
                used.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        for name, rows in self._rows.items():
            if _rows(used, name) != rows:
                with used.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                    copy.write(rows)

    def _filled(self, used: psycopg.Connection) -> list[str]:
        each = "SELECT {} WHERE EXISTS (SELECT FROM {})"
        asked = [sql.SQL(each).format(sql.Literal(name), sql.Identifier(name)) for name in self._tables]
        return [name for (name,) in used.execute(sql.SQL(" UNION ALL ").join(asked))]


def _definitions(connection: psycopg.Connection) -> str:
    [(found,)] = connection.execute(_DEFINITIONS).fetchall()
    return str(found)


def _sequences(connection: psycopg.Connection) -> list[tuple[str, int | None]]:
    return [(f'"{schema}"."{name}"', value) for schema, name, value in connection.execute(_SEQUENCES)]


def _rows(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(copy)
