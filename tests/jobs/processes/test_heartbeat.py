"""The file by which a cluster sees that a worker lives and is ready."""

from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.runtime import Runtime
from webapp.services.scheduling import processes


@pytest.fixture
def file(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ALIVE_FILE; nothing has written it."""
    found = tmp_path / "alive"
    monkeypatch.setattr(runtime.settings, "alive_file", found)
    return found


def test_a_worker_that_beats_says_that_it_is_ready(runtime: Runtime, file: Path) -> None:
    beat_once(runtime, processes.WORKER)
    assert file.read_text() == "ready\n"


def test_a_worker_whose_database_is_away_lives_and_is_not_ready(
    runtime: Runtime, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "beat", away)
    beat_once(runtime, processes.WORKER)
    assert file.read_text() == "waiting\n"


def test_web_processes_have_addresses_for_that_and_write_nothing(runtime: Runtime, file: Path) -> None:
    beat_once(runtime, processes.WEB)
    assert not file.exists()


def test_a_file_that_cannot_be_written_stops_no_heartbeat(runtime: Runtime, file: Path) -> None:
    file.mkdir()
    beaten: list[str] = []
    beat_once(runtime, processes.WORKER, also=lambda: beaten.append("on"))
    assert beaten == ["on"]


def beat_once(runtime: Runtime, kind: str, also: Callable[[], None] = lambda: None) -> None:
    """One turn of its thread, here."""
    heartbeat = Heartbeat(runtime, kind, sweeps=False, also=also)
    heartbeat._over.set()
    heartbeat._go()


def away(*_: object) -> None:
    raise OSError("the database is away")
