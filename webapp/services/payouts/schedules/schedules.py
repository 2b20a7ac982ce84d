"""Payout schedules: payouts that are due on a date, created, changed and cancelled by admins."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUT_FAILED
from webapp.domain.instants import in_utc
from webapp.domain.outbox.event_types import PayoutScheduleCancelled, PayoutScheduleChanged, PayoutScheduleCreated
from webapp.domain.state_labels import in_words
from webapp.domain.states import ScheduleStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, Overtaken
from webapp.models import PayoutSchedule, Run
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.common.due import Due
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.parties import parties
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.scheduling import runs
from webapp.sql import insert_new

JOB = "process_payout_schedules"
MOST_ATTEMPTS = 3
PAUSE = timedelta(hours=1)
"""How long a payout that failed waits before the next attempt, unless a person triggers it."""
_CHANGEABLE = (ScheduleStatus.PENDING, ScheduleStatus.FAILED)


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A payout to be; minor units. It waits for the guarantee's end when it has one."""

    ref: str
    party_id: int
    amount: int
    currency: str
    due_at: datetime
    placement: str | None = None
    guarantee_completion_date: datetime | None = None


def get(session: Session, schedule_id: int) -> PayoutSchedule:
    """One schedule. Raises NotFound."""
    return lookup.by_id(session, PayoutSchedule, schedule_id, "payout schedule")


def create(session: Session, new: NewSchedule, *, at: datetime, actor: Actor) -> PayoutSchedule:
    """Plan a payout. Raises Conflict for a reference that is taken."""
    actor.require("payout:manage")
    ref = validation.require_text(new.ref, "ref", phrase("Give the schedule's reference."), longest=80)
    validation.require_amount(new.amount, new.currency)
    parties.require_known(session, new.party_id)
    row = insert_new(session, PayoutSchedule).values(
        ref=ref,
        party_id=new.party_id,
        placement=(new.placement or "").strip() or None,
        currency=new.currency,
        amount=new.amount,
        due_at=new.due_at,
        guarantee_completion_date=new.guarantee_completion_date,
        status=ScheduleStatus.PENDING,
        retry_count=0,
        created_at=at,
        created_by=actor.name,
        version=1,
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(PayoutSchedule.id)).one_or_none()
    if made is None:
        raise Conflict(phrase("There is a payout schedule %(ref)s already.", ref=ref), fields={"ref": "Taken."})
    details = {"schedule": ref, "amount": new.amount, "currency": new.currency, "due_at": new.due_at.isoformat()}
    trail.record(session, actor, "payout_schedule.create", ("payout_schedule", made), at=at, after=details)
    events.add(session, PayoutScheduleCreated(), made, at=at)
    return get(session, made)


def change(
    session: Session,
    schedule_id: int,
    *,
    amount: int,
    due_at: datetime,
    guarantee_completion_date: datetime | None,
    placement: str | None,
    version: int,
    at: datetime,
    actor: Actor,
) -> PayoutSchedule:
    """Change a schedule that is not being paid. A failed one is pending again, with all its attempts."""
    actor.require("payout:manage")
    found = _locked(session, schedule_id)
    lookup.require_version(found, version, "payout schedule")
    _require(found, _CHANGEABLE, "changed")
    validation.require_amount(amount, found.currency)
    before = _facts(found)
    found.amount, found.due_at, found.placement = amount, due_at, (placement or "").strip() or None
    found.guarantee_completion_date = guarantee_completion_date
    found.status, found.retry_count, found.version = ScheduleStatus.PENDING, 0, found.version + 1
    found.unpaid_days, found.last_unpaid_on = 0, None
    _end_alert(session, found, at)
    subject = ("payout_schedule", found.id)
    trail.record(session, actor, "payout_schedule.change", subject, at=at, before=before, after=_facts(found))
    events.add(session, PayoutScheduleChanged(), found.id, at=at)
    return found


def cancel(session: Session, schedule_id: int, reason: str, *, at: datetime, actor: Actor) -> PayoutSchedule:
    """Give a schedule up before it is paid."""
    actor.require("payout:manage")
    reason = validation.require_text(reason, "reason", phrase("Say why it is cancelled."))
    found = _locked(session, schedule_id)
    _require(found, _CHANGEABLE, "cancelled")
    before = {"status": found.status}
    found.status, found.version = ScheduleStatus.CANCELLED, found.version + 1
    _end_alert(session, found, at)
    subject, after = ("payout_schedule", found.id), {"status": found.status}
    trail.record(session, actor, "payout_schedule.cancel", subject, at=at, reason=reason, before=before, after=after)
    events.add(session, PayoutScheduleCancelled(reason=reason), found.id, at=at)
    return found


