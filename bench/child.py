"""The memory of a release, measured in a process of its own: `python -m bench.child DATABASE_URL`."""

import subprocess
import sys
from pathlib import Path

from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.jobs.run_job import run_here
from webapp.runtime import build_runtime
from webapp.services import runs
from webapp.settings import load_settings


def operator() -> Actor:
    """Who starts the runs of benchmarks."""
    return Actor("cli", None, "bench", ROLES["operator"])


def peak_of_release(url: str) -> float:
    """Peak resident memory, in bytes, of a fresh process that runs auto_release on what is due."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.child", url], capture_output=True, text=True, check=True, timeout=600
    )
    return float(done.stdout.split()[-1])


def _release(url: str) -> int:
    runtime = build_runtime(load_settings(env="test", database_url=url))
    with runtime.db.transaction() as session:
        queued = runs.claim_for_outside_cron(session, "auto_release", actor=operator())
    return run_here(runtime, queued.id).succeeded


def _peak() -> int:
    """Bytes, by the kernel's count since this program began; rusage would count the parent's memory at the fork."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    print(_release(sys.argv[1]))
    print(_peak())
