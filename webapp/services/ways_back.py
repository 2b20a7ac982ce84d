"""Where a buyer's money goes back to: through the provider that collected it, or to the buyer's wallet."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, PaymentStatus
from webapp.models import Account, Escrow, Payment, Refund
from webapp.services import accounts

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


def opened(session: Session, escrow: Escrow, card: Payment | None, at: datetime) -> int:
    """The account that the buyer's part goes to, opened when there is none."""
    if card is not None:
        return accounts.pool(session, AccountKind.CLEARING, escrow.currency, at=at, owner=card.provider)
    return accounts.open_account(session, AccountKind.WALLET, escrow.buyer_id, escrow.currency, at=at)


def found(session: Session, escrow: Escrow) -> int | None:
    """The same account for a preview; None when it would be opened."""
    card = payment_to_refund(session, escrow)
    if card is None:
        return accounts.find_account(session, AccountKind.WALLET, escrow.buyer_id, escrow.currency)
    clearing = (Account.kind == AccountKind.CLEARING, Account.owner == card.provider, Account.party_id.is_(None))
    return session.scalars(select(Account.id).where(*clearing, Account.currency == escrow.currency)).one_or_none()
