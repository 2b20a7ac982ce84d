"""Alert rules about disputes."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.states import CLOSED_DISPUTES
from webapp.domain.words import phrase
from webapp.models import Dispute
from webapp.services.alerts.registry import Answer, rule
from webapp.settings import Settings

_MOST = 200


@rule(severity="warn")
def dispute_past_due(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A dispute is past its deadline, and its clock is not paused."""
    overdue = (Dispute.due_at < at, Dispute.paused_at.is_(None), Dispute.status.not_in(CLOSED_DISPUTES))
    query = select(Dispute.ref, Dispute.due_at).where(*overdue).order_by(Dispute.due_at, Dispute.id)
    for ref, due_at in session.execute(query.limit(_MOST)):
        yield (
            ref,
            phrase("Dispute %(ref)s is past due since %(iso)s.", ref=ref, iso=clock.iso(due_at)),
            [clock.iso(due_at)],
        )
