"""Refunds: money that goes back through the provider it came from. Written first, looked for, then sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.claims import TAKEN_OVER, Claim, counts
from webapp.domain.event_types import RefundCreated, RefundFailed, RefundProcessed
from webapp.domain.money import Money
from webapp.domain.provider_words import Fate, Seen, Unanswered, Word
from webapp.domain.states import AccountKind, ChargebackStatus, PaymentStatus, RefundStatus, TransferKind
from webapp.errors import Conflict, Overtaken
from webapp.models import Payment, ProviderDispute, Refund
from webapp.services import accounts, alerts, audit, checks, events, ledger, lookup
from webapp.services.outcome import Outcome, Refused
from webapp.sql import lock, one_of

OPEN = (RefundStatus.WAITING, RefundStatus.SENDING, RefundStatus.PENDING)
_RULE = "refund_failed"
_TOLD = {RefundStatus.PROCESSED: RefundProcessed(), RefundStatus.FAILED: RefundFailed()}
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Giving:
    """A refund that a provider is spoken to about. `may_send` is False when it may have been sent before."""

    id: int
    provider: str
    reference: str
    amount: int
    currency: str
    may_send: bool
    claim: Claim


def write(session: Session, payment: Payment, party_id: int, amount: Money, *, at: datetime, actor: Actor) -> Refund:
    """Write that a payment is to be given back; it is sent after the transaction. At most one per payment.

    Raises Conflict when there is one already, and while the payer's bank wants the money back: it would be paid twice.
    """
    if of_payment(session, payment.id) is not None:
        raise Conflict(f"Payment {payment.reference} has a refund already: a payment is given back once.")
    if banks := session.scalars(_open_at_bank().where(ProviderDispute.payment_id == payment.id)).first():
        where = f"Chargeback {banks.number} on payment {payment.reference} is open at {banks.provider}"
        raise Conflict(f"{where}: a refund besides would pay the buyer twice. Wait for its end, or accept it there.")
    refund = Refund(
        payment_id=payment.id,
        party_id=party_id,
        provider=payment.provider,
        amount=amount.amount,
        currency=amount.currency,
        status=RefundStatus.WAITING,
        attempts=0,
        next_try_at=at,
        created_at=at,
        version=1,
    )
    session.add(refund)
    session.flush()
    said = {"payment": payment.reference, "amount": amount.amount, "currency": amount.currency}
    audit.record(session, actor, "refund.create", ("refund", refund.id), at=at, after=said)
    events.add(session, RefundCreated(), refund.id, at=at)
    return refund


def of_payment(session: Session, payment_id: int) -> Refund | None:
    """The refund of a payment, if there is one."""
    found = select(Refund).where(Refund.payment_id == payment_id).execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


def settle_otherwise(
    session: Session, payment_id: int, reason: str, *, version: int, at: datetime, actor: Actor
) -> Refund:
    """Say how the payer got what a failed refund did not bring, which ends its alert. No money moves by it.

    It ends what the desk owes, so it takes whoever may approve. Raises Overtaken unless the refund is failed still.
    """
    actor.require("money:approve")
    said = checks.require_text(reason, "reason", "Say how the payer got the money.")
    lock(session, Refund, list(session.scalars(select(Refund.id).where(Refund.payment_id == payment_id))))
    refund = require_failed(of_payment(session, payment_id))
    lookup.require_version(refund, version, "refund")
    before = {"status": refund.status, "said": refund.said}
    refund.status, refund.said, refund.version = RefundStatus.SETTLED_OTHERWISE, said, refund.version + 1
    session.flush()
    after, about = {"status": refund.status}, ("refund", refund.id)
    audit.record(session, actor, "refund.settle_otherwise", about, at=at, reason=said, before=before, after=after)
    alerts.resolve(session, _RULE, f"refund {refund.id}", at)
    return refund


def require_failed(refund: Refund | None) -> Refund:
    """The refund. Raises Conflict unless it is a refund that failed, and nobody has seen to it yet."""
    if refund is None:
        raise Conflict("This payment has no refund.")
    if refund.status != RefundStatus.FAILED:
        status = refund.status.replace("_", " ")
        raise Overtaken(f"The refund is {status}: only one that failed can be settled otherwise.")
    return refund


def take_due(
    session: Session, at: datetime, limit: int, lease: timedelta, *, due_by: datetime | None = None
) -> list[Giving]:
    """Refunds whose time has come, now or by an earlier instant, marked as being sent, so that a killed process leaves
    the doubt on record.
    """
    due = select(Refund).where(*_due(due_by or at))
    due = due.order_by(Refund.next_try_at, Refund.id).limit(limit).with_for_update(skip_locked=True)
    taken = []
    for refund in session.scalars(due).all():
        reference = session.get_one(Payment, refund.payment_id).reference or ""
        may_send = refund.status == RefundStatus.WAITING
        refund.status = RefundStatus.SENDING if may_send else refund.status
        refund.next_try_at, refund.attempts = at + lease, refund.attempts + 1
        claim = Claim(refund.status, refund.attempts)
        taken.append(Giving(refund.id, refund.provider, reference, refund.amount, refund.currency, may_send, claim))
    return taken


def count_due(session: Session, at: datetime) -> int:
    """How many of them there are."""
    return session.scalars(select(func.count()).select_from(Refund).where(*_due(at))).one()


def _due(by: datetime) -> tuple[ColumnElement[bool], ...]:
    """What was not sent stays so while the payer's bank wants the money back; what was sent is asked about."""
    waits = (Refund.status == RefundStatus.WAITING) & _open_at_bank().where(
        ProviderDispute.payment_id == Refund.payment_id
    ).exists()
    return Refund.status.in_(OPEN), Refund.next_try_at <= by, ~waits


