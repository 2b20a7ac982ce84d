"""Where a buyer's money goes back to: through the provider that collected it, or to the buyer's wallet."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.states import PaymentStatus
from webapp.models import Escrow, Payment, Refund
from webapp.providers import catalogue
from webapp.sql import one_of


def payments_to_refund(session: Session, escrow_ids: Sequence[int]) -> dict[int, Payment]:
    """By escrow the payment that paid for its hold, when it can go back through its provider.

    A hold after a reversal can't. What was collected besides a payment paid for none.
    """
    way = (
        Payment.provider.in_(catalogue.refunding()),
        Payment.provider_id.is_not(None),
        Payment.reference.is_not(None),
    )
    given = exists().where(Refund.payment_id == Payment.id)
    rows = session.execute(
        select(Escrow.id, Payment)
        .join(Payment, Payment.order_id == Escrow.order_id)
        .where(one_of(session, Escrow.id, escrow_ids), Escrow.hold_no == 1)
        .where(Payment.status == PaymentStatus.SUCCEEDED, Payment.duplicate_of_id.is_(None), *way, ~given)
        .where(Payment.amount - Payment.taken_back_amount >= Escrow.amount)
        .order_by(Payment.id.desc())
    )
    return dict(rows.all())
