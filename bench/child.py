"""A job's run in a process of its own, for its speed and memory: `python -m bench.child DATABASE_URL JOB`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.jobs.run_job import run_here
from webapp.models import Run
from webapp.runtime import Runtime, build_runtime
from webapp.services.scheduling import runs
from webapp.settings import load_settings


@dataclass(frozen=True, slots=True)
class Alone:
    """How a run went in a process that does nothing else: seconds from its start to its finish, bytes at its peak."""

    status: str
    seconds: float
    peak: float


def operator() -> Actor:
    """Who starts the runs of benchmarks."""
    return Actor("cli", None, "bench", ROLES["operator"])


def run_now(runtime: Runtime, job: str) -> Run:
    """One run of a job in this process."""
    with runtime.db.transaction() as session:
        queued = runs.claim_for_outside_cron(session, job, actor=operator())
    return run_here(runtime, queued.id)


def seconds_of(run: Run) -> float:
    """How long a finished run took."""
    if run.started_at is None or run.finished_at is None or run.failed:
        raise RuntimeError(f"run {run.id} ended {run.status}: {run.error}")
    return (run.finished_at - run.started_at) / timedelta(seconds=1)


def timed(runtime: Runtime, job: str, **parameters: Any) -> float:
    """Seconds that one run of a job takes in this process, by its own clock. Raises RuntimeError when it fails."""
    with runtime.db.transaction() as session:
        queued = runs.trigger(session, job, actor=operator(), parameters=parameters or None)
    began = time.perf_counter()
    ended = run_here(runtime, queued.id)
    if ended.status != "succeeded":
        raise RuntimeError(f"{job} ended {ended.status}: {ended.error}")
    return time.perf_counter() - began


def alone(url: str, job: str, settings: Mapping[str, str] | None = None) -> Alone:
    """Run a job in a fresh process; `settings` are environment variables."""
    command = [sys.executable, "-m", "bench.child", url, job]
    environment = os.environ | dict(settings or {})
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3_600, env=environment)
    return Alone(**json.loads(done.stdout.splitlines()[-1]))


def _measured(url: str, job: str) -> Alone:
    run = run_now(build_runtime(load_settings(env="test", database_url=url)), job)
    return Alone(run.status, seconds_of(run), _peak())


def _peak() -> int:
    """Bytes, by the kernel's count since this program began; rusage would count the parent's memory at the fork."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    print(json.dumps(asdict(_measured(*sys.argv[1:]))))
