"""What a person decides about one escrow: release, refund, void."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.money.shares import Shares
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus
from webapp.domain.words import phrase
from webapp.errors import Overtaken
from webapp.models import Escrow
from webapp.services.approvals.escrow_subjects import EscrowSubject, fetch
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.escrows import disbursement, disbursement_sql, release, voids
from webapp.services.ledger import reversal_debts, transfers
from webapp.services.ledger.transfers import Leg


class ReleaseEscrow(Payload):
    """Pay the seller now, less the fee."""


class RefundEscrow(Payload):
    """Give the buyer everything back."""


class VoidEscrow(Payload):
    """Give up an escrow that was never paid."""


read_escrow = Reader(
    fetch=lambda session, escrow_id: fetch(session, "escrow", Escrow, escrow_id)[1], guard=lambda escrow_id: [escrow_id]
)


@executor("escrow.release", ReleaseEscrow, read=read_escrow)
def release_escrow(context: Context, subject: EscrowSubject, decision: ReleaseEscrow) -> Posting:
    """Everything to the seller, less the fee."""
    escrow = subject.escrow
    held = Money(escrow.amount, escrow.currency)
    parts = shares.divide(held, escrow.fee, held.amount)
    done = phrase(
        "%(held)s of escrow %(ref)s was released: %(share)s",
        held=held,
        ref=escrow.ref,
        share=parts.seller_in_words(),
    )
    return _disbursement(context, subject, parts, shares.release_in_words(held, escrow.fee), done, decision.reason)


@executor("escrow.refund", RefundEscrow, read=read_escrow)
def refund_escrow(context: Context, subject: EscrowSubject, decision: RefundEscrow) -> Posting:
    """Everything to the buyer, without a fee."""
    escrow = subject.escrow
    held = Money(escrow.amount, escrow.currency)
    done = phrase("%(held)s of escrow %(ref)s was refunded to the buyer", held=held, ref=escrow.ref)
    parts = shares.divide(held, escrow.fee, 0)
    return _disbursement(
        context, subject, parts, phrase("refund of %(held)s to the buyer", held=held), done, decision.reason
    )


@executor("escrow.void", VoidEscrow, read=read_escrow)
def void_escrow(context: Context, subject: EscrowSubject, decision: VoidEscrow) -> Posting:
    """No money moves; its order is cancelled."""
    escrow = subject.escrow
    if escrow.status != EscrowStatus.PENDING_PAYMENT:
        raise Overtaken(
            phrase(
                "Escrow %(ref)s is %(in_words)s: only one that awaits payment can be voided.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
            )
        )
    amount = Money(escrow.amount, escrow.currency)
    return Posting(
        sentence=phrase("escrow %(ref)s over %(amount)s is given up; it was never paid", ref=escrow.ref, amount=amount),
        done=phrase("Escrow %(ref)s was voided.", ref=escrow.ref),
        amount=amount,
        post=partial(_void, context, escrow, decision.reason),
        escrow_id=escrow.id,
    )


@dataclass(frozen=True, slots=True)
class PreparedDisbursement:
    """How a held escrow is disbursed by a decision: checked, so that it may, and computed, not posted."""

    context: Context
    subject: EscrowSubject
    parts: Shares
    by_card: disbursement_sql.Cards

    def legs(self) -> Sequence[Leg]:
        """The entries that let it go."""
        session, plan = self.context.session, disbursement_sql.plan_of(self.parts)
        return transfers.legs(session, [disbursement_sql.draft(session, self.subject.escrow, plan)])

    def debts_in_words(self) -> str:
        """What of the parts meets a debt of the escrow's reversal, as a phrase to add; empty when nothing does."""
        session, escrow, plan = self.context.session, self.subject.escrow, disbursement_sql.plan_of(self.parts)
        if not reversal_debts.may_owe(escrow):
            return ""
        return reversal_debts.in_words(disbursement_sql.debts_met(session, [escrow.id], plan, self.by_card), escrow)

    def post(self, reason: str) -> None:
        """Let it go."""
        session, escrow, how = self.context.session, self.subject.escrow, self.context
        wallets = (self.subject.seller_wallet, self.subject.buyer_wallet)
        release.disburse(session, escrow, self.parts, self.by_card, wallets, at=how.at, actor=how.actor, note=reason)
        session.expire(escrow)


def prepare_disbursement(
    context: Context, subject: EscrowSubject, parts: Shares, lifted: frozenset[tuple[str, int]]
) -> PreparedDisbursement:
    """How the escrow is disbursed in these parts. Raises Conflict when something but what is `lifted` keeps it, or
    while outgoing money is stopped.
    """
    session, escrow, plan = context.session, subject.escrow, disbursement_sql.plan_of(parts)
    disbursement.require_free(escrow, subject.freezes, lifted)
    ensure_outgoing_enabled(session, lock=context.locked)
    if plan.seller is not None and subject.seller_wallet is None:
        disbursement.require_seller_wallet(session, escrow)
    return PreparedDisbursement(context, subject, parts, disbursement_sql.cards(session, [escrow.id], plan))


def _disbursement(
    context: Context, subject: EscrowSubject, parts: Shares, sentence: str, done: str, reason: str
) -> Posting:
    escrow, how = subject.escrow, prepare_disbursement(context, subject, parts, context.lifted)
    met = how.debts_in_words()
    return Posting(
        sentence=sentence + met,
        done=f"{done}{met}.",
        amount=Money(escrow.amount, escrow.currency),
        post=partial(how.post, reason),
        legs=how.legs,
        escrow_id=escrow.id,
    )


def _void(context: Context, escrow: Escrow, note: str) -> None:
    at, actor = context.at, context.actor
    voids.void_all(context.session, [escrow.id], at=at, actor=actor, reason=release.DECISION, note=note)
