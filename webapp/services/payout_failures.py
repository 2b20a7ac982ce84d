"""What a failed or reversed payout means for its schedule: another attempt, or the end with an alert."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_facts import PAYOUT_CONTRADICTED, PAYOUT_FAILED
from webapp.domain.event_types import PayoutScheduleFailed
from webapp.domain.money import Money
from webapp.domain.provider_phrases import NO_REASON, reason
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.models import PayoutSchedule
from webapp.services import alerts, audit, events
from webapp.services.payout_schedules import MOST_ATTEMPTS


def note(session: Session, row: Any, status: PayoutStatus, sentence: str, *, at: datetime, actor: Actor) -> None:
    """Count the attempt. What comes back after it was paid, a reversal, and the last attempt end the schedule and fire
    an alert: nothing is paid a second time by itself.
    """
    was_paid, schedule = row.status == PayoutStatus.SUCCEEDED, _schedule(session, row)
    if schedule is None:
        if was_paid:
            said = _came_back(row, status, sentence)
            alerts.fire(session, PAYOUT_FAILED, f"payout {row.ref}", said, at, causes=[_cause(row, status)])
        return
    schedule.retry_count += 1
    schedule.last_retry_at, schedule.version = at, schedule.version + 1
    schedule.failure_reason = _why(sentence)
    over = was_paid or status == PayoutStatus.REVERSED or schedule.retry_count >= MOST_ATTEMPTS
    schedule.status = ScheduleStatus.FAILED if over else ScheduleStatus.PENDING
    schedule.processed_at = None
    session.flush()
    if over:
        said = _came_back(row, status, sentence) if was_paid else _failed(schedule, status)
        _end(session, schedule, said, _cause(row, status), at, actor)


def contradict(session: Session, row: Any, *, at: datetime, actor: Actor) -> None:
    """It was paid, and its money is in the wallet again: a person is called, and no other payout follows by itself."""
    said = (
        f"Payout {row.ref} over {Money(row.amount, row.currency)} is {row.status} here, its money is in the wallet "
        f"again, and {row.provider} says that it was paid. Take the money back from the party, or from {row.provider}; "
        "don't have it paid again before that is settled."
    )
    if not alerts.fire(session, PAYOUT_CONTRADICTED, f"payout {row.ref}", said, at):
        return
    audit.record(session, actor, "payout.contradict", ("payout", row.id), at=at, reason=said)
    schedule = _schedule(session, row)
    if schedule is not None and schedule.status == ScheduleStatus.PENDING:
        schedule.status, schedule.version, schedule.failure_reason = ScheduleStatus.FAILED, schedule.version + 1, said
        session.flush()


def _schedule(session: Session, row: Any) -> PayoutSchedule | None:
    """The schedule whose present payout this is, locked."""
    if row.schedule_id is None:
        return None
    found = session.get_one(PayoutSchedule, row.schedule_id, with_for_update=True, populate_existing=True)
    return found if found.payout_id == row.id else None


def _why(word: str) -> str:
    said = reason(word)
    return "The provider gave no reason." if said == NO_REASON else f"{said[:1].upper()}{said[1:]}."


def _failed(schedule: PayoutSchedule, status: PayoutStatus) -> str:
    how = "was reversed" if status == PayoutStatus.REVERSED else f"failed {schedule.retry_count} times"
    amount = Money(schedule.amount, schedule.currency)
    return f"Payout schedule {schedule.ref} over {amount} {how}: {schedule.failure_reason}"


def _came_back(row: Any, status: PayoutStatus, sentence: str) -> str:
    how = "was reversed" if status == PayoutStatus.REVERSED else "failed"
    return (
        f"Payout {row.ref} over {Money(row.amount, row.currency)} was paid and then {how}: "
        f"{_why(sentence)} The money is in the wallet again; nothing is paid "
        "again by itself."
    )


def _cause(row: Any, status: PayoutStatus) -> str:
    """One payout fails once, and may come back once after that: its provider may say so in other words each time."""
    return f"{row.ref} {status}"


def _end(session: Session, schedule: PayoutSchedule, said: str, cause: str, at: datetime, actor: Actor) -> None:
    subject = ("payout_schedule", schedule.id)
    alerts.fire(session, PAYOUT_FAILED, f"payout schedule {schedule.ref}", said, at, causes=[cause])
    audit.record(session, actor, "payout_schedule.fail", subject, at=at, reason=schedule.failure_reason)
    events.add(session, PayoutScheduleFailed(reason=schedule.failure_reason or ""), schedule.id, at=at)
