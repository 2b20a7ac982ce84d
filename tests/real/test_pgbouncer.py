"""PgBouncer in transaction mode before a real PostgreSQL: time-outs, tables and backups."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from real import servers
from real.packages import PGBOUNCER
from tests.conftest import settings_for
from tests.support.backups import backups, some_trade, with_settings
from tests.support.job_runs import run_job_now
from tests.support.postgresql import Server
from tests.test_database_address import WANTED, settings_of
from webapp.errors import Unavailable
from webapp.jobs.steps.backups import pg_programs, postgresql
from webapp.runtime import Runtime, build_runtime

pytestmark = pytest.mark.skipif(PGBOUNCER.path is None, reason=PGBOUNCER.install)


@pytest.fixture(scope="module")
def direct(pg: Server) -> Iterator[str]:
    url = pg.original()
    yield url
    pg.drop(url)


@pytest.fixture(scope="module")
def pooled(direct: str) -> Iterator[str]:
    with TemporaryDirectory(prefix="desk-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        with servers.pgbouncer(Path(folder), direct, default_pool_size="4") as url:
            yield url


@pytest.fixture
def desk(pooled: str, tmp_path: Path) -> Iterator[Runtime]:
    runtime = build_runtime(settings_for(pooled, tmp_path))
    yield runtime
    runtime.db.close()


def test_eight_at_once_on_four_connections_keep_their_time_outs(desk: Runtime) -> None:
    """Nothing is prepared that the other connection would not know, and no time-out is lost on the way."""

    def work(number: int) -> dict[str, str]:
        unit = desk.db.transaction if number % 2 else desk.db.reading
        with unit() as session:
            session.scalar(text("SELECT count(*) FROM party WHERE id > :number"), {"number": number})
            return settings_of(session.connection())

    with ThreadPoolExecutor(8) as threads:
        assert all(each == WANTED for each in threads.map(work, range(80)))


def test_a_dump_through_it_hides_no_table(desk: Runtime, pooled: str) -> None:
    """Whoever makes one: what it sets for its session stays on the connections that the desk is given next."""
    with desk.db.reading() as session:
        major = int(session.scalar(text("SHOW server_version_num"))) // 10_000
    pg_dump = pg_programs.find(major, None).dump
    subprocess.run([pg_dump, "--schema-only", "-f", "/dev/null", pooled], check=True, capture_output=True)
    for _ in range(4):
        with desk.db.reading() as session:
            assert session.scalar(text("SELECT count(*) FROM party")) == 0


def test_nothing_is_restored_through_it(pooled: str) -> None:
    with pytest.raises(Unavailable, match="leads to a pooler"):
        postgresql.require_empty(pooled)


def test_a_backup_goes_past_it(desk: Runtime, direct: str) -> None:
    some_trade(desk)
    refused = run_job_now(desk, "back_up")
    assert (refused.status, "BACKUP_SOURCE_URL" in str(refused.error)) == ("failed", True)
    made = run_job_now(with_settings(desk, backup_source_url=direct), "back_up")
    assert made.status == "succeeded", made.error
    assert backups(desk)[-1].proof == "proven"
