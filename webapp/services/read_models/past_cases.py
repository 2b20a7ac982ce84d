"""What became of earlier disputes of the same parties."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.states import CLOSED_DISPUTES
from webapp.models import Dispute, Escrow

SHOWN = 6
SOUGHT = 500
"""Of each party the latest escrows as buyer, and as seller, among which its disputes are looked for."""


@dataclass(frozen=True, slots=True)
class PastCase:
    """A closed dispute; `of_both` where it was between the same two, whoever sold."""

    dispute: Dispute
    escrow: Escrow
    of_both: bool


def of(session: Session, dispute: Dispute, escrow: Escrow) -> Sequence[PastCase]:
    """Closed disputes of either party: first those between the same two, then the latest; a few, by one statement."""
    two = (escrow.buyer_id, escrow.seller_id)
    same = and_(Escrow.buyer_id.in_(two), Escrow.seller_id.in_(two))
    sides = [column == party for party in two for column in (Escrow.buyer_id, Escrow.seller_id)]
    latest = [select(Escrow.id).where(side).order_by(Escrow.id.desc()).limit(SOUGHT).subquery() for side in sides]
    theirs = union_all(*[select(some.c.id) for some in latest])
    query = (
        select(Dispute, Escrow, same)
        .join(Escrow, Escrow.id == Dispute.escrow_id)
        .where(Dispute.escrow_id.in_(theirs), Dispute.status.in_(CLOSED_DISPUTES), Dispute.id != dispute.id)
        .order_by(case((same, 0), else_=1), Dispute.id.desc())
        .limit(SHOWN)
    )
    return [PastCase(past, its, bool(of_both)) for past, its, of_both in session.execute(query)]
