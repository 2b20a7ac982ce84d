"""PostgreSQL: saved by pg_dump from a snapshot that others read too, restored by pg_restore in one transaction."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.database_address import libpq_address, parsed
from webapp.db import Database, is_pooled
from webapp.domain.words import phrase
from webapp.errors import Conflict, Unavailable
from webapp.jobs.steps.backups import pg_programs
from webapp.jobs.steps.backups.backup_file import Check
from webapp.jobs.steps.backups.pg_programs import PgPrograms
from webapp.migrations import anywhere

_PATIENCE = 10
_UNHURRIED = ("statement_timeout", "idle_in_transaction_session_timeout")
_SCRATCH = "desk_proof"
_THERE: LiteralString = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    UNION ALL
    SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LIMIT 1
"""
_LIKE_OURS: LiteralString = """
    SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()
"""


class NoScratchPlace(Exception):
    """There is nowhere to restore a copy into: it can't be proven here, and this says why."""


@contextmanager
def snapshot(db: Database) -> Iterator[Session]:
    """The database as it is now, for as long as this lasts."""
    with db.reading() as session:
        unhurried(session)
        yield session


def unhurried(session: Session) -> None:
    """Let the session's transaction take as long as it takes."""
    for name in _UNHURRIED:
        session.execute(text(f"SET LOCAL {name} = 0"))


def dump(session: Session, url: str, to: Path, check: Check, bin_dir: Path | None) -> None:
    """Write the session's snapshot into a new file. Raises Unavailable without a pg_dump that can."""
    exported = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    pg_programs.run_dump(pg_programs.find(_server_major(session), bin_dir), url, exported, to, check)


def require_programs(session: Session, bin_dir: Path | None) -> None:
    """Raise Unavailable when no pg_dump fits this server."""
    pg_programs.find(_server_major(session), bin_dir)


def require_direct(url: str) -> None:
    """Raise Unavailable when the address leads to a pooler: what pg_dump sets for its session would reach others."""
    with _connected(url) as connection:
        _require_no_pooler(connection)


def _require_no_pooler(connection: psycopg.Connection) -> None:
    if is_pooled(connection):
        raise Unavailable(
            phrase(
                "This address leads to a pooler, such as PgBouncer. PostgreSQL's own programs need a "
                "session of their own: name the server itself, for backups in BACKUP_SOURCE_URL."
            )
        )


