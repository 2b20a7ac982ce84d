"""Why has this not been paid? The answer, what else stands in the way, and what ends each."""

from collections.abc import Container, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import named
from webapp.domain.escrow_policies import AFTER_COMPLETION, JOBS
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.state_labels import in_words
from webapp.domain.states import (
    CLOSED_DISPUTES,
    AccountKind,
    ChargebackStatus,
    EscrowStatus,
    FreezeCause,
    OrderStatus,
    PaymentStatus,
    Policy,
    TransferKind,
)
from webapp.domain.words import joined, phrase
from webapp.models import Dispute, Escrow, Freeze, Order, Party, Payment, RunItem
from webapp.services.common import lookup
from webapp.services.common.kill_switch import stopped
from webapp.services.common.reasons import Reason, Target
from webapp.services.disputes import chargeback_cases
from webapp.services.escrows import disbursement_sql, freezes
from webapp.services.ledger import accounts, transfer_queries
from webapp.services.refunds import explanation
from webapp.services.scheduling.next_runs import next_run

_BY_DISPUTE = (FreezeCause.DISPUTE, FreezeCause.WARRANTY_CLAIM)
_CLOSED = {
    EscrowStatus.RELEASED: phrase("It was released to the seller"),
    EscrowStatus.REFUNDED: phrase("It was refunded to the buyer"),
    EscrowStatus.SPLIT: phrase("It was split between buyer and seller"),
    EscrowStatus.VOIDED: phrase("It was voided and never paid"),
}
_NOT_COMPLETED = {
    Policy.COMPLETION: phrase("The order is not completed yet."),
    Policy.BUFFER: phrase("The buyer has not approved the finished work yet: the buffer begins then."),
}
_COMPLETES = {
    Policy.COMPLETION: phrase("The marketplace says through the API that it is completed."),
    Policy.BUFFER: phrase(
        "The marketplace says through the API that the buyer has approved it, by completing the order."
    ),
}


def reasons(session: Session, escrow_id: int, at: datetime) -> list[Reason]:
    """Why it has not been paid, or where its money went; the first is the answer. Raises NotFound."""
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    if escrow.status in _CLOSED:
        when = phrase(" on %(closed_at)s", closed_at=in_utc(escrow.closed_at)) if escrow.closed_at else ""
        left = Reason(joined(_CLOSED[EscrowStatus(escrow.status)], when, _parts(session, escrow), ".", between=""))
        return [left, *_since(session, escrow), *_refunds(session, escrow), *_taken_back(session, escrow)]
    if escrow.status == EscrowStatus.PENDING_PAYMENT:
        return [_unpaid(session, escrow, at)]
    found = list(_blockers(session, escrow, at)) or [_nothing(session, escrow, at)]
    return [*found, *_refunds(session, escrow), *_debts(session, escrow)]


def against_deciding(session: Session, escrow: Escrow) -> list[Reason]:
    """What has to end before a dispute's decision can move money: that all of it is stopped, and freezes of others."""
    return [*_stop(session), *_frozen(session, escrow, ignored=(*_BY_DISPUTE, FreezeCause.PROPOSAL))]


def once_thawed(session: Session, escrow: Escrow, at: datetime) -> Reason:
    """What becomes of an escrow's money when its dispute is over and the freeze of it ends: what stands in the way
    then, or which run pays it.
    """
    left = (each for each in _blockers(session, escrow, at, ignored=_BY_DISPUTE))
    return next(left, None) or _nothing(session, escrow, at)


def _parts(session: Session, escrow: Escrow) -> str:
    """Who got what of a split."""
    if escrow.status != EscrowStatus.SPLIT:
        return ""
    movements = reversed(transfer_queries.of_escrow(session, escrow.id))
    split = next((each for each in movements if each.kind == TransferKind.SPLIT and not each.reverses_id), None)
    return joined(": ", split.shares_in_words(), between="") if split is not None else ""


def _blockers(session: Session, escrow: Escrow, at: datetime, ignored: Container[str] = ()) -> Iterator[Reason]:
    yield from _stop(session)
    yield from _taken_back(session, escrow)
    yield from _disputes(session, escrow)
    yield from _frozen(session, escrow, ignored)
    yield from _not_due(session, escrow, at)
    yield from _no_wallet(session, escrow, at)
    yield from _failures(session, escrow, at)


