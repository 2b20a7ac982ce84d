"""All there is to know of one escrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.escrow_policies import JOBS
from webapp.models import Approval, Chargeback, Dispute, Escrow, Freeze, Order, Party, Payment, Refund, Schedule
from webapp.services import timeline
from webapp.services.approvals import approvals
from webapp.services.common import lookup
from webapp.services.disputes import chargeback_cases
from webapp.services.ledger import transfer_queries
from webapp.services.ledger.transfer_queries import TransferDetail
from webapp.services.refunds import explanation
from webapp.services.scheduling.next_runs import run_of
from webapp.services.timeline import Moment

MOST = 50


@dataclass(frozen=True, slots=True)
class EscrowDetail:
    """One escrow with everything around it."""

    escrow: Escrow
    order: Order
    buyer: Party
    seller: Party
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    """What of them went back, or is to, through a provider."""
    freezes: Sequence[Freeze]
    """Those not lifted, oldest first."""
    chargebacks: Sequence[Chargeback]
    """Disputes of payers' banks about what was paid, newest first."""
    disputes: Sequence[Dispute]
    approvals: Sequence[Approval]
    movements: Sequence[TransferDetail]
    moments: Sequence[Moment]
    schedule: Schedule | None
    """The schedule whose next run considers it, while it is held."""


def read(session: Session, escrow_id: int) -> EscrowDetail:
    """One escrow with everything around it, in a fixed number of statements. Raises NotFound."""
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    parties = {
        party.id: party
        for party in session.scalars(select(Party).where(Party.id.in_((escrow.buyer_id, escrow.seller_id))))
    }
    disputes = session.scalars(
        select(Dispute).where(Dispute.escrow_id == escrow_id).order_by(Dispute.id.desc()).limit(MOST)
    ).all()
    payments = session.scalars(
        select(Payment).where(Payment.order_id == escrow.order_id).order_by(Payment.id.desc()).limit(MOST)
    ).all()
    refunds = [refund for refund, _payment in explanation.of_order(session, escrow.order_id)]
    movements = transfer_queries.of_escrow(session, escrow_id)
    subjects = [
        ("escrow", escrow_id),
        *[("dispute", one.id) for one in disputes],
        *[("transfer", one.id) for one in movements],
        *[("payment", one.id) for one in payments],
        *[("refund", one.id) for one in refunds],
    ]
    proposed = approvals.about(session, subjects)
    subjects += [("order", escrow.order_id), *[("approval", one.id) for one in proposed]]
    return EscrowDetail(
        escrow,
        session.get_one(Order, escrow.order_id),
        parties[escrow.buyer_id],
        parties[escrow.seller_id],
        payments,
        refunds,
        session.scalars(
            select(Freeze)
            .where(Freeze.escrow_id == escrow_id, Freeze.lifted_at.is_(None))
            .order_by(Freeze.id)
            .limit(MOST)
        ).all(),
        chargeback_cases.of_escrow(session, escrow),
        disputes,
        proposed,
        movements,
        timeline.moments(session, subjects, movements, [one.id for one in disputes]),
        session.get(Schedule, JOBS[escrow.policy]) if escrow.status == "held" else None,
    )


def next_run_at(detail: EscrowDetail, at: datetime) -> datetime | None:
    """When a run will next consider the escrow, which none does before it is due; None when none is foreseen."""
    return run_of(detail.schedule, JOBS[detail.escrow.policy], at, detail.escrow.release_at).at
