"""What waits for somebody: a few of each kind, the most urgent first."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import AlertStatus, PaymentStatus
from webapp.models import Alert, Dispute, Escrow, Payment
from webapp.services.disputes.queues import OPEN

SHOWN = 5
MOST_ALERTS = 1_000


def disputes_of(session: Session, user_id: int) -> list[tuple[Dispute, Escrow]]:
    """The open disputes of one person, by deadline."""
    query = select(Dispute, Escrow).join(Escrow, Escrow.id == Dispute.escrow_id)
    query = query.where(OPEN, Dispute.assignee_id == user_id).order_by(Dispute.due_at, Dispute.id).limit(SHOWN)
    return [(dispute, escrow) for dispute, escrow in session.execute(query)]


def blocked(session: Session) -> list[Escrow]:
    """Escrows that a job could not pay, the latest first."""
    query = select(Escrow).where(Escrow.blocked.is_not(None)).order_by(Escrow.id.desc()).limit(SHOWN)
    return list(session.scalars(query))


def payments_in_review(session: Session) -> list[Payment]:
    """Payments that wait for a decision, the oldest first."""
    query = select(Payment).where(Payment.status == PaymentStatus.NEEDS_REVIEW).order_by(Payment.id).limit(SHOWN)
    return list(session.scalars(query))


def firing_alerts(session: Session) -> dict[str, int]:
    """How many alerts fire by severity, of the newest MOST_ALERTS + 1."""
    newest = select(Alert.severity).where(Alert.status == AlertStatus.FIRING).order_by(Alert.id.desc())
    some = newest.limit(MOST_ALERTS + 1).subquery()
    return dict(session.execute(select(some.c.severity, func.count()).group_by(some.c.severity)).all())


def has_orders(session: Session) -> bool:
    """Whether anything was ever held here or waits to be paid."""
    return session.scalars(select(Escrow.id).limit(1)).one_or_none() is not None
