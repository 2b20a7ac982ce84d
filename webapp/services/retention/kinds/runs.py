"""Runs with their items. What moved money stays as long as its transfers, and a job's last run for good.

What a run logged goes sooner or at the same time, whatever the run did.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists
from sqlalchemy.orm import aliased

from webapp.domain.states import RUNS_THAT_COUNT, UNFINISHED_RUNS
from webapp.domain.words import phrase
from webapp.models import Run, RunItem, RunLine, Transfer
from webapp.services.retention.registry import RetentionKind, declare
from webapp.services.scheduling.bulk_runs import own_runs

_SETTING = "RUN_RETENTION_DAYS"


def _over(before: datetime) -> ColumnElement[bool]:
    """Finished long ago, moved nothing, retried by none that is kept, and the job ran well since.

    By the newest run that counts it is judged whether the job runs at all.
    """
    later, retried = aliased(Run), aliased(Run)
    ran_well = and_(later.status.in_(RUNS_THAT_COUNT), ~later.dry_run, own_runs(later))
    return and_(
        Run.created_at < before,
        Run.finished_at < before,
        Run.status.not_in(UNFINISHED_RUNS),
        ~exists().where(Transfer.run_id == Run.id),
        ~exists().where(retried.parent_id == Run.id),
        exists().where(ran_well, later.job == Run.job, later.id > Run.id),
    )


def _of_runs(column: Any, before: datetime) -> ColumnElement[bool]:
    """Row by row, so that a page of them stops when it is full: the list of all runs that go is long."""
    return exists().where(Run.id == column, _over(before))


def _of_ended(before: datetime) -> ColumnElement[bool]:
    return exists().where(Run.id == RunLine.run_id, Run.finished_at < before)


declare(
    RetentionKind(
        "run_lines", phrase("What runs logged"), RunLine, "LOG_RETENTION_DAYS", _of_ended, order=10, at_most=_SETTING
    )
)
declare(
    RetentionKind(
        "run_items",
        phrase("Items that runs named"),
        RunItem,
        _SETTING,
        lambda before: _of_runs(RunItem.run_id, before),
        order=10,
    )
)
declare(RetentionKind("runs", phrase("Runs that moved no money, but each job's last"), Run, _SETTING, _over, order=20))
