"""What a proposal is about, for people: its escrow, its dispute or its transfer."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.models import Approval, Dispute, Escrow, Transfer


@dataclass(frozen=True, slots=True)
class Subjects:
    """The things around a proposal; those that are not concerned are None."""

    escrow: Escrow | None
    dispute: Dispute | None
    transfer: Transfer | None


def of(session: Session, approval: Approval) -> Subjects:
    """What this proposal touches."""
    kind, number = approval.subject_kind, approval.subject_id
    return Subjects(
        session.get(Escrow, approval.escrow_id) if approval.escrow_id else None,
        session.get(Dispute, number) if kind == "dispute" else None,
        session.get(Transfer, number) if kind == "transfer" else None,
    )
