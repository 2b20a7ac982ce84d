"""How a run ended, and whether that is worth an alert: judged in the transaction that finishes it."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain import durations
from webapp.domain.alert_definitions import ITEMS_FAILED, LONG_RUN, RUN_FAILED, Fact
from webapp.domain.numbers import counted
from webapp.domain.state_labels import in_words
from webapp.domain.states import RUNS_THAT_COUNT, RunStatus, Trigger
from webapp.domain.words import message, phrase
from webapp.models import Run, Schedule
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.scheduling.bulk_runs import is_bulk

NO_EXECUTION = "no_execution"
_SHARE = 10
_NUMBERS = re.compile(r"[0-9]+")
_EARLIER = (message("Run %(id)s of %(job)s took %(took)s s; longer than %(long_run_seconds)s s is long."),)
"""Sentences that rows have from before, and pages say in other languages."""


def ending(run: Run, status: RunStatus) -> RunStatus:
    """A run whose items failed did not simply succeed, and one that did something was not simply skipped.

    Bulk work of which nothing could be done did not succeed: what was asked was skipped, all of it.
    """
    if status == RunStatus.SKIPPED and (run.succeeded or run.failed):
        status = RunStatus.SUCCEEDED
    if status == RunStatus.SUCCEEDED and is_bulk(run) and run.skipped and not (run.succeeded or run.failed):
        return RunStatus.SKIPPED
    if status == RunStatus.SUCCEEDED and run.failed:
        return RunStatus.PARTIAL if run.succeeded or run.skipped else RunStatus.FAILED
    return status


def evaluate(session: Session, run: Run, schedule: Schedule | None, at: datetime) -> None:
    """Fire or resolve the alerts about a run's failure, its failed items and its length. Dry runs are not judged.

    Nor is bulk work: it says nothing of the job, and one that failed stands among the failed runs.
    """
    if run.dry_run or is_bulk(run):
        return
    percent = schedule.failed_items_percent if schedule else _SHARE
    found = {
        RUN_FAILED: _of_failure(run),
        ITEMS_FAILED: _of_items(run, percent),
        LONG_RUN: _of_length(run, schedule, at),
    }
    rules: list[Fact | str] = [rule for rule, finding in found.items() if finding is None]
    if run.status in RUNS_THAT_COUNT and run.trigger != Trigger.RETRY and (run.slot or run.at >= run.created_at):
        rules.append(NO_EXECUTION)
    alerts.resolve_all(session, rules, [run.job], at)
    for rule, finding in found.items():
        if finding is not None:
            alerts.fire(session, rule, run.job, finding.sentence, at, causes=finding.causes)


def _of_failure(run: Run) -> AlertFinding | None:
    if run.status not in (RunStatus.FAILED, RunStatus.LOST):
        return None
    why = run.error or phrase(
        "%(failed)s of %(items)s failed.", failed=run.failed, items=counted(run.processed, "item")
    )
    sentence = phrase(
        "Run %(id)s of %(job)s ended %(status)s: %(why)s", id=run.id, job=run.job, status=in_words(run.status), why=why
    )
    return AlertFinding(sentence, [_cause(run, f"{run.status} {why}")])


def _of_items(run: Run, percent: int) -> AlertFinding | None:
    if run.failed * 100 <= percent * run.processed:
        return None
    sentence = phrase(
        "%(failed)s of %(items)s failed in run %(id)s of %(job)s.",
        failed=run.failed,
        items=counted(run.processed, "item"),
        id=run.id,
        job=run.job,
    )
    return AlertFinding(sentence, [_cause(run, "items")])


def _of_length(run: Run, schedule: Schedule | None, at: datetime) -> AlertFinding | None:
    took = (at - run.started_at).total_seconds() if run.started_at else 0
    if schedule is None or took <= schedule.long_run_seconds:
        return None
    sentence = phrase(
        "Run %(id)s of %(job)s took %(took)s; longer than %(most)s is long.",
        id=run.id,
        job=run.job,
        took=durations.in_whole_seconds(took),
        most=durations.in_whole_seconds(schedule.long_run_seconds),
    )
    return AlertFinding(sentence, [_cause(run, "length")])


def _cause(run: Run, why: str) -> str:
    """What is new about it: a planned run that ends as others did on that day is not, or each minute's would call."""
    if run.slot is None:
        return f"run {run.id}"
    return f"{run.slot:%Y-%m-%d} {_NUMBERS.sub('#', why)}"
