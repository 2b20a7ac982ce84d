"""The queues of disputes: tabs that follow need, with counts that stop early."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.states import CLOSED_DISPUTES, DisputeStatus
from webapp.models import Dispute, Escrow, Order
from webapp.services.common.lookup import parties_called
from webapp.sql import begins

COUNTED = 99
OPEN = Dispute.status.not_in(CLOSED_DISPUTES)
TO_DECIDE = (DisputeStatus.OPENED, DisputeStatus.UNDER_REVIEW, DisputeStatus.ESCALATED, DisputeStatus.EXPIRED)
ENOUGH = 1000


def is_nobody_elses(user_id: int | None) -> ColumnElement[bool]:
    """Whether a dispute is this person's, or nobody's yet."""
    return or_(Dispute.assignee_id.is_(None), Dispute.assignee_id == user_id)


def conditions(tab: str, user_id: int | None, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """What a dispute must be like to be in this tab."""
    ways: dict[str, tuple[Any, ...]] = {
        "decide": (Dispute.status.in_(TO_DECIDE), OPEN),
        "for_me": (Dispute.status.in_(TO_DECIDE), OPEN, is_nobody_elses(user_id)),
        "mine": (OPEN, Dispute.assignee_id == user_id),
        "unassigned": (OPEN, Dispute.assignee_id.is_(None)),
        "waiting": (Dispute.status == DisputeStatus.NEEDS_RESPONSE, OPEN),
        "approval": (Dispute.status == DisputeStatus.PENDING_APPROVAL, OPEN),
        "overdue": (OPEN, Dispute.due_at < at, Dispute.paused_at.is_(None)),
        "resolved": (Dispute.status.in_(CLOSED_DISPUTES),),
        "all": (),
    }
    return ways[tab]


def counts(session: Session, user_id: int | None, at: datetime) -> dict[str, str]:
    """How many are in each open tab, in one statement; beyond COUNTED it says so and counts no further."""
    tabs = ("decide", "for_me", "mine", "unassigned", "waiting", "approval", "overdue")
    columns = [_up_to(select(Dispute.id).where(*conditions(tab, user_id, at))).label(tab) for tab in tabs]
    row = session.execute(select(*columns)).one()
    return {tab: f"{COUNTED}+" if count > COUNTED else str(count) for tab, count in row._mapping.items()}


def matching(words: str) -> ColumnElement[bool]:
    """Disputes by the reference of the dispute, its escrow, order or party."""
    escrows = [
        select(Escrow.id).where(begins(Escrow.ref, words)).limit(ENOUGH),
        select(Escrow.id).join(Order, Order.id == Escrow.order_id).where(begins(Order.ref, words)).limit(ENOUGH),
        select(Escrow.id).where(of_party(words)).limit(ENOUGH),
    ]
    return or_(begins(Dispute.ref, words), *[Dispute.escrow_id.in_(way) for way in escrows])


def of_party(reference: str) -> ColumnElement[bool]:
    """Where the escrow's buyer or seller is called so (`lookup.parties_called`)."""
    found = parties_called(reference)
    return or_(Escrow.buyer_id.in_(found), Escrow.seller_id.in_(found))


def _up_to(rows: Any) -> Any:
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()
