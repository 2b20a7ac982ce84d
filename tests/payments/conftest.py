"""Desks on both databases that speak to a sandbox of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, desk_with, sandbox
from webapp.runtime import Runtime


@pytest.fixture
def world() -> Iterator[Sandbox]:
    """The sandbox."""
    with sandbox() as made:
        yield made


@pytest.fixture
def runtime(world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database."""
    with desk_with(world, database_url, tmp_path) as made:
        yield made


@pytest.fixture
def pg_runtime(world: Sandbox, pg_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on PostgreSQL."""
    with desk_with(world, pg_url, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_runtime(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on SQLite."""
    with desk_with(world, sqlite_url, tmp_path) as made:
        yield made
