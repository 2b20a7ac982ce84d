"""What a proposal is about, for people: its escrow, its dispute, its transfer, its payment, its party or its payout."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.models import Approval, Dispute, Escrow, Party, Payment, Payout, Transfer


@dataclass(frozen=True, slots=True)
class Subjects:
    """The things around a proposal; those that are not concerned are None."""

    escrow: Escrow | None
    dispute: Dispute | None
    transfer: Transfer | None
    payment: Payment | None
    party: Party | None
    payout: Payout | None


def of(session: Session, approval: Approval) -> Subjects:
    """What this proposal touches."""
    kind, number = approval.subject_kind, approval.subject_id
    return Subjects(
        session.get(Escrow, approval.escrow_id) if approval.escrow_id else None,
        session.get(Dispute, number) if kind == "dispute" else None,
        session.get(Transfer, number) if kind == "transfer" else None,
        session.get(Payment, number) if kind == "payment" else None,
        session.get(Party, number) if kind == "party" else None,
        session.get(Payout, number) if kind == "payout" else None,
    )
