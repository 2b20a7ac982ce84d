"""The two databases behind one face: a snapshot, its dump, and a place to restore one into."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from webapp.db import Database
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.jobs.steps.backups import postgresql, sqlite
from webapp.jobs.steps.backups.backup_file import Check
from webapp.jobs.steps.backups.postgresql import NoScratchPlace
from webapp.settings import Settings

__all__ = ["NoScratchPlace", "dump", "kind_of", "require_empty", "require_programs", "scratch", "snapshot"]


@contextmanager
def snapshot(db: Database) -> Iterator[Session]:
    """The database as it is now, for as long as this lasts, whatever others write meanwhile."""
    with (sqlite if db.is_sqlite else postgresql).snapshot(db) as session:
        yield session


def require_programs(session: Session, settings: Settings) -> None:
    """Raise Unavailable when what a backup takes is not installed."""
    if session.get_bind().dialect.name != "sqlite":
        postgresql.require_programs(session, settings.pg_bin_dir)
        postgresql.require_direct(_source(settings))


def dump(session: Session, settings: Settings, to: Path, check: Check) -> None:
    """Write the session's snapshot into a new file."""
    if session.get_bind().dialect.name == "sqlite":
        sqlite.dump(session, to, check)
    else:
        postgresql.dump(session, _source(settings), to, check, settings.pg_bin_dir)


@contextmanager
def scratch(settings: Settings, dump_file: Path, mark: str, number: int, check: Check) -> Iterator[str]:
    """The address of a database into which the dump was restored; gone afterwards. Raises NoScratchPlace."""
    if kind_of(settings.database_address) == "sqlite":
        copy = dump_file.with_name("scratch.sqlite3")
        shutil.move(dump_file, copy)
        yield f"sqlite:///{copy.resolve()}"
        return
    server = settings.backup_proof_url or _source(settings)
    with postgresql.scratch_database(server, mark, number) as url:
        postgresql.restore(url, dump_file, dump_file.with_name("errors"), check, settings.pg_bin_dir)
        yield url


def _source(settings: Settings) -> str:
    """Where pg_dump reads: the server itself."""
    return settings.backup_source_url or settings.database_address


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`. Raises Invalid for another database's address."""
    kind = url.partition(":")[0].partition("+")[0]
    if kind not in ("sqlite", "postgresql"):
        raise Invalid(
            phrase("Name a database such as postgresql://user@host/desk or sqlite:////srv/desk/desk.sqlite3.")
        )
    return kind


def require_empty(url: str, made_of: str) -> None:
    """Raise when a backup of such a database can't be restored there, or when there is anything already."""
    if kind_of(url) != made_of:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise Conflict(
            phrase(
                "The backup is of %(names)s: it can't be restored into %(names2)s.",
                names=names.get(made_of, made_of),
                names2=names[kind_of(url)],
            )
        )
    if made_of == "sqlite":
        sqlite.require_empty(sqlite.file_of(url))
    else:
        postgresql.require_empty(url)
