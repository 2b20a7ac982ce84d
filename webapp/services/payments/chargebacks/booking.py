"""What a payer's bank took is the refund: booked once, of its amount, when it is known to be gone.

While the money is held it comes out of the escrow, and what is left over goes its way. After a release the platform's
rule says who bears it (`CHARGEBACK_LIABILITY`), or a person decides.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.payments import chargeback
from webapp.domain.states import LOST_CHARGEBACKS, ChargebackStatus, EscrowStatus, FreezeCause, PaymentStatus
from webapp.domain.words import joined, phrase
from webapp.models import Chargeback, Dispute, Escrow, Payment
from webapp.services.approvals import approvals, executors
from webapp.services.disputes import handling, locks
from webapp.services.escrows import disbursement, freezes
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.payments.clawbacks import drafts
from webapp.services.payments.clawbacks.executors import ClawBackPayment, WriteOffPayment
from webapp.services.refunds import refunds

MOVE = "money:move"
_Decision = tuple[str, type[ClawBackPayment] | type[WriteOffPayment]]


@dataclass(frozen=True, slots=True)
class _Taking:
    """A payment, and what banks took of it that is neither booked nor anybody's decision yet."""

    payment: Payment
    escrow: Escrow
    amount: int
    reason: str


def book(session: Session, payment_id: int, *, liability: str, at: datetime, actor: Actor) -> int:
    """Book what banks took of a payment, so far as no person has to decide; returns what is undecided afterwards.

    `liability` says who bears what was released: `seller`, `platform`, or `ask`.
    """
    payment = payments.get(session, payment_id)
    taking = _taking(session, payment)
    made = None if taking is None else _decision(taking, liability)
    if taking is None or made is None:
        return payment.undecided_amount
    escrow, mover = taking.escrow, actor.entrusted_with(MOVE)
    held = _held_for(taking)
    part, is_whole = _part(session, taking, held=held)
    dispute = locks.open_of(session, escrow.id)
    if is_whole:
        _set_free(session, taking, dispute, at, mover)
    action, decision = made
    payload = decision(reason=taking.reason, part=part)
    executors.compute(session, action, payment.id, payload, at=at, actor=mover, locked=True).post()
    session.expire_all()
    if held and dispute is not None:
        _note(session, dispute, escrow, Money(part, payment.currency), at, actor)
    return payments.get(session, payment_id).undecided_amount


def book_held_again(session: Session, escrow: Escrow, *, at: datetime, actor: Actor) -> None:
    """An escrow is held once more: what banks took of its payments comes out of it now."""
    mine = (Payment.order_id == escrow.order_id, Payment.status == PaymentStatus.NEEDS_REVIEW)
    for payment_id in session.scalars(select(Payment.id).where(*mine).order_by(Payment.id)).all():
        book(session, payment_id, liability="ask", at=at, actor=actor)


def _taking(session: Session, payment: Payment) -> _Taking | None:
    mine = (Chargeback.payment_id == payment.id, Chargeback.status.in_(LOST_CHARGEBACKS))
    rows = session.scalars(select(Chargeback).where(*mine).order_by(Chargeback.id)).all()
    unbooked = [row for row in rows if row.unbooked_amount > 0]
    amount = min(sum(row.unbooked_amount for row in unbooked), payment.undecided_amount)
    if amount <= 0:
        return None
    reason = " ".join(_in_words(row) for row in unbooked)
    escrow = disbursement.locked(session, orders.escrow_of(session, payment.order_id).id)
    return _Taking(payment, escrow, amount, reason)


def _in_words(row: Chargeback) -> str:
    amount = Money(row.amount, row.currency)
    return chargeback.in_words(row.provider, row.number, ChargebackStatus(row.status), amount)


def _decision(taking: _Taking, liability: str) -> _Decision | None:
    """What is done without asking anybody."""
    claw_back: _Decision = ("payment.claw_back", ClawBackPayment)
    write_off: _Decision = ("payment.write_off", WriteOffPayment)
    if _held_for(taking):
        return claw_back
    if taking.escrow.status != EscrowStatus.RELEASED or taking.payment.duplicate_of_id is not None:
        return None
    return {"seller": claw_back, "platform": write_off}.get(liability)


def _held_for(taking: _Taking) -> bool:
    return drafts.is_held_for(taking.payment, taking.escrow)


def _part(session: Session, taking: _Taking, *, held: bool) -> tuple[int, bool]:
    """What is booked, and whether the escrow goes by it. What is above what is held is a person's to decide."""
    if not held:
        return taking.amount, False
    payment, refund, held_amount = taking.payment, refunds.of_payment(session, taking.payment.id), taking.escrow.amount

    def of_price(part: int) -> int:
        return part - drafts.undecided_fee(payment, refund, part)

    part = taking.amount if of_price(taking.amount) <= held_amount else held_amount
    return part, of_price(part) >= held_amount


def _set_free(session: Session, taking: _Taking, dispute: Dispute | None, at: datetime, actor: Actor) -> None:
    """Nothing is left that a freeze or a proposal could keep: they end with the escrow, whoever made them."""
    escrow = taking.escrow
    approvals.lapse(session, escrow.id, taking.reason, at=at, actor=actor)
    case = None if dispute is None else (locks.cause_of(dispute), dispute.id)
    for each in freezes.open_freezes(session, escrow.id):
        if (each.cause, each.cause_id) != case:
            cause = FreezeCause(each.cause)
            freezes.lift(session, escrow.id, cause, each.cause_id, at=at, actor=actor, reason=taking.reason)


def _note(session: Session, dispute: Dispute, escrow: Escrow, part: Money, at: datetime, actor: Actor) -> None:
    """The case tells what became of its money."""
    left = Money(escrow.amount, escrow.currency)
    sentence = phrase("%(part)s went back to the payer by the bank, and is booked:", part=part)
    ending = phrase(
        "%(left)s of escrow %(ref)s is left, and stays held: this dispute freezes it until it is decided or withdrawn.",
        left=left,
        ref=escrow.ref,
    )
    if escrow.status != EscrowStatus.HELD:
        ending = phrase("escrow %(ref)s is refunded by it, and no refund of ours is sent.", ref=escrow.ref)
    agent = actor.entrusted_with("dispute:work")
    handling.say(session, dispute.id, "internal", joined(sentence, ending), at=at, actor=agent)
