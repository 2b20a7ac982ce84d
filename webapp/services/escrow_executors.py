"""What a person decides about one escrow: release, refund, void."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain import shares
from webapp.domain.event_types import EscrowVoided
from webapp.domain.money import Money
from webapp.domain.shares import Shares
from webapp.domain.states import EscrowStatus, OrderStatus
from webapp.errors import Conflict
from webapp.models import Escrow, Order
from webapp.services import audit, events, leaving, lookup, postings
from webapp.services.executors import Context, Payload, Posting, executor


@dataclass(frozen=True, slots=True)
class EscrowSubject:
    """The escrow that is decided on."""

    escrow: Escrow


class ReleaseEscrow(Payload):
    """Pay the seller now, less the fee."""


class RefundEscrow(Payload):
    """Give the buyer everything back."""


class VoidEscrow(Payload):
    """Give up an escrow that was never paid."""


def read_escrow(session: Session, escrow_id: int) -> EscrowSubject:
    """The escrow as it is now. Raises NotFound."""
    return EscrowSubject(lookup.by_id(session, Escrow, escrow_id, "escrow"))


@executor("escrow.release", ReleaseEscrow, read=read_escrow)
def release_escrow(context: Context, subject: EscrowSubject, decision: ReleaseEscrow) -> Posting:
    """Everything to the seller, less the fee."""
    escrow = subject.escrow
    held = Money(escrow.amount, escrow.currency)
    parts = shares.divide(held, escrow.fee, held.amount)
    done = f"{held} of escrow {escrow.ref} was released: {parts.seller_in_words()}."
    return _leaving(context, escrow, parts, shares.release_in_words(held, escrow.fee), done, decision.reason)


@executor("escrow.refund", RefundEscrow, read=read_escrow)
def refund_escrow(context: Context, subject: EscrowSubject, decision: RefundEscrow) -> Posting:
    """Everything to the buyer, without a fee."""
    escrow = subject.escrow
    held = Money(escrow.amount, escrow.currency)
    done = f"{held} of escrow {escrow.ref} was refunded to the buyer."
    parts = shares.divide(held, escrow.fee, 0)
    return _leaving(context, escrow, parts, f"refund of {held} to the buyer", done, decision.reason)


@executor("escrow.void", VoidEscrow, read=read_escrow)
def void_escrow(context: Context, subject: EscrowSubject, decision: VoidEscrow) -> Posting:
    """No money moves; its order is cancelled."""
    escrow = subject.escrow
    if escrow.status != EscrowStatus.PENDING_PAYMENT:
        raise Conflict(f"Escrow {escrow.ref} is {escrow.status}: only one that awaits payment can be voided.")
    amount = Money(escrow.amount, escrow.currency)
    return Posting(
        sentence=f"escrow {escrow.ref} over {amount} is given up; it was never paid",
        done=f"Escrow {escrow.ref} was voided.",
        amount=amount,
        post=partial(_void, context, escrow, decision.reason),
        escrow_id=escrow.id,
    )


def _leaving(context: Context, escrow: Escrow, parts: Shares, sentence: str, done: str, reason: str) -> Posting:
    leaving.require_free(context.session, escrow, context.lifted)
    draft = leaving.draft(context.session, escrow, parts)
    leave = partial(leaving.leave, at=context.at, actor=context.actor, reason=reason)
    return Posting(
        sentence=sentence,
        done=done,
        amount=Money(escrow.amount, escrow.currency),
        post=partial(leave, context.session, escrow, parts, draft),
        legs=postings.legs(context.session, [draft]),
        escrow_id=escrow.id,
    )


def _void(context: Context, escrow: Escrow, reason: str) -> None:
    session, at, actor = context.session, context.at, context.actor
    escrow.status, escrow.left_at, escrow.left_reason = EscrowStatus.VOIDED, at, "decision"
    escrow.version += 1
    order = lookup.by_id(session, Order, escrow.order_id, "order")
    order.status = OrderStatus.CANCELLED
    session.flush()
    audit.record(session, actor, "escrow.void", ("escrow", escrow.id), at=at, reason=reason)
    audit.record(session, actor, "order.cancel", ("order", order.id), at=at, reason=reason)
    events.add(session, EscrowVoided(), escrow.id, at=at)
