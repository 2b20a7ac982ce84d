"""The database's file is for its owner alone, however it came to be open to others."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from webapp.db import Database


@pytest.fixture
def open_to_all(tmp_path: Path) -> Path:
    """A database of an older desk, which anybody may read."""
    file = tmp_path / "desk.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (n)")
    file.chmod(0o644)
    return file


def test_a_database_that_others_could_read_is_closed_when_it_is_used(open_to_all: Path) -> None:
    write_to(open_to_all)
    assert rights(open_to_all.parent) == {"desk.sqlite3": 0o600, "desk.sqlite3-shm": 0o600, "desk.sqlite3-wal": 0o600}


def test_a_new_database_is_closed_from_the_first_moment(tmp_path: Path) -> None:
    write_to(tmp_path / "desk.sqlite3")
    assert set(rights(tmp_path).values()) == {0o600}


def write_to(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS t (n)"))


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
