"""Where a buyer's money goes back to: through the provider that collected it, or to the buyer's wallet."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, PaymentStatus
from webapp.models import Escrow, Payment, Refund
from webapp.services.accounts import Place

REFUNDING = ("paystack", "flutterwave")
"""Providers that give money back the way it came."""


def payment_to_refund(session: Session, escrow: Escrow) -> Payment | None:
    """The payment that paid for this hold, when it can go back through its provider. A hold after a reversal can't."""
    if escrow.hold_no != 1:
        return None
    mine = (Payment.order_id == escrow.order_id, Payment.status == PaymentStatus.SUCCEEDED)
    way = (Payment.provider.in_(REFUNDING), Payment.provider_id.is_not(None), Payment.reference.is_not(None))
    given = exists().where(Refund.payment_id == Payment.id)
    return session.scalars(select(Payment).where(*mine, *way, ~given).order_by(Payment.id)).first()


def place(escrow: Escrow, card: Payment | None) -> Place:
    """The account that the buyer's part goes to: the provider's for its payment, else the buyer's wallet."""
    if card is not None:
        return Place(AccountKind.CLEARING, escrow.currency, owner=card.provider)
    return Place(AccountKind.WALLET, escrow.currency, escrow.buyer_id)
