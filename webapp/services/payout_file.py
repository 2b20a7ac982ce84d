"""All there is to know of one payout, and what stands in the way of what people may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.models import Party, Payout, PayoutDestination, PayoutPause, PayoutSchedule
from webapp.services import case_timeline, payout_destinations, payouts
from webapp.services.case_timeline import Moment

NEWEST = 10
_CAME_BACK = (PayoutStatus.FAILED, PayoutStatus.REVERSED)
_PAYABLE = (ScheduleStatus.PENDING, ScheduleStatus.FAILED)


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """One payout with everything around it."""

    payout: Payout
    party: Party
    destination: PayoutDestination
    schedule: PayoutSchedule | None
    moments: Sequence[Moment]
    pause: PayoutPause | None
    """Why its provider sends none at present, if so."""


def read(session: Session, payout_id: int) -> PayoutFile:
    """One payout with everything around it. Raises NotFound."""
    payout = payouts.get(session, payout_id)
    return PayoutFile(
        payout,
        session.get_one(Party, payout.party_id),
        payout_destinations.get(session, payout.destination_id),
        session.get(PayoutSchedule, payout.schedule_id) if payout.schedule_id else None,
        case_timeline.moments(session, [("payout", payout_id)], ()),
        session.get(PayoutPause, payout.provider),
    )


def of_party(session: Session, party_id: int) -> Sequence[Payout]:
    """A party's newest payouts."""
    mine = select(Payout).where(Payout.party_id == party_id)
    return session.scalars(mine.order_by(Payout.id.desc()).limit(NEWEST)).all()


def why_no_retry(file: PayoutFile) -> str:
    """Why it can't be tried again now; empty when it can."""
    payout, schedule = file.payout, file.schedule
    if payout.status not in _CAME_BACK or schedule is None:
        return f"It is {payout.status}: only a payout that failed or was reversed can be tried again."
    if schedule.payout_id != payout.id:
        return f"It was followed by another payout already. Look at payout schedule {schedule.ref}."
    return "" if schedule.status in _PAYABLE else f"Payout schedule {schedule.ref} is {schedule.status}."