def _open_at_bank() -> Select[ProviderDispute]:
    return select(ProviderDispute).where(ProviderDispute.status == ChargebackStatus.OPEN)


def settle_all(
    session: Session,
    words: Mapping[int, Word],
    *,
    at: datetime,
    actor: Actor,
    claims: Mapping[int, Claim] | None = None,
) -> Outcome:
    """Do to each refund what its provider's word means. Twice changes nothing.

    `claims` tells how the refunds were taken that somebody asked about: who has lost one since settles nothing, unless
    the provider says that the money is on its way, or there.
    """
    lock(session, Refund, list(words))
    outcome = Outcome("refund")
    rows = select(Refund).where(one_of(session, Refund.id, list(words)), Refund.status.in_(OPEN)).order_by(Refund.id)
    for refund in session.scalars(rows.execution_options(populate_existing=True)).all():
        if not _counts(refund, words[refund.id], (claims or {}).get(refund.id)):
            outcome.refused.append(Refused(refund.id, f"refund {refund.id}", TAKEN_OVER))
        else:
            before = refund.status
            _settle(session, refund, words[refund.id], at, actor)
            _count(outcome, refund, before)
    return outcome


def _count(outcome: Outcome, refund: Refund, before: str) -> None:
    """One refund is one item. Its money counts once: with the word by which its provider has it for the first time."""
    named = Refused(refund.id, f"refund {refund.id}", refund.said or f"It is {refund.status} still.")
    if refund.status == RefundStatus.FAILED:
        outcome.failed.append(named)
    elif refund.status in (RefundStatus.PENDING, RefundStatus.PROCESSED) and refund.status != before:
        outcome.done += 1
        if before in (RefundStatus.WAITING, RefundStatus.SENDING):
            outcome.amounts[refund.currency] = outcome.amounts.get(refund.currency, 0) + refund.amount
    else:
        outcome.refused.append(named)


def _counts(refund: Refund, word: Word, claim: Claim | None) -> bool:
    """Whether a word may be settled. One payment can have several refunds there: that an earlier one failed is not the
    end of the one that whoever holds it now has sent.
    """
    now = Claim(refund.status, refund.attempts)
    failed = isinstance(word, Seen) and word.fate in (Fate.FAILED, Fate.REVERSED)
    return counts(word, claim, now) and not (failed and claim is not None and claim != now)


def _settle(session: Session, refund: Refund, word: Word, at: datetime, actor: Actor) -> None:
    refund.said = word.said or None
    if isinstance(word, Seen):
        refund.provider_id = word.provider_id or refund.provider_id
        if word.fate == Fate.SUCCEEDED:
            _end(session, refund, RefundStatus.PROCESSED, at, actor)
            return
        if word.fate in (Fate.FAILED, Fate.REVERSED):
            _fail(session, refund, at, actor)
            return
        refund.status = RefundStatus.WAITING if word.fate == Fate.ABSENT else RefundStatus.PENDING
    elif word.is_refusal and not word.is_unsent:
        _fail(session, refund, at, actor)
        return
    elif word.is_unsent and refund.status == RefundStatus.SENDING:
        refund.status = RefundStatus.WAITING
    refund.next_try_at = at + _pause(refund.attempts, word)


def _pause(attempts: int, word: Word) -> timedelta:
    least = word.retry_after if isinstance(word, Unanswered) else None
    pause: timedelta = min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
    return max(pause, timedelta(seconds=least or 0))


def _fail(session: Session, refund: Refund, at: datetime, actor: Actor) -> None:
    """The provider kept the money: what the ledger had sent off goes to the party's wallet, and a person is told."""
    payment = session.get_one(Payment, refund.payment_id)
    _end(session, refund, RefundStatus.FAILED, at, actor)
    amount = Money(refund.amount, refund.currency)
    where = "A person has to give it back another way."
    if payment.status != PaymentStatus.FAILED:  # in review since some was taken back, it had been held all the same
        _return_to_wallet(session, refund, at)
        where = "It is in the party's wallet."
    said = f"The refund of {amount}, payment {payment.reference}, failed: {refund.said or 'no reason given'}. {where}"
    alerts.fire(session, _RULE, f"refund {refund.id}", "warn", said, at)


def _return_to_wallet(session: Session, refund: Refund, at: datetime) -> None:
    wallet = accounts.open_account(session, AccountKind.WALLET, refund.party_id, refund.currency, at=at)
    source = accounts.pool(session, AccountKind.CLEARING, refund.currency, at=at, owner=refund.provider)
    ledger.post(
        session,
        reference=f"refund-{refund.id}-return",
        kind=TransferKind.REFUND_RETURN,
        currency=refund.currency,
        legs=[(source, -refund.amount), (wallet, refund.amount)],
        at=at,
    )


def _end(session: Session, refund: Refund, status: RefundStatus, at: datetime, actor: Actor) -> None:
    refund.status, refund.settled_at, refund.next_try_at = status, at, None
    refund.version += 1
    session.flush()
    audit.record(session, actor, f"refund.{status}", ("refund", refund.id), at=at, reason=refund.said)
    events.add(session, _TOLD[status], refund.id, at=at)
