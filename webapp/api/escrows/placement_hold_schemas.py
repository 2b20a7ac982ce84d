"""Placement holds as the API gives them."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from webapp.api.framework.schemas import Instant, Money, ResponseModel
from webapp.api.parties.schemas import PartyName, names
from webapp.domain.references import order_ref
from webapp.domain.states import EscrowStatus
from webapp.models import Escrow
from webapp.services.orders import placement_holds


class HoldShape(ResponseModel):
    """An amount held back from a placement's payout; its number is its escrow's."""

    id: int
    ref: str
    escrow: str
    placement: str | None
    buyer: PartyName
    seller: PartyName
    amount: Money
    fee: Money
    status: str
    active: bool
    frozen: bool
    blocked: str | None
    release_at: Instant | None
    created_at: Instant
    closed_at: Instant | None
    close_reason: str | None
    version: int


def hold_shapes(session: Session, found: Sequence[Escrow]) -> list[HoldShape]:
    """Holds with the names of their parties, in one query for all."""
    known = names(session, [party for hold in found for party in (hold.buyer_id, hold.seller_id)])
    return [_hold(hold, known) for hold in found]


def one_hold(session: Session, hold_id: int) -> HoldShape:
    """One hold as it is now. Raises NotFound."""
    return hold_shapes(session, [placement_holds.get(session, hold_id)])[0]


def _hold(hold: Escrow, known: dict[int, PartyName]) -> HoldShape:
    return HoldShape(
        id=hold.id,
        ref=order_ref(hold.ref),
        escrow=hold.ref,
        placement=hold.placement,
        buyer=known[hold.buyer_id],
        seller=known[hold.seller_id],
        amount=Money(amount=hold.amount, currency=hold.currency),
        fee=Money(amount=hold.fee, currency=hold.currency),
        status=hold.status,
        active=hold.status == EscrowStatus.HELD,
        frozen=hold.freezes > 0,
        blocked=hold.blocked,
        release_at=hold.release_at,
        created_at=hold.created_at,
        closed_at=hold.closed_at,
        close_reason=hold.close_reason,
        version=hold.version,
    )
