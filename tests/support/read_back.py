"""What tests read of the desk's state that no page and no job of it asks for in this form."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import AlertStatus, RefundStatus
from webapp.models import Alert
from webapp.services.read_models import escrow_explanation

OPEN_REFUNDS = (RefundStatus.WAITING, RefundStatus.SENDING, RefundStatus.PENDING)


def unresolved_alerts(session: Session) -> Sequence[Alert]:
    """The newest first."""
    return session.scalars(select(Alert).where(Alert.status != AlertStatus.RESOLVED).order_by(Alert.id.desc())).all()


def why_unpaid(session: Session, escrow_id: int, at: datetime) -> list[str]:
    """What the desk says of an escrow, sentence by sentence; the first is the answer."""
    return [reason.sentence for reason in escrow_explanation.reasons(session, escrow_id, at)]
