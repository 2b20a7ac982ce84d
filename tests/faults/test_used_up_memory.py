"""The kernel kills a worker that uses up its memory in the middle of a run: the next pays what is left, each once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.faults.deaths import let_leases_end, take_next
from tests.faults.test_database_faults import JOB, MANY, before_the_second_chunk, made_due
from tests.support.declared_jobs import runs_of
from tests.support.forked import ended_as
from tests.support.market import all_books_agree
from tests.support.releasing import paid, released
from webapp.jobs.engine import chunks
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.runtime import Runtime, build_runtime

_GROUPS = Path("/sys/fs/cgroup")
_MOST = 64 * 2**20


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group whose processes may not have more memory than so much, and no swap."""
    first = (_GROUPS / "memory").is_dir()  # of the first version, where each resource has a tree of its own
    made = (_GROUPS / "memory" if first else _GROUPS) / f"desk-{os.getpid()}"
    limits = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes") if first else ("memory.max", "memory.swap.max")
    try:
        made.mkdir()
    except OSError:
        pytest.skip("this machine lets nobody bound the memory of processes")
    try:
        if not (made / limits[0]).exists():
            pytest.skip("this machine lets nobody bound the memory of processes")
        (made / limits[0]).write_text(str(_MOST))
        if (made / limits[1]).exists():
            (made / limits[1]).write_text(str(_MOST if first else 0))
        yield made
    finally:
        made.rmdir()


def test_what_was_left_when_the_kernel_killed_its_worker_is_paid_once(
    sqlite_runtime: Runtime, sqlite_url: str, tmp_path: Path, group: Path
) -> None:
    runtime = sqlite_runtime
    made_due(runtime)
    [run] = runs_of(runtime, JOB)
    assert ended_as(_use_memory_up_amid, run.id, sqlite_url, tmp_path, group) == -signal.SIGKILL
    assert paid(runtime) == released(runtime) == 3, "what was acknowledged before is there"
    all_books_agree(runtime)

    let_leases_end(runtime)
    take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.succeeded, run.failed, run.amounts) == ("succeeded", MANY, 0, {"NGN": MANY * 1_000})
    assert paid(runtime) == released(runtime) == MANY
    all_books_agree(runtime)


def _use_memory_up_amid(run_id: int, url: str, folder: Path, group: Path) -> None:
    """What the worker does, in a process of its own."""

    def use_up() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))
        kept = [bytearray(b"x" * 2**20) for _ in range(4 * _MOST // 2**20)]
        raise AssertionError(f"{len(kept)} MiB were there, and nobody killed it")

    runtime = build_runtime(settings_for(url, folder))
    register_jobs(runtime)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chunks, "CHUNK", 3)
        before_the_second_chunk(patched, use_up)
        run_job(runtime, run_id)