def restore(url: str, dump_file: Path, errors: Path, check: Check, bin_dir: Path | None) -> None:
    """Restore a dump into an empty database: all of it, or nothing.

    The indexes of parts are left out, for which the server may lack the extension: `desk migrate` builds them.
    """
    with _connected(url) as connection:
        programs = pg_programs.find(connection.info.server_version // 10_000, bin_dir)
    contents = errors.with_name("contents.list")
    lines = _items(programs, dump_file, contents, errors, check)
    contents.write_text("\n".join(lines) + "\n")
    pg_programs.run_restore(programs, url, dump_file, errors, check, contents=contents)


def _items(programs: PgPrograms, dump_file: Path, to: Path, errors: Path, check: Check) -> list[str]:
    """What is in a dump, a line each, without the indexes of parts and their extension."""
    pg_programs.list_items(programs, dump_file, to, errors, check)
    left_out = (
        f" EXTENSION - {anywhere.EXTENSION} ",
        f" COMMENT - EXTENSION {anywhere.EXTENSION} ",
        *[f" INDEX public {anywhere.index_of(table)} " for table in anywhere.SOUGHT],
    )
    return [line for line in to.read_text().splitlines() if not any(each in f"{line} " for each in left_out)]


def restore_without(
    url: str, dump_file: Path, folder: Path, check: Check, bin_dir: Path | None, *, held_back: str
) -> Path:
    """Restore a dump into an empty database, all of it but the rows of one table, or nothing.

    Returns the file in the folder from which `put_held_back` puts those rows there. Raises Conflict when the dump has
    no such rows: nobody could say what the copy lacks.
    """
    with _connected(url) as connection:
        programs = pg_programs.find(connection.info.server_version // 10_000, bin_dir)
    errors, everything = folder / "errors", folder / "everything.list"
    lines = _items(programs, dump_file, everything, errors, check)
    own = [line for line in lines if f" TABLE DATA public {held_back} " in line]
    if len(own) != 1:
        raise Conflict(
            phrase(
                "The backup has no rows of the table %(held_back)s: it can't be restored safely.", held_back=held_back
            )
        )
    (folder / "held_back.list").write_text(own[0] + "\n")
    (folder / "others.list").write_text("\n".join(line for line in lines if line != own[0]) + "\n")
    rows = folder / "held_back.sql"
    pg_programs.write_script(programs, dump_file, rows, errors, check, contents=folder / "held_back.list")
    pg_programs.run_restore(programs, url, dump_file, errors, check, contents=folder / "others.list")
    return rows


def put_held_back(session: Session, rows: Path) -> None:
    """Put the rows there that `restore_without` held back, in the session's transaction."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(type(driver).__name__)
    with rows.open("rb") as script, driver.cursor() as cursor:
        # One line a row, ended by a line of its own: PostgreSQL writes what is in a row without line breaks.
        statement = next(line for line in script if line.startswith(b"COPY "))
        with cursor.copy(statement.rstrip().removesuffix(b";")) as into:
            for line in takewhile(lambda line: line != b"\\.\n", script):
                into.write(line)


def require_empty(url: str) -> None:
    """Raise Conflict when there is anything in the database that is to be restored into."""
    with _connected(url) as connection:
        _require_no_pooler(connection)
        found = connection.execute(_THERE).fetchone()
        name = connection.info.dbname
    if found is not None:
        raise Conflict(
            phrase(
                "The database %(name)s is not empty: it has %(found)s. Restore into one that was just made.",
                name=name,
                found=found[0],
            )
        )


@contextmanager
def scratch_database(url: str, mark: str, number: int) -> Iterator[str]:
    """A new database on the server of this address, removed afterwards; those that dead processes left go first.

    `mark` is the desk's own: another desk on the same server has other scratch databases. Raises NoScratchPlace.
    """
    prefix = f"{_SCRATCH}_{hashlib.sha256(f'{mark}|{parsed(url).database}'.encode()).hexdigest()[:12]}_"
    name = f"{prefix}{number}"
    _make(url, prefix, name)
    try:
        yield parsed(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with _connected(url) as connection:
            _drop(connection, name)


def _make(url: str, prefix: str, name: str) -> None:
    try:
        with _connected(url) as connection:
            for (left,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{prefix}%"]):
                _drop(connection, left)
            encoding, collate, kind = connection.execute(_LIKE_OURS).fetchone() or ("UTF8", "C", "C")
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}")
            values = (sql.Identifier(name), sql.Literal(encoding), sql.Literal(collate), sql.Literal(kind))
            connection.execute(statement.format(*values))
    except psycopg.errors.InsufficientPrivilege:
        raise NoScratchPlace(
            "the database's role may not make a scratch database (CREATEDB), and BACKUP_PROOF_URL names no server on "
            "which one may be made"
        ) from None
    except (psycopg.Error, Unavailable) as problem:
        message = str(problem).strip().partition("\n")[0]
        raise NoScratchPlace(f"no scratch database could be made: {message}") from None


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection on which each statement is a transaction of its own. Raises Unavailable."""
    address = libpq_address(url)
    try:
        connection = psycopg.connect(address, autocommit=True, connect_timeout=_PATIENCE)
    except psycopg.Error as problem:
        message = str(problem).strip().partition("\n")[0]
        raise Unavailable(phrase("The database can't be reached: %(message_)s", message_=message)) from None
    with connection:
        yield connection


def _server_major(session: Session) -> int:
    return int(session.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
