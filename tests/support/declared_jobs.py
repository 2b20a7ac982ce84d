"""Jobs that a test declares for itself, planned and looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from sqlalchemy import select

from webapp import jobs
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.domain.scheduling.job_spec import JobSpec
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.scheduling import schedules

OPERATOR = Actor("user", 7, "Olu Operator", ROLES["admin"])
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class Declare(Protocol):
    """Declares a job until the test is over, and returns its name."""

    def __call__(self, name: str, function: jobs.JobFunction, **spec: Any) -> str: ...


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declares a job for one test: `declare(name, function, **spec)`."""
    made: list[str] = []

    def one(name: str, function: jobs.JobFunction, **spec: Any) -> str:
        made.append(name)
        jobs._jobs[name] = jobs.Job(JobSpec(name, "For a test.", **({"cron": "0 12 * * *"} | spec)), function)
        return name

    yield one
    for name in made:
        jobs._jobs.pop(name, None)


def planned(runtime: Runtime, name: str, at: datetime, **changes: object) -> None:
    """Put a declared job into the schedule table as if the desk had started at an instant."""
    with runtime.db.transaction() as session:
        schedules.register(session, [jobs._jobs[name].spec], at)
        schedule = schedules.get(session, name)
        for key, value in changes.items():
            setattr(schedule, key, value)


def runs_of(runtime: Runtime, name: str) -> list[Run]:
    """Every run of a job, in order."""
    with runtime.db.reading() as session:
        return list(session.scalars(select(Run).where(Run.job == name).order_by(Run.id)))
