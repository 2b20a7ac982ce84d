"""The clock's engine: a periodic job is one decorated function, found here by everything that shows or runs jobs."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from webapp.domain.scheduling.job_spec import JobSpec
from webapp.domain.states import CatchUp
from webapp.jobs import periodic
from webapp.jobs.engine.work import Work

JobFunction = Callable[[Work, datetime], None]

_TEN_MINUTES, _FIVE_MINUTES = timedelta(minutes=10), timedelta(minutes=5)
_jobs: dict[str, "Job"] = {}


@dataclass(frozen=True)
class Job:
    """A declared job: what it says about itself, and what it does."""

    spec: JobSpec
    function: JobFunction


def hours(count: float) -> timedelta:
    """A time span in hours."""
    return timedelta(hours=count)


def minutes(count: float) -> timedelta:
    """A time span in minutes."""
    return timedelta(minutes=count)


def job(
    *,
    title: str,
    cron: str,
    zone: str = "UTC",
    grace: timedelta | None = None,
    max_duration: timedelta = _TEN_MINUTES,
    long_run: timedelta = _FIVE_MINUTES,
    failed_items_percent: int = 10,
    catch_up: CatchUp = CatchUp.ONCE,
    moves_money: bool = True,
) -> Callable[[JobFunction], JobFunction]:
    """Declare a periodic job. Its name is the function's, its description the docstring's first line; its `title` says
    in a few words what it does, as pages call it.
    """

    def declare(function: JobFunction) -> JobFunction:
        description = (function.__doc__ or "").strip().partition("\n")[0]
        spec = JobSpec(
            function.__name__,
            description,
            cron,
            zone,
            grace,
            max_duration,
            long_run,
            failed_items_percent,
            catch_up,
            moves_money,
            title,
        )
        _jobs[spec.name] = Job(spec, function)
        return function

    return declare


def find(name: str) -> Job | None:
    """A declared job by its name."""
    _load()
    return _jobs.get(name)


def registry() -> dict[str, JobSpec]:
    """Every declared job, by name."""
    _load()
    return {name: _jobs[name].spec for name in sorted(_jobs)}


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(periodic.__path__, f"{periodic.__name__}."):
        importlib.import_module(module.name)
