"""The whole case of one dispute."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.money.shares import Shares
from webapp.domain.states import EscrowStatus
from webapp.models import Approval, Dispute, Evidence, Message, Party, User
from webapp.services.common import lookup
from webapp.services.ledger.transfer_queries import TransferDetail
from webapp.services.read_models import escrow_detail, party_detail
from webapp.services.read_models.escrow_detail import EscrowDetail
from webapp.services.read_models.party_detail import History

MOST = 200


@dataclass(frozen=True, slots=True)
class DisputeCase:
    """A dispute with its escrow, both parties' histories, messages, evidence and proposals."""

    dispute: Dispute
    escrow_detail: EscrowDetail
    assignee: User | None
    histories: dict[int, History]
    messages: Sequence[Message]
    evidence: Sequence[Evidence]
    approvals: Sequence[Approval]

    @property
    def proposal(self) -> Approval | None:
        """The proposal that waits for a second person."""
        return next((approval for approval in self.approvals if approval.status == "proposed"), None)

    @property
    def shares(self) -> Shares | None:
        """Who got what by the decision, the seller after the fee; None when it moved nothing."""
        escrow, seller = self.escrow_detail.escrow, self.dispute.seller_amount
        if seller is None:
            return None
        return shares.divide(Money(escrow.amount, escrow.currency), escrow.fee, seller)

    @property
    def undone(self) -> TransferDetail | None:
        """The reversal of what the decision paid, when it was corrected later."""
        decided = self.dispute.resolved_at
        later = (each for each in self.escrow_detail.movements if decided is not None and each.at > decided)
        return next((each for each in later if each.reverses_id is not None), None)

    @property
    def in_force(self) -> str:
        """Who got how much by what was paid instead of an undone decision; empty while the money is held."""
        undone = self.undone
        since = [] if undone is None else [each for each in self.escrow_detail.movements if each.id > undone.id]
        paid = [each for each in since if each.reverses_id is None]
        held = self.escrow_detail.escrow.status == EscrowStatus.HELD
        return "" if held or not paid else paid[-1].shares_in_words(inside=True)

    @property
    def sides(self) -> list[tuple[str, Party]]:
        """Both parties with the side they are on."""
        return [("buyer", self.escrow_detail.buyer), ("seller", self.escrow_detail.seller)]


def read(session: Session, dispute_id: int) -> DisputeCase:
    """The case in a fixed number of statements. Raises NotFound."""
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    detail = escrow_detail.read(session, dispute.escrow_id)
    return DisputeCase(
        dispute,
        detail,
        session.get(User, dispute.assignee_id) if dispute.assignee_id else None,
        {party.id: party_detail.history(session, party.id) for party in (detail.buyer, detail.seller)},
        session.scalars(
            select(Message).where(Message.dispute_id == dispute_id).order_by(Message.id.desc()).limit(MOST)
        ).all()[::-1],
        session.scalars(
            select(Evidence).where(Evidence.dispute_id == dispute_id).order_by(Evidence.id).limit(MOST)
        ).all(),
        [
            approval
            for approval in detail.approvals
            if (approval.subject_kind, approval.subject_id) == ("dispute", dispute_id)
        ],
    )
