"""auto_release through the real engine, against row-by-row ORM work and against hand-written set-based SQL."""

import gc
import statistics
import time
from collections.abc import Callable
from datetime import datetime

from bench import release_limit, release_orm, seed
from bench.child import alone, run_now, seconds_of
from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

ESCROWS, LARGE, ROUNDS = 20_000, 200_000, 5
ORM_SAMPLE = 500
"""The ORM baseline's speed doesn't depend on how many there are; 20,000 would take minutes a round."""

Contender = Callable[[Runtime, datetime], tuple[int, float]]


def run() -> Ratios:
    """Escrows per second of each contender: the median of five interleaved rounds."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime:
            register_jobs(runtime)
            found |= _against_baselines(kind, runtime)
            found |= _large(kind, runtime)
    return found


def _against_baselines(kind: str, runtime: Runtime) -> Ratios:
    contenders: dict[str, tuple[Contender, int]] = {
        "engine": (_engine, ESCROWS),
        "limit": (_timed(release_limit.release), ESCROWS),
        "orm": (_timed(release_orm.release), ORM_SAMPLE),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(ROUNDS):
        for name, (contender, count) in contenders.items():
            rates[name].append(_rate(runtime, contender, count, f"{name}-{turn}"))
    middle = {name: statistics.median(values) for name, values in rates.items()}
    return {
        f"release-{kind}-against-{name}": Ratio.of_figures(
            middle["engine"], middle[name], f"auto_release, {kind}", said
        )
        for name, said in (("orm", "an ORM commit per escrow"), ("limit", "one hand-written set-based transaction"))
    }


def _large(kind: str, runtime: Runtime) -> Ratios:
    """Ten times as many in one run: speed and peak memory against the smaller run."""
    small = _rate(runtime, _engine, ESCROWS, "small")
    small_memory = _peak(runtime, ESCROWS, "small-memory")
    large = _rate(runtime, _engine, LARGE, "large")
    large_memory = _peak(runtime, LARGE, "large-memory")
    name = f"release-{kind}-200000-against-20000"
    return {
        name: Ratio.of_figures(large, small, f"auto_release of {LARGE:,}, per second", f"of {ESCROWS:,}"),
        f"{name}-memory": Ratio.of_figures(large_memory, small_memory, f"peak memory of {LARGE:,}", f"of {ESCROWS:,}"),
    }


def _rate(runtime: Runtime, contender: Contender, count: int, name: str) -> float:
    at = clock.now()
    seed.due_escrows(runtime, count, name, at)
    gc.collect()
    done, seconds = contender(runtime, at)
    if done != count:
        raise RuntimeError(f"{name}: {done} of {count} escrows were paid")
    return count / seconds


def _peak(runtime: Runtime, count: int, name: str) -> float:
    """Peak resident memory, in bytes, of a process that does nothing but the release."""
    at = clock.now()
    seed.due_escrows(runtime, count, name, at)
    return alone(runtime.db.url, "auto_release").peak


def _engine(runtime: Runtime, at: datetime) -> tuple[int, float]:
    """By the run's own clock: from its start to its finish."""
    finished = run_now(runtime, "auto_release")
    return finished.succeeded, seconds_of(finished)


def _timed(release: Callable[[Runtime, datetime], int]) -> Contender:
    def timed(runtime: Runtime, at: datetime) -> tuple[int, float]:
        begun = time.perf_counter()
        done = release(runtime, at)
        return done, time.perf_counter() - begun

    return timed
