"""What a person decides about money that was taken back of a payment: who bears it, and whose is what came back.

The provider or the payer's bank moved the money already. Each decision books that, once, for what is undecided yet.
"""

from webapp.domain.alert_definitions import PAYMENT_TAKEN_BACK
from webapp.domain.money.money import Money, fee_share
from webapp.domain.outbox.event_types import PaymentDecided
from webapp.domain.payments.loss_allocation import Bearer
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, FreezeCause, PaymentStatus, Resolution
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Dispute, Escrow, Payment
from webapp.services.alerts import alerts
from webapp.services.approvals.executors import Context, Payload, Posting, executor
from webapp.services.audit import trail
from webapp.services.common import events, lookup
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.disputes import executors as dispute_executors
from webapp.services.disputes import locks as dispute_locks
from webapp.services.disputes.executors import ResolveDispute
from webapp.services.escrows import disbursement, freezes, held_again, release, taken_back
from webapp.services.ledger import party_sides, transfers
from webapp.services.ledger.daily_totals import note_figure
from webapp.services.ledger.transfers import Draft
from webapp.services.payments.clawbacks import drafts as clawback_drafts
from webapp.services.payments.clawbacks import given_again
from webapp.services.payments.executors import PaymentSubject, posting_of, read_payment
from webapp.services.refunds import refunds


class WriteOffPayment(Payload):
    """The platform bears what was taken back; the escrow goes its way as if nothing had been taken."""

    part: int | None = None
    """In minor units; None for all that is undecided."""


class ClawBackPayment(Payload):
    """Take it from whom the money is with: the escrow while it is held, else the seller, else the buyer."""

    part: int | None = None
    """In minor units; None for all that is undecided."""


class RefundRestOfPayment(Payload):
    """The buyer has a part back already, and gets the rest."""


class GiveAgainPayment(Payload):
    """What was decided about came back: whoever bore it gets it."""


@executor("payment.write_off", WriteOffPayment, read=read_payment)
def write_off_payment(context: Context, subject: PaymentSubject, decision: WriteOffPayment) -> Posting:
    """Clearing against the platform's losses."""
    check_write_off(subject)
    payment, escrow, gone = subject.payment, subject.escrow, _part(subject, decision.part)
    draft = clawback_drafts.write_off(payment, escrow, gone.amount)

    def post() -> None:
        transfers.write(context.session, [draft], at=context.at)
        _decided(context, payment, escrow, Bearer.PLATFORM, "payment.write_off", decision.reason, gone.amount)

    stays = phrase("stays %(status)s", status=in_words(escrow.status))
    if escrow.status == EscrowStatus.HELD:
        lifted = context.lifted | {(str(FreezeCause.PAYMENT), payment.id)}
        is_frozen = freezes.count_others(context.session, escrow.id, lifted) > 0
        stays = phrase("stays held, by what else freezes it") if is_frozen else phrase("goes its way")
    sentence = phrase(
        "the platform bears %(gone)s of payment %(reference)s; escrow %(ref)s %(stays)s",
        gone=gone,
        reference=payment.reference,
        ref=escrow.ref,
        stays=stays,
    )
    return posting_of(context, subject, sentence, [draft], post)


@executor("payment.claw_back", ClawBackPayment, read=read_payment)
def claw_back_payment(context: Context, subject: PaymentSubject, decision: ClawBackPayment) -> Posting:
    """A whole one ends the escrow as refunded, and an open dispute of ours with it; a part makes the hold smaller."""
    check_claw_back(subject)
    session, payment, escrow = context.session, subject.payment, subject.escrow
    gone = _part(subject, decision.part)
    on_top = clawback_drafts.undecided_fee(payment, subject.refund, gone.amount)
    whole = clawback_drafts.is_whole(payment, escrow, gone.amount - on_top)
    is_held = clawback_drafts.is_held_for(payment, escrow)
    dispute = dispute_locks.open_of(session, escrow.id) if whole else None
    if whole:
        own = {(str(dispute_locks.cause_of(dispute)), dispute.id)} if dispute else set()
        _require_nothing_else(context, payment, escrow, own)
    _lock(context, escrow)
    drafts = clawback_drafts.claw_back(session, payment, escrow, gone.amount, on_top)
    bearer = clawback_drafts.bearer_of(session, payment, escrow)

    def post() -> None:
        _decided(context, payment, escrow, bearer, "payment.claw_back", decision.reason, gone.amount)
        if dispute is not None:
            _close(context, dispute, escrow, decision.reason)
        rest = drafts
        if whole:
            first, *rest = drafts
            _book_refunded(context, escrow, first, decision.reason)
        elif is_held and gone.amount > on_top:
            _resize(context, escrow, on_top - gone.amount, decision.reason)
        transfers.write(session, rest, at=context.at)

    words = clawback_drafts.in_words(escrow, drafts)
    ending = phrase("; dispute %(ref)s ends as refunded", ref=dispute.ref) if dispute else ""
    fee = (
        phrase(" (%(amount)s of it is the payer's fee on top of the price)", amount=Money(on_top, gone.currency))
        if on_top
        else ""
    )
    sentence = phrase(
        "%(gone)s of payment %(reference)s that was taken back is clawed back%(fee)s: %(words)s%(ending)s",
        gone=gone,
        reference=payment.reference,
        fee=fee,
        words=words,
        ending=ending,
    )
    return posting_of(context, subject, sentence, drafts, post)


