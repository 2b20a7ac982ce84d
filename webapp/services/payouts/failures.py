"""What a failed or reversed payout means for its schedule: another attempt, or the end with an alert."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUT_CONTRADICTED, PAYOUT_FAILED
from webapp.domain.money.money import Money
from webapp.domain.numbers import counted
from webapp.domain.outbox.event_types import PayoutScheduleFailed
from webapp.domain.providers.provider_messages import NO_REASON, reason
from webapp.domain.state_labels import in_words
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutSchedule
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.payouts import destinations
from webapp.services.payouts.returns import IN_WALLET, Back
from webapp.services.payouts.schedules.schedules import MOST_ATTEMPTS

PAID_AFTER_ALL = phrase("Its provider says that it was paid after all.")
BACK_ONCE_MORE = phrase("It was paid after all, and its provider took it back once more.")
_GIVEN_BACK = (PayoutStatus.FAILED, PayoutStatus.REVERSED, PayoutStatus.CANCELLED)


def note(
    session: Session,
    row: Any,
    status: PayoutStatus,
    sentence: str,
    *,
    at: datetime,
    actor: Actor,
    back: Back = IN_WALLET,
) -> None:
    """Count the attempt. What comes back after it was paid, a reversal, and the last attempt end the schedule and fire
    an alert: nothing is paid a second time by itself. A schedule that another of its payouts has paid stays paid, and
    one whose other payout is under way goes by that: nobody has anything to do then.
    """
    was_paid, schedule = row.status == PayoutStatus.SUCCEEDED, _schedule(session, row)
    if schedule is not None and (paid := _paid_instead(session, schedule)) is not None:
        _stays_paid(session, schedule, paid, at)
        return
    if schedule is None:
        if was_paid and row.schedule_id is None:
            text = _came_back(session, row, status, sentence, back)
            alerts.fire(session, PAYOUT_FAILED, f"payout {row.ref}", text, at, causes=[_cause(row, status)])
        return
    schedule.retry_count += 1
    schedule.last_retry_at, schedule.version = at, schedule.version + 1
    schedule.failure_reason = _why(sentence)
    over = was_paid or status == PayoutStatus.REVERSED or schedule.retry_count >= MOST_ATTEMPTS
    schedule.status = ScheduleStatus.FAILED if over else ScheduleStatus.PENDING
    schedule.processed_at = None
    session.flush()
    if over:
        text = _came_back(session, row, status, sentence, back) if was_paid else _failed(schedule, status)
        _end(session, schedule, text, _cause(row, status), at, actor)


def contradict(session: Session, row: Any, *, at: datetime, actor: Actor) -> None:
    """It was paid, and its money is in the wallet again: a person is called, and no other payout follows by itself."""
    if row.paid_after_all_at is not None:
        return
    schedule = _locked(session, row.schedule_id)
    text = phrase(
        "Payout %(ref)s over %(amount)s to %(account)s is %(status)s here, its money had come back to the "
        "wallet, and %(provider)s says that it was paid. %(instead)s",
        ref=row.ref,
        amount=Money(row.amount, row.currency),
        account=_account(session, row),
        status=in_words(row.status),
        provider=row.provider,
        instead=_instead(session, row, schedule),
    )
    values: dict[str, Any] = {"paid_after_all_at": at, "status_detail": PAID_AFTER_ALL, "version": Payout.version + 1}
    session.execute(update(Payout).where(Payout.id == row.id).values(**values))
    alerts.fire(session, PAYOUT_CONTRADICTED, f"payout {row.ref}", text, at)
    trail.record(session, actor, "payout.contradict", ("payout", row.id), at=at, reason=text)
    if schedule is not None and schedule.status == ScheduleStatus.PENDING:
        schedule.status, schedule.version, schedule.failure_reason = ScheduleStatus.FAILED, schedule.version + 1, text
        session.flush()


def retract(session: Session, row: Any, *, at: datetime, actor: Actor) -> None:
    """Its provider took it back once more: nobody has it twice, and there is nothing to decide."""
    cleared = update(Payout).where(Payout.id == row.id)
    session.execute(cleared.values(paid_after_all_at=None, status_detail=BACK_ONCE_MORE, version=Payout.version + 1))
    alerts.resolve(session, PAYOUT_CONTRADICTED, f"payout {row.ref}", at)
    trail.record(session, actor, "payout.retract", ("payout", row.id), at=at)


def _instead(session: Session, row: Any, schedule: PayoutSchedule | None) -> str:
    """What became of the payout in its place, and what to do."""
    other = session.get(Payout, schedule.payout_id) if schedule and schedule.payout_id != row.id else None
    decide = phrase("decide on its page: claw it back from the party, or write it off.")
    if other is None or other.status in _GIVEN_BACK:
        return phrase("The party has it in the wallet and at the bank: %(decide)s", decide=decide)
    if other.status == PayoutStatus.PENDING:
        return phrase(
            "Payout %(ref)s in its place is not sent, and waits: cancel that one, then %(decide)s",
            ref=other.ref,
            decide=decide,
        )
    how = (
        phrase("was paid too")
        if other.status == PayoutStatus.SUCCEEDED
        else phrase("is %(status)s", status=in_words(other.status))
    )
    return phrase(
        "It is paid twice: payout %(ref)s in its place %(how)s. Look at both, and %(decide)s",
        ref=other.ref,
        how=how,
        decide=decide,
    )


def _schedule(session: Session, row: Any) -> PayoutSchedule | None:
    """The schedule whose present payout this is, locked."""
    found = _locked(session, row.schedule_id)
    return found if found is not None and found.payout_id == row.id else None


def _paid_instead(session: Session, schedule: PayoutSchedule) -> Payout | None:
    """Another payout of this schedule that counts as paid: one that went through after all, and was decided about."""
    others = (Payout.schedule_id == schedule.id, Payout.id != schedule.payout_id)
    paid = select(Payout).where(*others, Payout.status == PayoutStatus.SUCCEEDED)
    return session.scalars(paid.order_by(Payout.id.desc()).limit(1)).first()


def _stays_paid(session: Session, schedule: PayoutSchedule, paid: Payout, at: datetime) -> None:
    schedule.status, schedule.payout_id, schedule.processed_at = ScheduleStatus.PROCESSED, paid.id, paid.settled_at
    schedule.failure_reason, schedule.version = None, schedule.version + 1
    alerts.resolve(session, PAYOUT_FAILED, f"payout schedule {schedule.ref}", at)
    session.flush()


def _locked(session: Session, schedule_id: int | None) -> PayoutSchedule | None:
    if schedule_id is None:
        return None
    return session.get_one(PayoutSchedule, schedule_id, with_for_update=True, populate_existing=True)


def _account(session: Session, row: Any) -> str:
    return destinations.masked(destinations.get(session, row.destination_id))


def _why(detail: str) -> str:
    message = reason(detail)
    return phrase("The provider gave no reason.") if message == NO_REASON else f"{message[:1].upper()}{message[1:]}."


def _failed(schedule: PayoutSchedule, status: PayoutStatus) -> str:
    how = (
        phrase("was reversed")
        if status == PayoutStatus.REVERSED
        else phrase("failed %(times)s", times=counted(schedule.retry_count, "time"))
    )
    amount = Money(schedule.amount, schedule.currency)
    return phrase(
        "Payout schedule %(ref)s over %(amount)s %(how)s: %(failure_reason)s",
        ref=schedule.ref,
        amount=amount,
        how=how,
        failure_reason=schedule.failure_reason,
    )


def _came_back(session: Session, row: Any, status: PayoutStatus, sentence: str, back: Back) -> str:
    how = phrase("was reversed") if status == PayoutStatus.REVERSED else "failed"
    paid = (
        phrase("was marked as paid by two people")
        if row.is_unconfirmed
        else phrase("was paid to %(account)s", account=_account(session, row))
    )
    return phrase(
        "Payout %(ref)s over %(amount)s %(paid)s and then %(how)s: %(why)s %(status)s Nothing is paid again by itself.",
        ref=row.ref,
        amount=Money(row.amount, row.currency),
        paid=paid,
        how=how,
        why=_why(sentence),
        status=back.in_words(row.currency),
    )


def _cause(row: Any, status: PayoutStatus) -> str:
    """One payout fails once, and may come back once after that: its provider may say so in other words each time."""
    return f"{row.ref} {status}"


def _end(session: Session, schedule: PayoutSchedule, text: str, cause: str, at: datetime, actor: Actor) -> None:
    subject = ("payout_schedule", schedule.id)
    alerts.fire(session, PAYOUT_FAILED, f"payout schedule {schedule.ref}", text, at, causes=[cause])
    trail.record(session, actor, "payout_schedule.fail", subject, at=at, reason=schedule.failure_reason)
    events.add(session, PayoutScheduleFailed(reason=schedule.failure_reason or ""), schedule.id, at=at)
