"""`desk doctor` on files: it writes where the desk writes, and looks for what the database says is there."""

import errno
import os
from typing import Any

import pytest

from tests.support.market import Market
from webapp import clock, health_checks
from webapp.models import Evidence
from webapp.runtime import Runtime


def test_a_folder_that_takes_no_file_is_named(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(health_checks, "TemporaryFile", refuse)
    found = health_checks.disk(sqlite_runtime)
    assert (found.verdict, found.found.endswith("Read-only file system.")) == ("wrong", True)
    assert "VAR_DIR" in found.do


def test_evidence_that_is_gone_is_counted(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        dispute = Market(session, runtime).dispute()
        for name in ("there.png", "gone.png"):
            what = {"side": "desk", "name": name, "media_type": "image/png", "size": 1, "sha256": name}
            who = {"by": "user:1", "by_name": "Amina", "at": clock.now()}
            session.add(Evidence(dispute_id=dispute.id, status="staged", stored_as=name, **what, **who))
    runtime.evidence_folder.mkdir(parents=True)
    (runtime.evidence_folder / "there.png").write_bytes(b"x")
    found = health_checks.evidence(runtime)
    assert found.verdict == "wrong"
    assert found.found == "2 files of evidence looked for. Not in VAR_DIR/evidence: 1."
    (runtime.evidence_folder / "gone.png").write_bytes(b"x")
    assert health_checks.evidence(runtime).verdict == "ok"
