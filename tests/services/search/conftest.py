"""A database in which any part of a reference is found by an index, on both kinds."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from bench import trigram_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def trigram_server_url() -> Iterator[str]:
    """The first database of a server that has pg_trgm."""
    if trigram_server.programs() is None:
        pytest.skip("No PostgreSQL with pg_trgm is here: sudo apt-get install postgresql")
    with TemporaryDirectory(prefix="desk-trgm-") as folder, trigram_server.serving(Path(folder)) as url:
        yield url


@pytest.fixture
def trigram_url(trigram_server_url: str) -> Iterator[str]:
    """A database without any table on it."""
    name = f"desk_{next(_numbers)}"
    with psycopg.connect(trigram_server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        yield trigram_server_url.replace("/postgres?", f"/{name}?")
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