def _unpaid(session: Session, escrow: Escrow, at: datetime) -> Reason:
    sentence = phrase(
        "The buyer has not paid yet: %(amount)s is awaited.", amount=Money(escrow.amount, escrow.currency)
    )
    job = "check_pending_payments"
    under_way = select(Payment.id).where(Payment.order_id == escrow.order_id, Payment.status == PaymentStatus.PENDING)
    if session.scalars(under_way.limit(1)).first() is None:
        cure = phrase("No payment is under way: %(job)s declines the order when it has waited for too long.", job=job)
        return Reason(sentence, cure, Target("job", name=job))
    asks = next_run(session, job, at).in_words(phrase("asks its provider"))
    return Reason(sentence, asks, Target("job", name=job))


def _nothing(session: Session, escrow: Escrow, at: datetime) -> Reason:
    job = JOBS[escrow.policy]
    run = next_run(session, job, at)
    if run.is_paused:
        return Reason(phrase("Only its job stands in the way."), run.in_words(""), Target("job", name=job))
    sentence = phrase("Nothing stands in the way: the next run of %(job)s pays it.", job=job)
    return Reason(sentence, run.in_words(phrase("pays it")) if run.at else "", Target("job", name=job))


def _stop(session: Session) -> Iterator[Reason]:
    found = stopped(session)
    if found:
        sentence = phrase("All outgoing money is stopped by %(by)s: %(why)s", by=found["by"], why=found["why"])
        yield Reason(sentence, phrase("An administrator lets it flow again in the settings."), Target("switch"))


def _taken_back(session: Session, escrow: Escrow) -> Iterator[Reason]:
    """What of its payment is gone and undecided."""
    mine = (Payment.order_id == escrow.order_id, Payment.taken_back_amount > Payment.taken_back_decided)
    for payment in session.scalars(select(Payment).where(*mine)):
        gone = Money(payment.undecided_amount, payment.currency)
        sentence = phrase(
            "%(gone)s of its payment %(reference)s was taken back at %(provider)s.",
            gone=gone,
            reference=payment.reference,
            provider=payment.provider,
        )
        cure = phrase("A person decides who bears that: claw back, or write off.")
        if escrow.status == EscrowStatus.HELD:
            cure = phrase("A person decides who bears that: claw back, refund the rest, or write off.")
        yield Reason(sentence, cure, Target("payment", payment.id))


def _since(session: Session, escrow: Escrow) -> Iterator[Reason]:
    """Who has the money by now, where some of it was taken back after it had left, or came back and was given again."""
    movements = transfer_queries.of_escrow(session, escrow.id)
    for each in transfer_queries.since_closed(movements, escrow):
        amount, on = Money(each.amount, each.currency), in_utc(each.at)
        did = (
            phrase("was taken back")
            if each.kind == TransferKind.TAKEN_BACK
            else phrase("came back, and was given again")
        )
        yield Reason(
            phrase(
                "%(amount)s of it %(did)s on %(on)s: %(shares_in_words)s.",
                amount=amount,
                did=did,
                on=on,
                shares_in_words=each.shares_in_words(inside=True),
            )
        )


def _refunds(session: Session, escrow: Escrow) -> Iterator[Reason]:
    """What went back through a provider and is not there yet, or never will be."""
    banks = chargeback_cases.of_escrow(session, escrow)
    at_banks = {each.payment_id for each in banks if each.status == ChargebackStatus.OPEN}
    for refund, payment in explanation.of_order(session, escrow.order_id):
        if refund.status not in explanation.ENDED:
            is_at_bank = payment.id in at_banks
            sentence = explanation.in_words(refund, payment, is_at_bank=is_at_bank)
            yield Reason(sentence, explanation.what_ends_it(refund), Target("payment", payment.id))


def _debts(session: Session, escrow: Escrow) -> Iterator[Reason]:
    """What of it will not reach the seller's wallet, since its reversal left a debt."""
    for met in disbursement_sql.debts_met(session, [escrow.id], disbursement_sql.RELEASE, {}):
        owed, seller = Money(met.amount, escrow.currency), lookup.by_id(session, Party, met.party_id, "party")
        sentence = phrase(
            "%(name)s owes %(owed)s since it was reversed: a release meets that first.", name=seller.name, owed=owed
        )
        yield Reason(sentence, phrase("Only the rest of it goes into the wallet."), Target("party", met.party_id))


