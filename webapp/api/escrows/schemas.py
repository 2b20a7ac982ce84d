"""Escrows and their freezes as the API gives them."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from webapp.api.framework.schemas import Instant, Money, ResponseModel
from webapp.api.parties.schemas import PartyName, names
from webapp.models import Escrow
from webapp.services.approvals import escrow_decisions


class FreezeShape(ResponseModel):
    """One reason why an escrow may not move."""

    id: int
    cause: str
    reason: str
    by_name: str
    at: Instant


class EscrowShape(ResponseModel):
    """Money held for one order."""

    id: int
    ref: str
    order_id: int
    buyer: PartyName
    seller: PartyName
    policy: str
    status: str
    amount: Money
    fee: Money
    frozen: bool
    blocked: str | None
    release_at: Instant | None
    created_at: Instant
    held_at: Instant | None
    closed_at: Instant | None
    close_reason: str | None
    version: int


def escrow_shapes(session: Session, found: Sequence[Escrow]) -> list[EscrowShape]:
    """Escrows with the names of their parties, in one query for all."""
    known = names(session, [party for escrow in found for party in (escrow.buyer_id, escrow.seller_id)])
    return [_escrow(escrow, known) for escrow in found]


def one_escrow(session: Session, escrow_id: int) -> EscrowShape:
    """One escrow as it is now. Raises NotFound."""
    return escrow_shapes(session, [escrow_decisions.get(session, escrow_id)])[0]


def _escrow(escrow: Escrow, known: dict[int, PartyName]) -> EscrowShape:
    return EscrowShape(
        id=escrow.id,
        ref=escrow.ref,
        order_id=escrow.order_id,
        buyer=known[escrow.buyer_id],
        seller=known[escrow.seller_id],
        policy=escrow.policy,
        status=escrow.status,
        amount=Money(amount=escrow.amount, currency=escrow.currency),
        fee=Money(amount=escrow.fee, currency=escrow.currency),
        frozen=escrow.freezes > 0,
        blocked=escrow.blocked,
        release_at=escrow.release_at,
        created_at=escrow.created_at,
        held_at=escrow.held_at,
        closed_at=escrow.closed_at,
        close_reason=escrow.close_reason,
        version=escrow.version,
    )
