"""Alert rules: each a question, answered in sentences about subjects. A new rule is one decorated function."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

import webapp.services
from webapp import clock
from webapp.domain.money import Money
from webapp.domain.states import CLOSED_DISPUTES, RunStatus, ScheduleStatus
from webapp.models import Dispute, PayoutSchedule, Run, Schedule
from webapp.services import mirror_entries, processes, provider_health
from webapp.services.health import late_jobs
from webapp.services.queue_figures import waiting
from webapp.settings import Settings

Answer = tuple[str, str] | tuple[str, str, Sequence[str]]
"""A subject, what is the matter with it in a sentence, and what causes that: another cause fires the alert again once
somebody has acknowledged it. Without one it does not fire again before it is over."""
Question = Callable[..., Iterator[Answer]]
"""Asked with the session, the present and the settings; one about the surroundings with the settings alone."""
_MOST = 200


@dataclass(frozen=True)
class Rule:
    """A question and how bad its answers are: `page` or `warn`."""

    question: Question
    severity: str
    outside: bool = False
    """Whether it asks the surroundings and not the database: no transaction is open meanwhile."""


_rules: dict[str, Rule] = {}


def rule(*, severity: str, outside: bool = False) -> Callable[[Question], Question]:
    """Declare a rule under its function's name. It yields (subject, sentence) for what is the matter."""

    def declare(question: Question) -> Question:
        _rules[question.__name__] = Rule(question, severity, outside)
        return question

    return declare


def rules() -> dict[str, Rule]:
    """Every rule that a module of the services declares, by name: a new file needs no mention anywhere."""
    for module in pkgutil.walk_packages(webapp.services.__path__, "webapp.services."):
        importlib.import_module(module.name)
    return dict(_rules)


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
    for kind, said in ((processes.SCHEDULER, "No scheduler"), (processes.WORKER, "No worker")):
        if not processes.alive(session, kind, at, patience):
            yield kind, f"{said} has been heard of for {settings.silence_seconds} s."


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
        yield state.provider, f"{state.provider} failed {state.failures} times in a row: {state.said}"


@rule(severity="page")
def mirror_given_up(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The external ledger lacks transfers that are not tried any more."""
    if dead := mirror_entries.given_up(session):
        said = f"Blnk lacks {len(dead)} transfers or more after the last attempt: {', '.join(dead[:3])}."
        yield "blnk", said, dead


@rule(severity="page")
def payout_unpaid(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A payout is due and could not be paid for three nights: no destination, no cover, no provider."""
    # Written out, so that the partial index fits.
    unpaid = text("payout_schedule.unpaid_nights > 2"), PayoutSchedule.status == ScheduleStatus.PENDING
    query = select(PayoutSchedule).where(*unpaid).order_by(PayoutSchedule.due_at, PayoutSchedule.id)
    for each in session.scalars(query.limit(_MOST)):
        what = f"Payout schedule {each.ref} over {Money(each.amount, each.currency)}"
        said = f"{what} could not be paid for {each.unpaid_nights} nights: {each.failure_reason}"
        yield each.ref, said, [each.failure_reason or ""]


@rule(severity="warn")
def dispute_past_due(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A dispute is past its deadline, and its clock is not paused."""
    overdue = (Dispute.due_at < at, Dispute.paused_at.is_(None), Dispute.status.not_in(CLOSED_DISPUTES))
    query = select(Dispute.ref, Dispute.due_at).where(*overdue).order_by(Dispute.due_at, Dispute.id)
    for ref, due_at in session.execute(query.limit(_MOST)):
        yield ref, f"Dispute {ref} is past due since {clock.iso(due_at)}.", [clock.iso(due_at)]
