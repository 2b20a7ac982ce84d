"""How a run ended, and whether that is worth an alert: judged in the transaction that finishes it."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import ITEMS_FAILED, LONG_RUN, RUN_FAILED
from webapp.domain.states import RUNS_THAT_COUNT, RunStatus, Trigger
from webapp.models import Run, Schedule
from webapp.services.alerts import alerts

NO_EXECUTION = "no_execution"
_SHARE = 10
_NUMBERS = re.compile(r"[0-9]+")


def ending(run: Run, status: RunStatus) -> RunStatus:
    """A run whose items failed did not simply succeed, and one that did something was not simply skipped."""
    if status == RunStatus.SKIPPED and (run.succeeded or run.failed):
        status = RunStatus.SUCCEEDED
    if status == RunStatus.SUCCEEDED and run.failed:
        return RunStatus.PARTIAL if run.succeeded or run.skipped else RunStatus.FAILED
    return status


def evaluate(session: Session, run: Run, schedule: Schedule | None, at: datetime) -> None:
    """Fire or resolve the alerts about a run's failure, its failed items and its length. Dry runs are not judged."""
    if run.dry_run:
        return
    if run.status in RUNS_THAT_COUNT and run.trigger != Trigger.RETRY and (run.slot or run.at >= run.created_at):
        alerts.resolve(session, NO_EXECUTION, run.job, at)
    _about_failure(session, run, at)
    _about_items(session, run, schedule.failed_items_percent if schedule else _SHARE, at)
    _about_length(session, run, schedule, at)


def _about_failure(session: Session, run: Run, at: datetime) -> None:
    if run.status in (RunStatus.FAILED, RunStatus.LOST):
        why = run.error or f"{run.failed} of {run.processed} items failed."
        sentence = f"Run {run.id} of {run.job} ended {run.status}: {why}"
        alerts.fire(session, RUN_FAILED, run.job, sentence, at, causes=[_cause(run, f"{run.status} {why}")])
    else:
        alerts.resolve(session, RUN_FAILED, run.job, at)


def _about_items(session: Session, run: Run, percent: int, at: datetime) -> None:
    if run.failed * 100 > percent * run.processed:
        sentence = f"{run.failed} of {run.processed} items failed in run {run.id} of {run.job}."
        alerts.fire(session, ITEMS_FAILED, run.job, sentence, at, causes=[_cause(run, "items")])
    else:
        alerts.resolve(session, ITEMS_FAILED, run.job, at)


def _about_length(session: Session, run: Run, schedule: Schedule | None, at: datetime) -> None:
    took = (at - run.started_at).total_seconds() if run.started_at else 0
    if schedule is not None and took > schedule.long_run_seconds:
        sentence = f"Run {run.id} of {run.job} took {int(took)} s; longer than {schedule.long_run_seconds} s is long."
        alerts.fire(session, LONG_RUN, run.job, sentence, at, causes=[_cause(run, "length")])
    else:
        alerts.resolve(session, LONG_RUN, run.job, at)


def _cause(run: Run, why: str) -> str:
    """What is new about it: a planned run that ends as others did on that day is not, or each minute's would call."""
    if run.slot is None:
        return f"run {run.id}"
    return f"{run.slot:%Y-%m-%d} {_NUMBERS.sub('#', why)}"
