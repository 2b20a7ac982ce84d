"""All there is to know of one payout, and what stands in the way of what people may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.models import Party, Payout, PayoutDestination, PayoutPause, PayoutSchedule
from webapp.services import case_timeline, payout_destinations, payout_rerouting, payout_stops, payout_terms, payouts
from webapp.services.case_timeline import Moment
from webapp.services.payout_terms import Terms

NEWEST = 10


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
    terms: Terms | None
    """What its schedule would pay now."""
    stopped: str
    """Why it is not sent until a person decides, if so."""
    is_account_changed: bool
    """Whether a person has to say where it goes."""
    why_no_redirect: str


def read(session: Session, payout_id: int) -> PayoutFile:
    """One payout with everything around it. Raises NotFound."""
    payout = payouts.get(session, payout_id)
    schedule = session.get(PayoutSchedule, payout.schedule_id) if payout.schedule_id else None
    return PayoutFile(
        payout,
        session.get_one(Party, payout.party_id),
        payout_destinations.get(session, payout.destination_id),
        schedule,
        case_timeline.moments(session, [("payout", payout_id)], ()),
        session.get(PayoutPause, payout.provider),
        payout_terms.of(session, schedule) if schedule else None,
        payout_stops.why(session, payout),
        payout_stops.is_account_changed(session, payout),
        payout_rerouting.why_no_redirect(session, payout, clock.now()),
    )


def why_no_retry(file: PayoutFile, at: datetime) -> str:
    """Why it can't be tried again now; empty when it can."""
    why = payouts.why_no_retry(file.payout, file.schedule, at)
    return why or (payout_terms.hindrance(file.terms, at) if file.terms else "")


def of_party(session: Session, party_id: int) -> Sequence[Payout]:
    """A party's newest payouts."""
    mine = select(Payout).where(Payout.party_id == party_id)
    return session.scalars(mine.order_by(Payout.id.desc()).limit(NEWEST)).all()
