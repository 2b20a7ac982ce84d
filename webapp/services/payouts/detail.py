"""All there is to know of one payout, and what stands in the way of what people may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.states import AccountKind, ApprovalStatus, PayoutStatus, ScheduleStatus
from webapp.models import Approval, Party, Payout, PayoutDestination, PayoutPause, PayoutSchedule
from webapp.services import timeline
from webapp.services.approvals import approvals
from webapp.services.common.kill_switch import stopped
from webapp.services.payouts import destinations, payouts, rerouting, returns, stops
from webapp.services.payouts.returns import Back
from webapp.services.payouts.schedules import schedules
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.payouts.schedules.terms import Terms
from webapp.services.scheduling.next_runs import next_run
from webapp.services.timeline import Moment

NEWEST = 10


@dataclass(frozen=True, slots=True)
class PayoutDetail:
    """One payout with everything around it."""

    payout: Payout
    party: Party
    destination: PayoutDestination
    schedule: PayoutSchedule | None
    approvals: Sequence[Approval]
    """What was proposed about it, newest first."""
    moments: Sequence[Moment]
    pause: PayoutPause | None
    """Why its provider sends none at present, if so."""
    terms: Terms | None
    """What its schedule would pay now."""
    stopped: str
    """Why it is not sent until a person decides, if so."""
    is_account_changed: bool
    """Whether a person has to say where it goes."""
    keep_disabled_reason: str
    redirect_disabled_reason: str
    next_attempt_at: datetime | None
    """The run that pays its schedule next, when that waits to be paid."""
    is_stopped: bool
    """Whether all outgoing money is stopped."""
    borne: Sequence[tuple[AccountKind, int]]
    """Who bore how much of it, when it was paid after its money had come back and somebody decided about that."""
    back: Back
    """Where that went which came back last."""

    @property
    def waiting(self) -> Approval | None:
        """The proposal that waits for a second person."""
        return next((each for each in self.approvals if each.status == ApprovalStatus.PROPOSED), None)

    @property
    def is_paused(self) -> bool:
        """Whether it waits since its provider sends none at present."""
        return self.payout.status == PayoutStatus.PENDING and self.pause is not None

    @property
    def next_try_at(self) -> datetime | None:
        """When a run looks after it; None while something else has to happen first."""
        waits = bool(self.stopped) or self.is_paused or self.is_stopped
        return None if waits and self.payout.status == PayoutStatus.PENDING else self.payout.next_try_at

    @property
    def next_check_at(self) -> datetime | None:
        """When its provider is spoken to about it again."""
        return self.next_try_at or self.payout.recheck_at


def read(session: Session, payout_id: int) -> PayoutDetail:
    """One payout with everything around it. Raises NotFound."""
    payout = payouts.get(session, payout_id)
    schedule = session.get(PayoutSchedule, payout.schedule_id) if payout.schedule_id else None
    proposed = approvals.about(session, [("payout", payout_id)])
    subjects = [("payout", payout_id), *[("approval", each.id) for each in proposed]]
    return PayoutDetail(
        payout,
        session.get_one(Party, payout.party_id),
        destinations.get(session, payout.destination_id),
        schedule,
        proposed,
        timeline.moments(session, subjects, ()),
        session.get(PayoutPause, payout.provider),
        payout_terms.of(session, schedule) if schedule else None,
        stops.why(session, payout),
        stops.is_account_changed(session, payout),
        "" if stops.in_use(session, payout) else rerouting.NO_ACCOUNT,
        rerouting.redirect_disabled_reason(session, payout, clock.now()),
        _next_attempt(session, schedule),
        stopped(session) is not None,
        returns.borne(session, payout),
        returns.back(session, payout),
    )


def _next_attempt(session: Session, schedule: PayoutSchedule | None) -> datetime | None:
    if schedule is None or schedule.status != ScheduleStatus.PENDING:
        return None
    return next_run(session, schedules.JOB, clock.now(), schedules.not_before(schedule)).at


def retry_disabled_reason(detail: PayoutDetail, at: datetime) -> str:
    """Why it can't be tried again now; empty when it can."""
    why = payouts.retry_disabled_reason(detail.payout, detail.schedule, at)
    return why or (payout_terms.disabled_reason(detail.terms, at) if detail.terms else "")


def of_party(session: Session, party_id: int) -> Sequence[Payout]:
    """A party's newest payouts."""
    mine = select(Payout).where(Payout.party_id == party_id)
    return session.scalars(mine.order_by(Payout.id.desc()).limit(NEWEST)).all()
