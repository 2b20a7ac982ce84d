"""Jobs that ask providers, through the real engine, against asking and settling one after the other."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from bench.child import alone, run_now
from bench.outside import LATENCY, PARALLEL, Outside, outside
from bench.places import scratch
from bench.table import Ratio, Ratios
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Schedule
from webapp.runtime import Runtime

ITEMS = int(os.environ.get("BENCH_ITEMS", "100000"))
FEWER = max(1_000, ITEMS // 5)
SAMPLE, CUT = 200, 4_000
"""How many are done one after the other; and by the run that is stopped at its limit, together with the next one."""
_SHORT, _LONG = 2, 3_600


@dataclass(frozen=True)
class Asking:
    """A job; how so many items of it are made; how a sample is done one by one; and what says that one is done."""

    name: str
    job: str
    make: Callable[[Runtime, Outside, int, str], None]
    one_by_one: Callable[[Runtime, int], None]
    is_done: Any


def measure(asking: Asking) -> Ratios:
    """Items per second, memory, and a run that reaches its limit; on PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as folder, scratch("postgresql") as runtime:
        register_jobs(runtime)
        with outside(Path(folder)) as provider:
            return _measured(asking, runtime, provider)


def _measured(asking: Asking, runtime: Runtime, provider: Outside) -> Ratios:
    name = asking.name
    fewer, small = _run(asking, runtime, provider, FEWER)
    single = _sequential(asking, runtime, provider)
    rate, large = _run(asking, runtime, provider, ITEMS)
    what = f"{asking.job} of {ITEMS:,}, {PARALLEL} calls at once, per second"
    slow = f"one by one, {LATENCY} ms an answer"
    return {
        f"{name}-against-one-by-one": Ratio.of_figures(rate, single, what, slow),
        f"{name}-{ITEMS}-against-{FEWER}": Ratio.of_figures(rate, fewer, what, f"of {FEWER:,}"),
        f"{name}-{ITEMS}-against-{FEWER}-memory": Ratio.of_figures(large, small, "peak bytes", f"of {FEWER:,}"),
        f"{name}-cut-off": _cut_off(asking, runtime, provider),
    }


def _run(asking: Asking, runtime: Runtime, provider: Outside, count: int) -> tuple[float, float]:
    """Items per second, and bytes at the peak, of a process of its own."""
    _make(asking, runtime, provider, count, f"run{count}")
    before = _done(asking, runtime)
    found = alone(runtime.db.url, asking.job, provider.environment)
    done = _done(asking, runtime) - before
    if (found.status, done) != ("succeeded", count):
        raise RuntimeError(f"{asking.job} ended {found.status}: {done} of {count} are done")
    return count / found.seconds, found.peak


def _sequential(asking: Asking, runtime: Runtime, provider: Outside) -> float:
    """One call and one transaction per item, with the same clients and actions."""
    _make(asking, runtime, provider, SAMPLE, "single")
    before = _done(asking, runtime)
    with provider.desk(runtime) as desk:
        begun = time.perf_counter()
        asking.one_by_one(desk, SAMPLE)
        seconds = time.perf_counter() - begun
    if _done(asking, runtime) - before != SAMPLE:
        raise RuntimeError("not all of the sample are done")
    return SAMPLE / seconds


def _cut_off(asking: Asking, runtime: Runtime, provider: Outside) -> Ratio:
    """A run that reaches its limit is partial, and the next one does the rest."""
    _make(asking, runtime, provider, CUT, "cut")
    before = _done(asking, runtime)
    with provider.desk(runtime) as desk:
        _limit(desk, asking.job, _SHORT)
        first = run_now(desk, asking.job)
        done = _done(asking, runtime) - before
        _limit(desk, asking.job, _LONG)
        second = run_now(desk, asking.job)
    if (first.status, second.status) != ("partial", "succeeded") or not 0 < done < CUT:
        raise RuntimeError(f"the runs ended {first.status} and {second.status}, {done} of {CUT} after the first")
    whole = _done(asking, runtime) - before
    return Ratio.of_figures(whole, CUT, f"done by a partial run ({done:,}) and the next one", "due")


def _make(asking: Asking, runtime: Runtime, provider: Outside, count: int, prefix: str) -> None:
    _limit(runtime, asking.job, _LONG)
    asking.make(runtime, provider, count, prefix)
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")


def _limit(runtime: Runtime, job: str, seconds: int) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Schedule).where(Schedule.job == job).values(max_duration_seconds=seconds))


def _done(asking: Asking, runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(asking.is_done)).one()
