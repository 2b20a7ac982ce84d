"""SQLite: saved by its online backup, restored by putting the file in its place."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from webapp.db import Database
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.jobs.steps.backups.backup_file import Check
from webapp.private_files import private_database

_PAGES = 4_096
"""Copied between two looks whether to go on: 16 MiB."""


@contextmanager
def snapshot(db: Database) -> Iterator[Session]:
    """The database as it is now, for as long as this lasts: others write on, and nothing of that is seen."""
    with db.reading() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM sqlite_master")
        yield session


def dump(session: Session, to: Path, check: Check) -> None:
    """Copy the session's snapshot into a new file.

    The read transaction that is open on the connection keeps the copy to that snapshot, and keeps SQLite from
    beginning anew whenever somebody writes.
    """
    source = session.connection().connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError(type(source).__name__)
    with closing(sqlite3.connect(to)) as copy:
        source.backup(copy, pages=_PAGES, progress=lambda _status, _left, _all: check(), sleep=0)


def file_of(url: str) -> Path:
    """The file of a database's address. Raises Invalid for one in memory."""
    name = make_url(url).database
    if not name or name.startswith((":", "file:")):
        raise Invalid(phrase("Name the file to restore into, such as sqlite:////srv/desk/desk.sqlite3."))
    return Path(name)


def require_empty(file: Path) -> None:
    """Raise Conflict when there is anything in the database that is to be restored into."""
    if not file.parent.is_dir():
        raise Invalid(phrase("There is no folder %(parent)s.", parent=file.parent))
    if any(each.exists() and each.stat().st_size for each in _with_companions(file)):
        raise Conflict(phrase("%(file)s is not empty. Restore into a file that is not there yet.", file=file))


def copy(dump_file: Path, to: Path) -> None:
    """A database's file for the desk's user alone, from one that was saved."""
    private_database(to)
    shutil.copyfile(dump_file, to)


def remove(file: Path) -> None:
    """Remove a database's file, and what SQLite has beside it."""
    for each in _with_companions(file):
        each.unlink(missing_ok=True)


def put_in_place(copy: Path, file: Path) -> None:
    """Give a finished copy, which nobody has open, its name. Raises Conflict when somebody was first."""
    require_empty(file)
    remove(file)
    try:
        os.link(copy, file)
    except FileExistsError:
        raise Conflict(phrase("%(file)s was made meanwhile. Nothing was restored.", file=file)) from None


def flush(file: Path) -> None:
    """Bring everything of the database into its one file, and that to the disk."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _with_companions(file: Path) -> list[Path]:
    return [file, *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm", "-journal"))]
