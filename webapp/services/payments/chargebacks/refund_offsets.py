"""A refund of ours and a bank that takes the same money: what the bank took is the refund, so far as it goes."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import Event, RefundCovered, RefundUncovered
from webapp.domain.states import LOST_CHARGEBACKS, AccountKind, RefundStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Chargeback, Payment, Refund
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.ledger import transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft
from webapp.services.refunds import refunds


def cover(session: Session, payment: Payment, known: Chargeback, *, at: datetime, actor: Actor) -> None:
    """A refund that was surely not sent is made by the bank's taking, so far as that goes. What the bank gave back
    since, the payer gets by the refund again, or into the wallet when that is under way without it.
    """
    mine = select(Refund).where(Refund.payment_id == payment.id).with_for_update()
    refund = session.scalars(mine.execution_options(populate_existing=True)).one_or_none()
    if refund is None or refund.currency != known.currency:
        return
    taken = known.amount if known.status in LOST_CHARGEBACKS else 0
    if known.covered_amount > taken:
        _give_again(session, payment, known, refund, known.covered_amount - taken, at, actor)
    elif known.unbooked_amount > 0 and _is_unsent(refund):
        _take(session, known, refund, min(refund.amount, known.unbooked_amount), at, actor)


def _is_unsent(refund: Refund) -> bool:
    """Nothing of it went out: not yet, or it was refused since the money had gone, and no refund there is ours."""
    refused = refund.answered == refunds.THERE and refund.provider_id is None
    return refund.status == RefundStatus.WAITING or (refund.status == RefundStatus.NEEDS_REVIEW and refused)


def _take(session: Session, known: Chargeback, refund: Refund, part: int, at: datetime, actor: Actor) -> None:
    before = _facts(refund)
    known.covered_amount += part
    refund.status_detail = phrase(
        "%(amount)s of it went back by chargeback %(number)s.", amount=Money(part, known.currency), number=known.number
    )
    if part == refund.amount:
        refund.status, refund.settled_at, refund.next_try_at = RefundStatus.PROCESSED, at, None
        refund.rows, refund.answered = None, None
        refunds.person_is_done(session, refund, at)
    else:
        refund.amount -= part
    rest = 0 if refund.status == RefundStatus.PROCESSED else refund.amount
    _record(session, refund, RefundCovered(covered=part, rest=rest), before, at, actor)


def _give_again(
    session: Session,
    payment: Payment,
    known: Chargeback,
    refund: Refund,
    part: int,
    at: datetime,
    actor: Actor,
) -> None:
    before, sum_again = _facts(refund), Money(part, known.currency)
    known.covered_amount -= part
    way = "refund"
    refund.status_detail = phrase(
        "%(sum_again)s that chargeback %(number)s had taken is with %(provider)s again",
        sum_again=sum_again,
        number=known.number,
        provider=known.provider,
    )
    if _is_unsent(refund):
        refund.amount += part
        refund.status_detail += phrase(": the refund brings it.")
    elif refund.status == RefundStatus.PROCESSED and refund.provider_id is None:
        refund.status, refund.settled_at, refund.next_try_at, refund.amount = RefundStatus.WAITING, None, at, part
        refund.status_detail += phrase(": the refund brings it.")
    else:
        transfers.write(session, [_into_wallet(payment, known, refund, part)], at=at)
        payment.version += 1
        way = "wallet"
        refund.status_detail += phrase(": it is in the party's wallet.")
    _record(session, refund, RefundUncovered(again=part, way=way), before, at, actor)


def _into_wallet(payment: Payment, known: Chargeback, refund: Refund, part: int) -> Draft:
    return Draft(
        reference=f"chargeback-{known.id}-return-{payment.version}",
        kind=TransferKind.REFUND_RETURN,
        currency=known.currency,
        sides=[
            (Place(AccountKind.CLEARING, known.currency, owner=payment.provider), -part),
            (Place(AccountKind.WALLET, known.currency, refund.party_id), part),
        ],
        escrow_id=None,
    )


def _facts(refund: Refund) -> dict[str, Any]:
    return {"amount": refund.amount, "status": refund.status}


def _record(session: Session, refund: Refund, event: Event, before: dict[str, Any], at: datetime, actor: Actor) -> None:
    refund.version += 1
    session.flush()
    about, reason = ("refund", refund.id), refund.status_detail
    trail.record(session, actor, event.type, about, at=at, reason=reason, before=before, after=_facts(refund))
    events.add(session, event, refund.id, at=at)
