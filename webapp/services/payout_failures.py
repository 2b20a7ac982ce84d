"""What a failed or reversed payout means for its schedule: another attempt, or the end with an alert."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import PayoutScheduleFailed
from webapp.domain.money import Money
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.models import PayoutSchedule
from webapp.services import alerts, audit, events
from webapp.services.payout_schedules import FAILED_RULE, MOST_ATTEMPTS


def note(session: Session, row: Any, status: PayoutStatus, sentence: str, *, at: datetime, actor: Actor) -> None:
    """Count the attempt. A reversal after success, and the last attempt, end the schedule and fire an alert."""
    if row.schedule_id is None:
        return
    schedule = session.get_one(PayoutSchedule, row.schedule_id, with_for_update=True, populate_existing=True)
    if schedule.payout_id != row.id:
        return
    schedule.retry_count += 1
    schedule.last_retry_at, schedule.version = at, schedule.version + 1
    schedule.failure_reason = sentence or "The provider gave no reason."
    over = status == PayoutStatus.REVERSED or schedule.retry_count >= MOST_ATTEMPTS
    schedule.status = ScheduleStatus.FAILED if over else ScheduleStatus.PENDING
    schedule.processed_at = None
    session.flush()
    if over:
        _tell(session, schedule, status, at, actor)


def _tell(session: Session, schedule: PayoutSchedule, status: PayoutStatus, at: datetime, actor: Actor) -> None:
    subject, amount = ("payout_schedule", schedule.id), Money(schedule.amount, schedule.currency)
    how = "was reversed" if status == PayoutStatus.REVERSED else f"failed {schedule.retry_count} times"
    said = f"Payout schedule {schedule.ref} over {amount} {how}: {schedule.failure_reason}"
    alerts.fire(session, FAILED_RULE, f"payout schedule {schedule.ref}", "page", said, at)
    audit.record(session, actor, "payout_schedule.fail", subject, at=at, reason=schedule.failure_reason)
    events.add(session, PayoutScheduleFailed(reason=schedule.failure_reason or ""), schedule.id, at=at)
