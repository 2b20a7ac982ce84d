"""All there is to know of one payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import ApprovalStatus
from webapp.models import Approval, Chargeback, Escrow, InboundWebhook, Order, Party, Payment, Refund
from webapp.services import timeline
from webapp.services.approvals import approvals
from webapp.services.orders import orders
from webapp.services.payments import came_back_explanation, duplicates, payments
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.payments.clawbacks import drafts
from webapp.services.refunds import refunds
from webapp.services.timeline import Moment

MOST = 50


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """One payment with everything around it."""

    payment: Payment
    order: Order
    escrow: Escrow
    buyer: Party
    seller: Party
    refund: Refund | None
    approvals: Sequence[Approval]
    """What was proposed about it, newest first."""
    inbound_webhooks: Sequence[InboundWebhook]
    """What its provider told us of it, newest first."""
    moments: Sequence[Moment]
    chargebacks: Sequence[Chargeback] = ()
    """Disputes of the payer's bank, newest first."""
    borne: Mapping[str, int] = field(default_factory=dict)
    """Who bore how much of what was taken back and decided."""
    fee_gone: int = 0
    """What of that, decided or not, is the fee that the payer paid on top."""
    came_back: str = ""
    """Where what came back of it lies after it was decided, and whose it will be."""
    first: Payment | None = None
    """The payment besides which it was collected, if it was."""
    besides: Sequence[Payment] = ()
    """What was collected besides it."""

    @property
    def waiting(self) -> Approval | None:
        """The proposal that waits for a second person."""
        return next((each for each in self.approvals if each.status == ApprovalStatus.PROPOSED), None)


def read(session: Session, payment_id: int) -> PaymentDetail:
    """One payment with everything around it, in a fixed number of statements. Raises NotFound."""
    payment = payments.get(session, payment_id)
    order = orders.get(session, payment.order_id)
    refund, escrow = refunds.of_payment(session, payment_id), orders.escrow_of(session, order.id)
    proposed = approvals.about(session, [("payment", payment_id)])
    subjects = [("payment", payment_id), *[("approval", each.id) for each in proposed]]
    subjects += [("refund", refund.id)] if refund else []
    return PaymentDetail(
        payment,
        order,
        escrow,
        session.get_one(Party, order.buyer_id),
        session.get_one(Party, order.seller_id),
        refund,
        proposed,
        _inbound_webhooks(session, payment),
        timeline.moments(session, subjects, ()),
        chargebacks.of_payment(session, payment_id),
        drafts.borne_by(session, payment, escrow) if payment.taken_back_decided else {},
        drafts.fee_in(payment, refund, payment.taken_back_amount),
        came_back_explanation.in_words(session, payment, escrow, refund),
        None if payment.duplicate_of_id is None else payments.get(session, payment.duplicate_of_id),
        duplicates.of_payment(session, payment_id),
    )


def _inbound_webhooks(session: Session, payment: Payment) -> Sequence[InboundWebhook]:
    if payment.reference is None:
        return ()
    about = (InboundWebhook.provider == payment.provider, InboundWebhook.reference == payment.reference)
    return session.scalars(select(InboundWebhook).where(*about).order_by(InboundWebhook.id.desc()).limit(MOST)).all()
