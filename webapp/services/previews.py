"""What a decision would post, and every balance after it: the executor's own computation. Nothing is written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.rulings import Ruling
from webapp.services import approvals, disputes, executors, limits
from webapp.services.executors import Payload, Posting
from webapp.services.postings import Leg
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it, in one currency; `sentence` says what happens."""

    legs: list[Leg]
    currency: str
    sentence: str
    needs_second_person: bool


def of(
    session: Session, action: str, subject_id: int, payload: Payload, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """What the decision would do. Raises Conflict and Invalid like the decision itself."""
    posting = executors.compute(session, action, subject_id, payload, at=at, actor=actor, locked=False)
    return _shown(session, posting, at, actor, settings)


def of_ruling(
    session: Session, dispute_id: int, ruling: Ruling, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """A dispute's decision."""
    decision = disputes.as_decided(disputes.get(session, dispute_id), ruling, settings)
    return of(session, "dispute.resolve", dispute_id, decision, at=at, actor=actor, settings=settings)


def of_approval(session: Session, approval_id: int, *, at: datetime, actor: Actor, settings: Settings) -> Preview:
    """What a waiting proposal would do if it were approved now."""
    approval = approvals.get(session, approval_id)
    posting = approvals.proposed_posting(session, approval, at=at, actor=actor, locked=False)
    return _shown(session, posting, at, actor, settings)


def _shown(session: Session, posting: Posting, at: datetime, actor: Actor, settings: Settings) -> Preview:
    amount = posting.amount
    second = limits.needs_second_person(session, actor, amount.currency, amount.amount, at, settings)
    return Preview(list(posting.legs), amount.currency, posting.sentence, second or posting.takes_two)
