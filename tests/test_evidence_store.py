"""Evidence in a bucket, over HTTP with a server of the protocol: what one host puts there another reads, backs up and
cleans up, nothing is written beside it, and a store that is away is refused in words.
"""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import settings_for
from tests.support.backups import PICTURE, backups
from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, NOW, Market
from webapp import clock, health_checks
from webapp.errors import Conflict, Unavailable
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.backups import restoring
from webapp.jobs.steps.backups.workspace import workspace
from webapp.models import Evidence
from webapp.runtime import Runtime, build_runtime
from webapp.services.disputes import evidence
from webapp.services.retention import removal
from webapp.settings_parts.evidence_store import Bucket


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Where a server of S3 listens."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def given(endpoint: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a bucket of this test's own, which exists."""
    name = f"evidence-{hashlib.sha256(request.node.name.encode()).hexdigest()[:16]}"
    of_s3 = {"s3_endpoint": endpoint, "s3_region": "us-east-1", "s3_access_key": "desk", "s3_secret_key": "s" * 20}
    found = {"evidence_bucket": f"{name}/desk", **of_s3}
    settings = settings_for("sqlite://", Path("unused"), **found)
    assert isinstance(settings.evidence_store, Bucket)
    settings.evidence_store.client.create_bucket(Bucket=name)
    return found


@pytest.fixture
def hosts(sqlite_url: str, tmp_path: Path, given: dict[str, Any]) -> Iterator[tuple[Runtime, Runtime]]:
    """Two hosts with one database, each with a disk of its own."""
    made = [build_runtime(settings_for(sqlite_url, tmp_path / name, **given)) for name in ("one", "other")]
    register_jobs(made[0])
    yield made[0], made[1]
    for each in made:
        each.db.close()


def attached(host: Runtime, data: bytes = PICTURE, *, fail: bool = False) -> Evidence:
    with host.db.transaction() as session:
        dispute = Market(session, host).dispute()
        row = evidence.attach_file(
            session,
            dispute.id,
            side="buyer",
            name="box.png",
            data=data,
            folder=host.evidence,
            at=NOW,
            actor=AMINA,
            settings=host.settings,
        )
        if fail:
            raise Conflict("Given up.")
        return row


def names(host: Runtime) -> list[str]:
    return sorted(file.name for file in host.evidence.glob("*"))


def test_what_one_host_puts_there_another_reads(hosts: tuple[Runtime, Runtime]) -> None:
    one, other = hosts
    row = attached(one)
    with other.db.reading() as session:
        found, file = evidence.content(session, row.id, other.evidence)
    assert (found.name, file.read_bytes(), file.open("rb").read()) == ("box.png", PICTURE, PICTURE)
    assert names(other) == [row.stored_as]
    assert not (one.evidence_folder).exists()
    assert health_checks.evidence(other).verdict == "ok"
    assert names(other) == [row.stored_as]


def test_a_file_whose_transaction_is_given_up_is_gone(hosts: tuple[Runtime, Runtime]) -> None:
    with pytest.raises(Conflict):
        attached(hosts[0], fail=True)
    assert names(hosts[0]) == []


def test_a_changed_or_missing_file_is_not_shown(hosts: tuple[Runtime, Runtime]) -> None:
    one, other = hosts
    row = attached(one)
    file = one.evidence / str(row.stored_as)
    for change in (partial(file.write_bytes, b"other"), partial(file.unlink)):
        change()
        with other.db.reading() as session, pytest.raises(Conflict, match="missing or was changed"):
            evidence.content(session, row.id, other.evidence)
    assert health_checks.evidence(other).verdict == "wrong"


def test_a_store_that_is_away_or_refuses_is_told_in_words(
    hosts: tuple[Runtime, Runtime], given: dict[str, Any]
) -> None:
    row = attached(hosts[0])
    for more in ({"s3_endpoint": "http://127.0.0.1:9"}, {"evidence_bucket": "not-there"}):
        settings = settings_for(hosts[0].settings.database_url, hosts[0].settings.var_dir, **(given | more))
        away = build_runtime(settings)
        with pytest.raises(Unavailable, match="can't be stored just now: the store of evidence"):
            attached(away)
        with away.db.reading() as session, pytest.raises((Unavailable, Conflict)):
            evidence.content(session, row.id, away.evidence)
        assert health_checks.evidence(away).verdict == "wrong"
        away.db.close()


def test_files_that_no_evidence_names_go_when_they_are_old(hosts: tuple[Runtime, Runtime]) -> None:
    one, other = hosts
    row = attached(one)
    (one.evidence / "left-behind.txt").write_bytes(b"x")
    store = one.settings.evidence_store
    assert isinstance(store, Bucket)
    store.client.put_object(Bucket=store.name, Key="others/report.txt", Body=b"x")
    with other.db.reading() as session:
        assert removal.orphaned_files(session, other.evidence, clock.now() - timedelta(days=1)) == []
        [orphan] = removal.orphaned_files(session, other.evidence, clock.now() + timedelta(days=1))
    orphan.unlink()
    assert names(one) == [row.stored_as]


def test_a_backup_has_them_and_a_restore_puts_them_into_the_bucket(
    hosts: tuple[Runtime, Runtime], tmp_path: Path
) -> None:
    one, other = hosts
    row = attached(one)
    run_job_now(other, "back_up")
    [made] = backups(other)
    assert (made.status, made.proof, made.evidence_files) == ("kept", "proven", 1)
    (one.evidence / str(row.stored_as)).unlink()
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    with workspace(tmp_path) as work:
        found = restoring.opened(Path(made.folder, str(made.file)), work, one.settings, url=url, other_key=False)
        assert restoring.restore(found, url, one.evidence, one.settings, actor=OPERATOR, say=lambda _: None) == []
    assert (other.evidence / str(row.stored_as)).read_bytes() == PICTURE