def _disputes(session: Session, escrow: Escrow) -> Iterator[Reason]:
    mine = select(Dispute).where(Dispute.escrow_id == escrow.id, Dispute.status.not_in(CLOSED_DISPUTES))
    frozen_by = {each.cause_id for each in freezes.open_freezes(session, escrow.id) if each.cause in _BY_DISPUTE}
    for found in session.scalars(mine.where(Dispute.id.not_in(frozen_by))):
        sentence = phrase("Dispute %(ref)s is %(status)s.", ref=found.ref, status=in_words(found.status))
        yield Reason(sentence, phrase("Deciding or withdrawing it ends that."), Target("dispute", found.id))


def _frozen(session: Session, escrow: Escrow, ignored: Container[str]) -> Iterator[Reason]:
    for found in freezes.open_freezes(session, escrow.id):
        if found.cause in ignored:
            continue
        sentence = phrase(
            "It is frozen by %(who)s since %(at)s: %(reason)s",
            who=named(found.by_name),
            at=in_utc(found.at),
            reason=found.reason,
        )
        yield Reason(sentence, *_thaw(found))


def _thaw(freeze: Freeze) -> tuple[str, Target | None]:
    if freeze.cause == FreezeCause.PERSON:
        return phrase("Lifting this freeze ends that."), Target("freeze", freeze.id)
    if freeze.cause == FreezeCause.PROPOSAL:
        return phrase("Approving or rejecting the proposal ends that."), Target("approval", freeze.cause_id)
    if freeze.cause in _BY_DISPUTE:
        return phrase("Deciding or withdrawing the dispute ends that."), Target("dispute", freeze.cause_id)
    if freeze.cause == FreezeCause.PAYMENT:
        return phrase("Deciding about the payment ends that."), Target("payment", freeze.cause_id)
    if freeze.cause == FreezeCause.CHARGEBACK:
        return phrase("The end of the chargeback ends that: its provider is asked every six hours."), None
    return "", None


def _not_due(session: Session, escrow: Escrow, at: datetime) -> Iterator[Reason]:
    if escrow.policy in AFTER_COMPLETION:
        order = lookup.by_id(session, Order, escrow.order_id, "order")
        if order.status != OrderStatus.COMPLETED:
            policy = Policy(escrow.policy)
            yield Reason(_NOT_COMPLETED[policy], _COMPLETES[policy])
            yield from _too_early(session, escrow, at)
            return
    if escrow.release_at is None:
        yield Reason(phrase("It has no release date yet."), phrase("Putting it off gives it one."), Target("extension"))
    yield from _too_early(session, escrow, at)


def _too_early(session: Session, escrow: Escrow, at: datetime) -> Iterator[Reason]:
    if escrow.release_at is not None and escrow.release_at > at:
        job = JOBS[escrow.policy]
        sentence = phrase("It is not due until %(release_at)s.", release_at=in_utc(escrow.release_at))
        run = next_run(session, job, at, not_before=escrow.release_at)
        yield Reason(sentence, run.in_words(phrase("considers it")), Target("job", name=job))


def _no_wallet(session: Session, escrow: Escrow, at: datetime) -> Iterator[Reason]:
    if accounts.find_account(session, AccountKind.WALLET, escrow.seller_id, escrow.currency) is None:
        seller: Party = lookup.by_id(session, Party, escrow.seller_id, "party")
        sentence = phrase(
            "The seller, %(name)s, has no wallet in %(currency)s.", name=seller.name, currency=escrow.currency
        )
        cure = phrase("The party is not verified, so no job opens one: open it by hand.")
        if seller.verified_at is not None:
            opens = next_run(session, "create_missing_wallets", at).in_words(phrase("opens it"))
            cure = joined(opens, phrase("Or open it by hand."))
        yield Reason(sentence, cure, Target("wallet", seller.id, escrow.currency))


def _failures(session: Session, escrow: Escrow, at: datetime) -> Iterator[Reason]:
    mine = (RunItem.subject_kind == "escrow", RunItem.subject_id == escrow.id, RunItem.outcome == "failed")
    last = session.scalars(select(RunItem).where(*mine).order_by(RunItem.id.desc()).limit(1)).one_or_none()
    if last is not None:
        cure = next_run(session, JOBS[escrow.policy], at).in_words(phrase("tries it again"))
        yield Reason(
            phrase("Run %(run_id)s tried it and failed: %(text)s", run_id=last.run_id, text=last.message),
            cure,
            Target("run", last.run_id),
        )
