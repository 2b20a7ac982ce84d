"""What a proposal is about: its version when proposed, and its state while it waits and afterwards."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.states import DisputeStatus, EscrowStatus
from webapp.domain.words import phrase
from webapp.errors import Overtaken
from webapp.models import Approval, Dispute, Escrow, Payment, Payout

_VERSIONED: dict[str, type[Dispute] | type[Escrow] | type[Payment] | type[Payout]] = {
    "dispute": Dispute,
    "escrow": Escrow,
    "payment": Payment,
    "payout": Payout,
}


def mark_proposed(session: Session, kind: str, subject_id: int) -> int:
    """Show that a decision waits; returns the subject's version from then on (0 for what never changes)."""
    if kind == "dispute":
        _set_dispute(session, subject_id, DisputeStatus.PENDING_APPROVAL)
    return _version(session, kind, subject_id)


def mark_returned(session: Session, kind: str, subject_id: int) -> None:
    """The proposal came to nothing: a dispute needs a decision again."""
    if kind == "dispute":
        _set_dispute(session, subject_id, DisputeStatus.UNDER_REVIEW)


def remember_version(session: Session, approval_id: int) -> None:
    """Freezing for the proposal raised the escrow's version: that is the one to compare with."""
    approval = session.get_one(Approval, approval_id)
    session.execute(
        update(Approval)
        .where(Approval.id == approval_id)
        .values(subject_version=_version(session, approval.subject_kind, approval.subject_id))
    )


def require_unchanged(session: Session, approval: Approval) -> None:
    """Raise Conflict when the subject changed since the proposal."""
    if _version(session, approval.subject_kind, approval.subject_id) != approval.subject_version:
        raise Overtaken(
            phrase(
                "This %(subject_kind)s changed since the decision was proposed. Reject it, and decide anew.",
                subject_kind=approval.subject_kind,
            )
        )


def is_held(session: Session, escrow_id: int | None) -> bool:
    """Whether there is money to freeze while the proposal waits."""
    if escrow_id is None:
        return False
    return session.scalars(select(Escrow.status).where(Escrow.id == escrow_id)).one() == EscrowStatus.HELD


def _version(session: Session, kind: str, subject_id: int) -> int:
    model = _VERSIONED.get(kind)
    if model is None:
        return 0
    return session.scalars(select(model.version).where(model.id == subject_id)).one()


def _set_dispute(session: Session, dispute_id: int, status: DisputeStatus) -> None:
    changed = update(Dispute).where(Dispute.id == dispute_id).values(status=status, version=Dispute.version + 1)
    session.execute(changed.execution_options(synchronize_session=False))
