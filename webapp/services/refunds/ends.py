"""How a refund ends: done, failed with the money in the wallet, or before a person who has to say what became of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import REFUND_FAILED
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import RefundFailed, RefundProcessed
from webapp.domain.providers.provider_messages import reason
from webapp.domain.providers.provider_results import RefundRow
from webapp.domain.states import AccountKind, PaymentStatus, RefundStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Payment, Refund, Transfer
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.ledger import accounts, posting
from webapp.services.refunds.refunds import call, person_is_done
from webapp.sql import one_of

_EVENTS = {RefundStatus.PROCESSED: RefundProcessed(), RefundStatus.FAILED: RefundFailed()}
_MOST_ROWS = 50


def finish(session: Session, refund: Refund, at: datetime, actor: Actor) -> None:
    """The payer has it, or it is on its way by the provider's own word."""
    _end(session, refund, RefundStatus.PROCESSED, at, actor)
    person_is_done(session, refund, at)


def fail(session: Session, refund: Refund, at: datetime, actor: Actor) -> None:
    """The provider kept the money: what the ledger had sent off goes to the party's wallet, and a person is told."""
    payment = session.get_one(Payment, refund.payment_id)
    _end(session, refund, RefundStatus.FAILED, at, actor)
    amount = Money(refund.amount, refund.currency)
    where = phrase("A person has to give it back another way.")
    if payment.status != PaymentStatus.FAILED:  # in review since some was taken back, it had been held all the same
        _return_to_wallet(session, refund, at)
        where = phrase("It is in the party's wallet.")
    why = reason(refund.status_detail or "")
    sentence = phrase(
        "The refund of %(amount)s, payment %(reference)s, failed: %(why)s. %(where)s",
        amount=amount,
        reference=payment.reference,
        why=why,
        where=where,
    )
    person_is_done(session, refund, at)
    alerts.fire(session, REFUND_FAILED, f"refund {refund.id}", sentence, at)


def ask_a_person(
    session: Session, refund: Refund, sentence: str, rows: Sequence[RefundRow], at: datetime, actor: Actor
) -> None:
    """Put it into review, with the provider's rows that are in question. Nothing moves."""
    if rows:
        refund.rows = [_shown(row) for row in rows[:_MOST_ROWS]]
    if refund.provider_id is None:
        refund.next_try_at = None
    if (refund.status, refund.status_detail) != (RefundStatus.NEEDS_REVIEW, sentence):
        before = {"status": refund.status, "status_detail": refund.status_detail}
        refund.status, refund.status_detail, refund.version = RefundStatus.NEEDS_REVIEW, sentence, refund.version + 1
        session.flush()
        after, about = {"status": refund.status, "status_detail": sentence}, ("refund", refund.id)
        trail.record(session, actor, "refund.review", about, at=at, before=before, after=after)
    call(session, refund, sentence, at)


def came_after_all(session: Session, refund: Refund, at: datetime) -> None:
    """It had failed, and the provider gave it back all the same: the payer may have it twice."""
    amount = Money(refund.amount, refund.currency)
    call(
        session,
        refund,
        phrase(
            "%(provider)s gave back %(amount)s after it had said that it failed.",
            provider=refund.provider,
            amount=amount,
        ),
        at,
    )


def came_back(session: Session, refund_ids: Sequence[int]) -> list[tuple[str, int]]:
    """What went into wallets of these that failed, per currency."""
    names = [_returned(number) for number in refund_ids]
    if not names:
        return []
    posted = select(Transfer.currency, func.sum(Transfer.amount)).where(one_of(session, Transfer.reference, names))
    return [(currency, int(amount)) for currency, amount in session.execute(posted.group_by(Transfer.currency))]


def _returned(refund_id: int) -> str:
    return f"refund-{refund_id}-return"


def _return_to_wallet(session: Session, refund: Refund, at: datetime) -> None:
    wallet = accounts.open_account(session, AccountKind.WALLET, refund.party_id, refund.currency, at=at)
    source = accounts.pool(session, AccountKind.CLEARING, refund.currency, at=at, owner=refund.provider)
    posting.post(
        session,
        reference=_returned(refund.id),
        kind=TransferKind.REFUND_RETURN,
        currency=refund.currency,
        legs=[(source, -refund.amount), (wallet, refund.amount)],
        at=at,
    )


def _end(session: Session, refund: Refund, status: RefundStatus, at: datetime, actor: Actor) -> None:
    refund.status, refund.settled_at, refund.next_try_at = status, at, None
    refund.rows, refund.answered = None, None
    refund.version += 1
    session.flush()
    trail.record(session, actor, f"refund.{status}", ("refund", refund.id), at=at, reason=refund.status_detail)
    events.add(session, _EVENTS[status], refund.id, at=at)


def _shown(row: RefundRow) -> dict[str, object]:
    """A row as it is kept for people."""
    return {
        "id": row.provider_id,
        "status": str(row.status),
        "provider_status": row.message,
        "amount": row.amount,
        "currency": row.currency,
        "created_at": row.created_at.isoformat() if row.created_at else None,
    }
