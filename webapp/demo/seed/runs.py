"""The past runs of every job: sixty each, some of them failures, and one job that has been silent for days."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import insert, select, update

from webapp.demo.seed.context import DAYS, SeedContext
from webapp.demo.seed.edge_cases import repay
from webapp.demo.seed.orders import Trade
from webapp.demo.seed.wallets import due_by
from webapp.domain.actors import job_actor
from webapp.domain.scheduling.job_spec import JobSpec
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import RunStatus, Trigger
from webapp.jobs import registry
from webapp.models import Run, RunItem, RunLine
from webapp.services.escrows import release

PER_JOB = 60
_LINES = 15
"""Days whose runs have their lines still."""
SILENT = "auto_deduct"
"""The daily job that has not run for more than 25 hours; what it misses is skipped."""
SILENT_SLOTS = 3
_RELEASE = "auto_release"
_SHORT, _LONG = (180, 1_900), (2_300, 9_000)
"""Milliseconds that runs take which only look, and those which move money."""
_BAD = {17: RunStatus.FAILED, 31: RunStatus.LOST, 44: RunStatus.FAILED}
"""How the run that was so many slots ago ended."""
_BUSY = (6, 13, 24, 38, 52)
"""Runs in which one escrow's row was locked by somebody else; it was paid a night later."""
_LOCKED = "Somebody was looking at it for longer than five seconds; it is tried again in the next run."
_WHY = {
    RunStatus.FAILED: "OperationalError: the database did not answer in time",
    RunStatus.LOST: "Its process was not heard of any more, and its attempts are used up.",
}


def add_runs(context: SeedContext, trades: list[Trade]) -> None:
    """Plan the runs of every job into the story. Those of the release pay, those of the deduction take repayments."""
    taken = {
        (job, slot) for job, slot in context.session.execute(select(Run.job, Run.slot).where(Run.slot.is_not(None)))
    }
    for spec in registry().values():
        slots = _slots(spec, context.now)
        for back, slot in enumerate(reversed(slots)):
            if (spec.name, slot) not in taken and not (spec.name == SILENT and back < SILENT_SLOTS):
                context.schedule(slot + timedelta(seconds=1), partial(_run, context, spec.name, slot, back, trades))
        if spec.name == SILENT and (spec.name, slots[-SILENT_SLOTS]) not in taken:
            context.schedule(context.now, partial(_missed, context, slots[-SILENT_SLOTS:]))


def _slots(spec: JobSpec, now: datetime) -> list[datetime]:
    recurrence = Recurrence(spec.cron, spec.zone)
    # The release pays day by day for as long as there are orders, not all that is older in its first run.
    count = DAYS if spec.name == _RELEASE else PER_JOB + (SILENT_SLOTS - 1 if spec.name == SILENT else 0)
    start = now - recurrence.interval(now) * (count + 2)
    return [slot for slot in recurrence.upcoming(start, count + 5) if slot <= now][-count:]


def _run(context: SeedContext, job: str, slot: datetime, back: int, trades: list[Trade]) -> None:
    status = _BAD.get(back, RunStatus.SUCCEEDED)
    took = timedelta(milliseconds=context.chance.randint(*(_LONG if job in (_RELEASE, SILENT) else _SHORT)))
    run_id = _insert(context, job, slot, status, slot + took)
    if status == RunStatus.SUCCEEDED:
        counts = _work(context, job, slot, back, run_id, trades)
        done = update(Run).where(Run.id == run_id).values(**counts)
        context.session.execute(done.execution_options(synchronize_session=False))
    _log(context, run_id, job, slot, slot + took)


def _work(
    context: SeedContext, job: str, slot: datetime, back: int, run_id: int, trades: list[Trade]
) -> dict[str, object]:
    if job == _RELEASE:
        return _release(context, slot, back, run_id, trades)
    if job == SILENT:
        amounts = repay(context, run_id, max(1, (context.now - slot).days))
        return {
            "processed": len(amounts) + 2,
            "succeeded": len(amounts),
            "skipped": 2,
            "amounts": amounts,
            "total": len(amounts) + 2,
        }
    return {"total": 0}


def _release(context: SeedContext, slot: datetime, back: int, run_id: int, trades: list[Trade]) -> dict[str, object]:
    ids = due_by(context, slot, trades)
    busy = [ids.pop()] if back in _BUSY and len(ids) > 1 else []
    if not ids:
        return {"total": 0}
    outcome = release.release_all(
        context.session,
        ids,
        at=slot + timedelta(seconds=2),
        actor=job_actor(_RELEASE, run_id),
        reason="expired",
        due_by=slot,
        run_id=run_id,
    )
    _note_items(context, run_id, "failed", [(escrow_id, _LOCKED) for escrow_id in busy])
    _note_items(context, run_id, "skipped", [(each.id, each.sentence) for each in outcome.refused])
    return {
        "processed": len(ids) + len(busy),
        "succeeded": outcome.done,
        "failed": len(busy),
        "skipped": len(outcome.refused),
        "amounts": outcome.amounts,
        "total": len(ids) + len(busy),
        "status": RunStatus.PARTIAL if busy else RunStatus.SUCCEEDED,
    }


def _note_items(context: SeedContext, run_id: int, outcome: str, items: list[tuple[int, str]]) -> None:
    rows = [
        {"run_id": run_id, "subject_kind": "escrow", "subject_id": escrow_id, "outcome": outcome, "message": message}
        for escrow_id, message in items
    ]
    if rows:
        context.session.execute(insert(RunItem), rows)


def _missed(context: SeedContext, slots: list[datetime]) -> None:
    row = _row(SILENT, slots[0], RunStatus.MISSED, context.now)
    row |= {"missed_to": slots[-1], "error": "Nothing ran when these slots were due.", "started_at": None}
    context.session.execute(insert(Run).values(**row))


def _insert(context: SeedContext, job: str, slot: datetime, status: RunStatus, ended: datetime) -> int:
    made = insert(Run).values(**_row(job, slot, status, ended)).returning(Run.id)
    return context.session.scalars(made).one()


def _row(job: str, slot: datetime, status: RunStatus, ended: datetime) -> dict[str, object]:
    return {
        "job": job,
        "slot": slot,
        "at": slot,
        "trigger": Trigger.SCHEDULE,
        "by": "job:scheduler",
        "by_name": "scheduler",
        "dry_run": False,
        "status": status,
        "attempt": 3 if status == RunStatus.LOST else 1,
        "processed": 0,
        "succeeded": 0,
        "failed": 0,
        "skipped": 0,
        "amounts": {},
        "error": _WHY.get(status),
        "created_at": slot,
        "started_at": slot + timedelta(milliseconds=100),
        "finished_at": ended,
        "demo": True,
    }


def _log(context: SeedContext, run_id: int, job: str, slot: datetime, ended: datetime) -> None:
    if slot < context.ago(days=_LINES):
        return
    lines = (("run.started", slot, {"job": job, "trigger": "schedule"}), ("run.finished", ended, {"job": job}))
    context.session.execute(
        insert(RunLine),
        [
            {"run_id": run_id, "at": at, "level": "info", "event": event, "fields": fields}
            for event, at, fields in lines
        ],
    )