@executor("payment.refund_rest", RefundRestOfPayment, read=read_payment)
def refund_rest_of_payment(context: Context, subject: PaymentSubject, decision: RefundRestOfPayment) -> Posting:
    """The escrow ends as refunded: the rest goes back through the provider, or into the buyer's wallet."""
    check_refund_rest(subject)
    session, payment, escrow = context.session, subject.payment, subject.escrow
    on_top = clawback_drafts.undecided_fee(payment, subject.refund)
    rest = Money(escrow.amount - payment.undecided_amount + on_top, escrow.currency)
    _require_nothing_else(context, payment, escrow)
    ensure_outgoing_enabled(session, lock=context.locked)
    by_card = clawback_drafts.can_refund_rest(payment, is_refunded=subject.refund is not None)
    if by_card:
        refunds.require_none_yet(session, payment)
    drafts = clawback_drafts.refund_rest(payment, escrow, on_top, by_card=by_card)
    gone, held = _gone(payment), Money(escrow.amount, escrow.currency)

    def post() -> None:
        _decided(context, payment, escrow, Bearer.ESCROW, "payment.refund_rest", decision.reason)
        _book_refunded(context, escrow, drafts[0], decision.reason)
        transfers.write(session, drafts[1:], at=context.at)
        if by_card:
            refunds.write(session, payment, escrow.buyer_id, rest, at=context.at, actor=context.actor)

    way = phrase("through %(provider)s", provider=payment.provider) if by_card else phrase("into the wallet")
    sentence = phrase(
        "%(held)s of escrow %(ref)s is refunded: the buyer has %(gone)s already, %(rest)s goes back %(way)s",
        held=held,
        ref=escrow.ref,
        gone=gone,
        rest=rest,
        way=way,
    )
    return posting_of(context, subject, sentence, drafts, post)


@executor("payment.give_again", GiveAgainPayment, read=read_payment)
def give_again_payment(context: Context, subject: PaymentSubject, decision: GiveAgainPayment) -> Posting:
    """What was taken and decided about is with the provider again: whoever bore it gets it.

    An escrow that the taking had ended is held again, frozen as after a reversal: nobody has decided yet whose it is.
    """
    check_give_again(subject)
    payment, escrow = subject.payment, subject.escrow
    _lock(context, escrow)
    again = given_again.again(context.session, payment, escrow, subject.refund)
    came = Money(-payment.undecided_amount, payment.currency)

    def post() -> None:
        transfers.write(context.session, [again.draft], at=context.at)
        _decided(context, payment, escrow, payment.taken_back_from, "payment.give_again", decision.reason)
        if again.is_anew:
            _hold_anew(context, escrow, again.held, decision.reason)
        elif again.held:
            _resize(context, escrow, again.held, decision.reason)

    words = given_again.in_words(escrow, again)
    sentence = phrase(
        "%(came)s of payment %(reference)s that came back is given again: %(words)s",
        came=came,
        reference=payment.reference,
        words=words,
    )
    return posting_of(context, subject, sentence, [again.draft], post)


def check_write_off(subject: PaymentSubject) -> None:
    """Raise Conflict unless something was taken back that nobody decided about."""
    if subject.payment.undecided_amount < 0:
        raise Conflict(
            phrase("What had been taken back of this payment is there again: nobody bears it. Give it again.")
        )
    if subject.payment.status != PaymentStatus.NEEDS_REVIEW or subject.payment.undecided_amount <= 0:
        raise Conflict(phrase("Nothing was taken back of this payment that waits for a decision."))


check_claw_back = check_write_off


def check_refund_rest(subject: PaymentSubject) -> None:
    """Raise Conflict unless a part was taken back of what is held."""
    check_write_off(subject)
    if subject.first is not None:
        raise Conflict(phrase("It was kept for the buyer, in the wallet: claw it back from there."))
    if subject.escrow.status != EscrowStatus.HELD:
        raise Conflict(
            phrase(
                "Escrow %(ref)s is %(in_words)s: nothing is left in it to refund.",
                ref=subject.escrow.ref,
                in_words=in_words(subject.escrow.status),
            )
        )
    gone = subject.payment.undecided_amount - clawback_drafts.undecided_fee(subject.payment, subject.refund)
    if clawback_drafts.is_whole(subject.payment, subject.escrow, gone):
        raise Conflict(phrase("All of it was taken back: there is no rest to refund."))


