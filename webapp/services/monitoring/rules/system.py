"""Alert rules about the clock, the workers and the surroundings."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.money.money import Money
from webapp.domain.states import CLOSED_DISPUTES, RunStatus, ScheduleStatus
from webapp.models import Dispute, PayoutSchedule, Run, Schedule
from webapp.services.alerts.registry import Answer, rule
from webapp.services.monitoring import provider_health
from webapp.services.reconciliation import mirror_queue
from webapp.services.scheduling import processes
from webapp.services.scheduling.job_health import late_jobs
from webapp.services.scheduling.queue_depth import waiting
from webapp.settings import Settings

_MOST = 200


@rule(severity="page")
def no_execution(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A job has not run within its interval plus its grace."""
    for each in late_jobs(session, at):
        planned = clock.iso(each.late_since) if each.late_since else ""
        yield each.job, f"{each.job} has not run since it was planned for {planned}."


@rule(severity="warn")
def running_long(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A run is taking longer than its threshold."""
    query = select(Run, Schedule.long_run_seconds).join(Schedule, Schedule.job == Run.job)
    for run, seconds in session.execute(query.where(Run.status == RunStatus.RUNNING).limit(_MOST)):
        if run.started_at and at - run.started_at > timedelta(seconds=seconds):
            yield run.job, f"Run {run.id} of {run.job} has been running for more than {seconds} s.", [f"run {run.id}"]


@rule(severity="page")
def silent(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The scheduler, or every worker, has been silent."""
    patience = timedelta(seconds=settings.silence_seconds)
    for kind, nobody in ((processes.SCHEDULER, "No scheduler"), (processes.WORKER, "No worker")):
        if not processes.alive(session, kind, at, patience):
            yield kind, f"{nobody} has been heard of for {settings.silence_seconds} s."


@rule(severity="page")
def waiting_too_long(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The oldest waiting run is too old."""
    now = waiting(session, at)
    if now.queued and now.oldest_seconds > settings.waiting_seconds:
        yield "queue", f"A run has waited for a worker for more than {settings.waiting_seconds} s."


@rule(severity="page")
def provider_unwell(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A provider is left alone because it fails, and has not answered for two minutes."""
    for state in provider_health.unwell(session, settings, at):
        yield state.provider, f"{state.provider} failed {state.failures} times in a row: {state.last_error}"


@rule(severity="page")
def mirror_given_up(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The external ledger lacks transfers that are not tried any more."""
    if dead := mirror_queue.dead_letters(session):
        sentence = f"Blnk lacks {len(dead)} transfers or more after the last attempt: {', '.join(dead[:3])}."
        yield "blnk", sentence, dead


@rule(severity="page")
def payout_unpaid(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A payout is due and could not be paid for three nights: no destination, no cover, no provider."""
    # Written out, so that the partial index fits.
    unpaid = text("payout_schedule.unpaid_days > 2"), PayoutSchedule.status == ScheduleStatus.PENDING
    query = select(PayoutSchedule).where(*unpaid).order_by(PayoutSchedule.due_at, PayoutSchedule.id)
    for each in session.scalars(query.limit(_MOST)):
        what = f"Payout schedule {each.ref} over {Money(each.amount, each.currency)}"
        sentence = f"{what} could not be paid for {each.unpaid_days} nights: {each.failure_reason}"
        yield each.ref, sentence, [each.failure_reason or ""]


@rule(severity="warn")
def dispute_past_due(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A dispute is past its deadline, and its clock is not paused."""
    overdue = (Dispute.due_at < at, Dispute.paused_at.is_(None), Dispute.status.not_in(CLOSED_DISPUTES))
    query = select(Dispute.ref, Dispute.due_at).where(*overdue).order_by(Dispute.due_at, Dispute.id)
    for ref, due_at in session.execute(query.limit(_MOST)):
        yield ref, f"Dispute {ref} is past due since {clock.iso(due_at)}.", [clock.iso(due_at)]
