"""Handing out disputes: the most urgent one that nobody has goes to exactly one person."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.models import Dispute, User
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.services.disputes.queues import OPEN, TO_DECIDE

_TO_DECIDE = (Dispute.status.in_(TO_DECIDE), OPEN)
_URGENT_FIRST = (Dispute.due_at, Dispute.id)


def take_next(session: Session, user_id: int, *, at: datetime, actor: Actor) -> Dispute | None:
    """Give the most urgent dispute that waits for a decision and that nobody has to this person; None when none waits.

    Of several who ask at the same moment each gets another one.
    """
    actor.require("dispute:work")
    actor.require("money:propose")
    person = lookup.by_id(session, User, user_id, "user")
    waiting = select(Dispute.id).where(*_TO_DECIDE, Dispute.assignee_id.is_(None)).order_by(*_URGENT_FIRST).limit(1)
    # Whoever asks second passes the row that the first has locked, and so never waits for it to be taken.
    found = session.scalars(waiting.with_for_update(key_share=True, skip_locked=True)).one_or_none()
    if found is None:
        return None
    session.execute(update(Dispute).where(Dispute.id == found).values(assignee_id=person.id))
    trail.record(session, actor, "dispute.take", ("dispute", found), at=at, after={"assignee": person.name})
    return lookup.by_id(session, Dispute, found, "dispute")


def next_of(session: Session, user_id: int, *, but: int | None = None) -> int | None:
    """The id of this person's most urgent dispute that waits for a decision, other than `but`."""
    theirs = select(Dispute.id).where(*_TO_DECIDE, Dispute.assignee_id == user_id, Dispute.id != (but or 0))
    return session.scalars(theirs.order_by(*_URGENT_FIRST).limit(1)).one_or_none()
