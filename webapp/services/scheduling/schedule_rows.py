"""The schedules as rows: each with its health and its last runs, in a handful of queries for any number of runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from webapp.services.scheduling import runs, schedules
from webapp.services.scheduling.schedules import JobHealth

SHOWN = 60


class ScheduleRow(NamedTuple):
    """A job's health and its last runs, oldest first."""

    health: JobHealth
    runs: Sequence[Any]


def load(session: Session, at: datetime) -> list[ScheduleRow]:
    """Every job: those that need someone first, then by name."""
    found = schedules.health(session, at)
    recent = runs.recent(session, [each.job for each in found], SHOWN)
    rows = [ScheduleRow(each, recent[each.job]) for each in found]
    return sorted(rows, key=lambda row: (row.health.late_since is None, row.health.job))
