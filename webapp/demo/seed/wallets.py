"""How money moves in the demo: through the ledger, at the instants of the story."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from webapp.demo.seed.context import DEMO, SeedContext
from webapp.demo.seed.orders import Trade
from webapp.demo.seed.parties import clearing
from webapp.domain.states import AccountKind, EscrowStatus, TransferKind
from webapp.models import Escrow
from webapp.services.escrows import funding
from webapp.services.ledger import accounts


def hold(context: SeedContext, trade: Trade) -> None:
    """The buyer's money comes in and is held; on credit it is the platform's."""
    at = trade.paid or trade.created
    source, kind = clearing(context, trade.market), None
    if trade.on_credit:
        buyer = trade.market.ids[trade.buyer]
        source = accounts.open_account(context.session, AccountKind.RECEIVABLE, buyer, trade.market.currency, at=at)
        kind = TransferKind.CREDIT
    context.pool(AccountKind.ESCROW, trade.market.currency)
    context.pool(AccountKind.FEES, trade.market.currency)
    escrow = context.session.get_one(Escrow, trade.escrow_id)
    funding.hold(context.session, escrow, source, at=at, actor=DEMO, kind=kind)


def due_by(context: SeedContext, slot: datetime, trades: Sequence[Trade]) -> list[int]:
    """Which of the demo's escrows a release at this slot would look at."""
    ours = [trade.escrow_id for trade in trades]
    query = select(Escrow.id).where(
        Escrow.id.in_(ours),
        Escrow.status == EscrowStatus.HELD,
        Escrow.freezes == 0,
        Escrow.policy == "deadline",
        Escrow.release_at <= slot,
    )
    return list(context.session.scalars(query.order_by(Escrow.release_at, Escrow.id)))