def trigger(session: Session, schedule_id: int, *, at: datetime, actor: Actor, shown: str | None = None) -> Run:
    """A run that pays this one now, whatever its date and its pause say. Its guarantee is waited for still.

    `shown` are the terms that the person has read. The run pays by the terms of now, or not at all.
    """
    actor.require("payout:retry")
    found = _locked(session, schedule_id)
    terms = payout_terms.of(session, found)
    if shown is not None and shown != terms.stamp:
        raise Overtaken(payout_terms.changed(found.ref, terms))
    _require(found, _CHANGEABLE, "triggered")
    if found.guarantee_completion_date is not None and found.guarantee_completion_date > at:
        ends = in_utc(found.guarantee_completion_date)
        raise Invalid(phrase("Its guarantee ends on %(ends)s; until then it can't be paid.", ends=ends))
    if why := payout_terms.disabled_reason(terms, at):
        raise Conflict(why)
    if found.status == ScheduleStatus.FAILED:
        found.status, found.retry_count, found.version = ScheduleStatus.PENDING, 0, found.version + 1
    trail.record(session, actor, "payout_schedule.trigger", ("payout_schedule", found.id), at=at)
    return _run(session, actor, {"schedule": found.id, "terms": terms.stamp})


def trigger_due(session: Session, *, actor: Actor) -> Run:
    """A run that pays everything that is due. Raises Conflict while outgoing money is stopped."""
    actor.require("payout:retry")
    ensure_outgoing_enabled(session)
    return _run(session, actor, None)


def due(at: datetime, only: int | None = None, *, is_retry: bool = False) -> Due:
    """Schedules whose date has come and whose guarantee is over, oldest first; `only` one whatever its date. What a
    person retries does not wait for the pause after an attempt.
    """
    guaranteed = or_(PayoutSchedule.guarantee_completion_date.is_(None), PayoutSchedule.guarantee_completion_date <= at)
    conditions: list[ColumnElement[bool]] = [PayoutSchedule.status == ScheduleStatus.PENDING, guaranteed]
    if only is not None:
        conditions.append(PayoutSchedule.id == only)
    elif is_retry:
        conditions.append(PayoutSchedule.due_at <= at)
    else:
        rested = or_(PayoutSchedule.last_retry_at.is_(None), PayoutSchedule.last_retry_at <= at - PAUSE)
        conditions += [PayoutSchedule.due_at <= at, rested]
    found = select(PayoutSchedule.id, PayoutSchedule.due_at).where(*conditions)
    return Due(PayoutSchedule, found, (PayoutSchedule.due_at, PayoutSchedule.id))


def not_before(schedule: PayoutSchedule) -> datetime:
    """Before when no run pays it by itself: its date, its guarantee, and the pause after an attempt that failed."""
    rested = schedule.last_retry_at + PAUSE if schedule.last_retry_at else None
    times = (schedule.due_at, schedule.guarantee_completion_date, rested)
    return max(time for time in times if time)


def _end_alert(session: Session, found: PayoutSchedule, at: datetime) -> None:
    """It is not failed any more; the same failure anew fires anew."""
    session.flush()
    alerts.resolve(session, PAYOUT_FAILED, f"payout schedule {found.ref}", at)


def _run(session: Session, actor: Actor, parameters: dict[str, int | str] | None) -> Run:
    may = replace(actor, permissions=actor.permissions | {"job:run"})
    by = Trigger.API if actor.kind == "token" else Trigger.MANUAL
    return runs.trigger(session, JOB, actor=may, trigger=by, parameters=parameters)


def _locked(session: Session, schedule_id: int) -> PayoutSchedule:
    get(session, schedule_id)
    return session.get_one(PayoutSchedule, schedule_id, with_for_update=True, populate_existing=True)


def _require(found: PayoutSchedule, statuses: tuple[ScheduleStatus, ...], verb: str) -> None:
    if found.status not in statuses:
        raise Overtaken(
            phrase(
                "Payout schedule %(ref)s is %(in_words)s: it can't be %(verb)s.",
                ref=found.ref,
                in_words=in_words(found.status),
                verb=verb,
            )
        )


def _facts(found: PayoutSchedule) -> dict[str, object]:
    ends = found.guarantee_completion_date
    return {
        "amount": found.amount,
        "currency": found.currency,
        "due_at": found.due_at.isoformat(),
        "guarantee_completion_date": ends.isoformat() if ends else None,
        "placement": found.placement,
    }
