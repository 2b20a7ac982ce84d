"""Memory, file handles and disk run out: what can't be done is refused in a true sentence, and later it works."""

import base64
import errno
import html
import io
import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.api.conftest import Api, a_dispute, an_order, api, caller, place, web  # noqa: F401
from tests.support.declared_jobs import NOON, Declare, declare, planned, runs_of  # noqa: F401
from tests.support.people import PASSWORD, desk, send  # noqa: F401
from tests.support.releasing import go, paid, release, released, seed
from webapp import clock
from webapp.jobs.engine import chunks
from webapp.jobs.processes.scheduler import DeskScheduler
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.models import Evidence
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import release as escrow_release

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 300_000


@contextmanager
def no_file_handles() -> Iterator[None]:
    """No file, socket or connection can be opened in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(each) for each in os.listdir("/dev/fd")) + 1, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def no_room_for_files_of(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
        signal.signal(signal.SIGXFSZ, told)


def test_a_chunk_that_the_memory_is_too_small_for_is_divided(
    sqlite_runtime: Runtime,
    declare: Declare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hungry(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if len(ids) > 2:
            raise MemoryError
        return escrow_release.release_all(session, ids, **how)

    monkeypatch.setattr(chunks, "CHUNK", 8)
    seed(sqlite_runtime, 40)
    planned(sqlite_runtime, declare("pay", partial(release, action=hungry)), NOON)
    run = go(sqlite_runtime, "pay")

    assert (run.status, run.succeeded, run.skipped, run.failed) == ("succeeded", 36, 4, 0)
    assert paid(sqlite_runtime) == released(sqlite_runtime) == 36


def test_without_file_handles_a_request_is_refused_and_works_later(place: Runtime, api: Api) -> None:
    new = {"ref": "p-1", "name": "P. One"}
    assert api.get("/api/v1/parties").status_code == 200
    place.db.close()
    with no_file_handles():
        answer = api.post("/api/v1/parties", new)
    assert (answer.status_code, answer.json["title"]) == (503, "Unavailable")
    assert "The database can't be reached just now. Nothing was changed." in answer.json["detail"]
    assert api.post("/api/v1/parties", new).status_code == 201


def test_without_file_handles_a_scheduler_waits_and_goes_on(
    runtime: Runtime,
    declare: Declare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redis = fakeredis.FakeRedis()
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: redis)
    vars(runtime)["redis"] = redis
    scheduler = DeskScheduler(runtime, ShutdownFlag())
    scheduler.tick()
    planned(runtime, declare("daily", lambda work, at: None), clock.now() - timedelta(days=1))
    runtime.db.close()
    with no_file_handles():
        scheduler.tick()
    assert runs_of(runtime, "daily") == []
    assert scheduler._pause >= 1.0

    scheduler.tick()
    assert [run.status for run in runs_of(runtime, "daily")] == ["queued"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_without_room_for_it_a_file_of_evidence_is_refused_whole(place: Runtime, api: Api) -> None:
    case = f"/api/v1/disputes/{a_dispute(api, an_order(api)['escrow']['id'])['id']}"
    sent = {"side": "desk", "name": "p.png", "content": base64.b64encode(PICTURE).decode()}
    with no_room_for_files_of(200_000):
        answer = api.post(f"{case}/evidence", sent)
    assert (answer.status_code, answer.json["title"]) == (503, "Unavailable")
    assert "can't be stored just now: File too large. Nothing was changed." in answer.json["detail"]
    with place.db.reading() as session:
        assert session.scalars(select(func.count()).select_from(Evidence)).one() == 0
    assert list(place.evidence_folder.iterdir()) == []

    assert api.post(f"{case}/evidence", sent).status_code == 201


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_page_says_that_files_can_not_be_written(
    place: Runtime, api: Api, web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder for data is read-only; and there is no room for an upload while it is read."""
    path = f"/disputes/{a_dispute(api, an_order(api)['escrow']['id'])['id']}/evidence/file"
    client = web.test_client()
    assert send(client, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303

    def uploaded(data: bytes) -> Any:
        return send(client, path, side="desk", file=(io.BytesIO(data), "p.png"))

    def refusing(number: int) -> Callable[..., Any]:
        def refuse(*_: object, **__: object) -> Any:
            raise OSError(number, os.strerror(number))

        return refuse

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", refusing(errno.EROFS))
        answer = uploaded(PICTURE)
    assert "can't be stored just now: Read-only file system. Nothing was changed." in html.unescape(answer.text)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")

    with monkeypatch.context() as broken:
        broken.setattr("werkzeug.formparser.SpooledTemporaryFile", refusing(errno.ENOSPC))
        answer = uploaded(PICTURE)
    assert "can't be used just now: No space left on device. Nothing was changed." in html.unescape(answer.text)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert uploaded(PICTURE).status_code == 303