def check_give_again(subject: PaymentSubject) -> None:
    """Raise Conflict unless something that was decided about came back."""
    if subject.payment.status != PaymentStatus.NEEDS_REVIEW or subject.payment.undecided_amount >= 0:
        raise Conflict(phrase("Nothing that was taken back of this payment is there again."))


def _require_nothing_else(
    context: Context, payment: Payment, escrow: Escrow, own: set[tuple[str, int]] | None = None
) -> None:
    """Raise Conflict when something besides the taking freezes what the decision would end."""
    lifted = context.lifted | {(str(FreezeCause.PAYMENT), payment.id)} | (own or set())
    disbursement.require_free(escrow, freezes.open_freezes(context.session, escrow.id), frozenset(lifted))


def _lock(context: Context, escrow: Escrow) -> None:
    if context.locked:
        party_sides.lock_accounts(context.session, [escrow.buyer_id, escrow.seller_id], escrow.currency)


def _part(subject: PaymentSubject, part: int | None) -> Money:
    """What is decided about. Raises Conflict when less than that is undecided."""
    if part is not None and not 0 < part <= subject.payment.undecided_amount:
        raise Conflict(phrase("Less of this payment than that was taken back and waits for a decision."))
    return Money(part or subject.payment.undecided_amount, subject.payment.currency)


def _gone(payment: Payment) -> Money:
    return Money(payment.undecided_amount, payment.currency)


def _book_refunded(context: Context, escrow: Escrow, draft: Draft, reason: str) -> None:
    release.book_refunded(context.session, escrow.id, draft, at=context.at, actor=context.actor, note=reason)
    context.session.expire(escrow)


def _resize(context: Context, escrow: Escrow, change: int, reason: str) -> None:
    """So much more or less is held, with as much of the fee; what is left goes its way."""
    session, freed = context.session, lookup.by_id(context.session, Escrow, escrow.id, "escrow")
    before = {"amount": freed.amount, "fee": freed.fee}
    freed.fee += (
        fee_share(freed.fee, change, freed.amount) if change > 0 else -fee_share(freed.fee, -change, freed.amount)
    )
    freed.amount += change
    freed.version += 1
    session.flush()
    note_figure(session, "refunded", freed.currency, -change, context.at)
    after, about = {"amount": freed.amount, "fee": freed.fee}, ("escrow", freed.id)
    trail.record(
        session, context.actor, "escrow.resize", about, at=context.at, reason=reason, before=before, after=after
    )


def _hold_anew(context: Context, escrow: Escrow, amount: int, reason: str) -> None:
    """The escrow, which had gone by the taking, is held again: so much, with as much of the fee."""
    session, fee = context.session, fee_share(escrow.fee, amount, escrow.amount)
    note_figure(session, "refunded", escrow.currency, -amount, context.at)
    held_again.hold(session, escrow, amount=amount, fee=fee, at=context.at, actor=context.actor)
    held_again.freeze(
        session, escrow, phrase("Given again: %(reason)s", reason=reason), at=context.at, actor=context.actor
    )


def _close(context: Context, dispute: Dispute, escrow: Escrow, reason: str) -> None:
    """All of the money went back: a dispute of ours over it ends as the refund that happened."""
    resolution = ResolveDispute(reason=reason, resolution=Resolution.REFUND_TO_BUYER, code="policy")
    dispute_executors.close(context, dispute, escrow, resolution, moved=True)


def _decided(
    context: Context,
    payment: Payment,
    escrow: Escrow,
    bearer: str | None,
    action: str,
    reason: str,
    part: int | None = None,
) -> None:
    """So much of it is decided, or all; then the payment is settled again, its freeze lifted and its alert ended."""
    session, at, actor = context.session, context.at, context.actor
    before = {"status": payment.status, "decided": payment.taken_back_decided}
    payment.version += 1
    part = payment.undecided_amount if part is None else part
    payment.taken_back_decided += part
    payment.taken_back_from = str(bearer) if bearer else None
    is_done = payment.undecided_amount == 0
    if is_done:
        payment.status, payment.status_detail = PaymentStatus.SUCCEEDED, reason
    session.flush()
    taken_back.note_booked(session, payment, part)
    after = {"status": payment.status, "decided": payment.taken_back_decided, "borne_by": payment.taken_back_from}
    about = ("payment", payment.id)
    trail.record(session, actor, action, about, at=at, reason=reason, before=before, after=after)
    event = PaymentDecided(decision=action.rpartition(".")[2], reason=reason)
    events.add(session, event, payment.id, at=at)
    if is_done:
        freezes.end(session, escrow.id, FreezeCause.PAYMENT, payment.id, reason, at=at, actor=actor)
        alerts.resolve(session, PAYMENT_TAKEN_BACK, f"payment {payment.id}", at)
