"""What a person decides about one escrow: release, refund, void."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain import shares
from webapp.domain.money import Money
from webapp.domain.shares import Shares
from webapp.domain.state_words import in_words
from webapp.domain.states import EscrowStatus
from webapp.errors import Overtaken
from webapp.models import Escrow
from webapp.services.approvals.executors import Context, Payload, Posting, executor
from webapp.services.common import lookup
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.escrows import disbursement as leaving
from webapp.services.escrows import disbursement_sql as disbursements
from webapp.services.escrows import release as releases
from webapp.services.escrows import voids
from webapp.services.ledger import reversal_debts
from webapp.services.ledger import transfers as postings
from webapp.services.ledger.transfers import Leg


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
    done = f"{held} of escrow {escrow.ref} was released: {parts.seller_in_words()}"
    return _leaving(context, escrow, parts, shares.release_in_words(held, escrow.fee), done, decision.reason)


@executor("escrow.refund", RefundEscrow, read=read_escrow)
def refund_escrow(context: Context, subject: EscrowSubject, decision: RefundEscrow) -> Posting:
    """Everything to the buyer, without a fee."""
    escrow = subject.escrow
    held = Money(escrow.amount, escrow.currency)
    done = f"{held} of escrow {escrow.ref} was refunded to the buyer"
    parts = shares.divide(held, escrow.fee, 0)
    return _leaving(context, escrow, parts, f"refund of {held} to the buyer", done, decision.reason)


@executor("escrow.void", VoidEscrow, read=read_escrow)
def void_escrow(context: Context, subject: EscrowSubject, decision: VoidEscrow) -> Posting:
    """No money moves; its order is cancelled."""
    escrow = subject.escrow
    if escrow.status != EscrowStatus.PENDING_PAYMENT:
        raise Overtaken(
            f"Escrow {escrow.ref} is {in_words(escrow.status)}: only one that awaits payment can be voided."
        )
    amount = Money(escrow.amount, escrow.currency)
    return Posting(
        sentence=f"escrow {escrow.ref} over {amount} is given up; it was never paid",
        done=f"Escrow {escrow.ref} was voided.",
        amount=amount,
        post=partial(_void, context, escrow, decision.reason),
        escrow_id=escrow.id,
    )


def legs_of(context: Context, escrow: Escrow, parts: Shares, lifted: frozenset[tuple[str, int]]) -> list[Leg]:
    """What lets the escrow go in these parts. Raises Conflict when something but what is `lifted` keeps it, or while
    outgoing money is stopped.
    """
    session, way = context.session, disbursements.way_of(parts)
    leaving.require_free(session, escrow, lifted)
    ensure_outgoing_enabled(session, lock=context.locked)
    if way.seller is not None:
        leaving.require_seller_wallet(session, escrow)
    return postings.legs(session, [disbursements.draft(session, escrow, way)])


def debts_in_words(context: Context, escrow: Escrow, parts: Shares) -> str:
    """What of the parts meets a debt of the escrow's reversal, as a phrase to add; empty when nothing does."""
    session, way = context.session, disbursements.way_of(parts)
    by_card = disbursements.cards(session, [escrow.id], way)
    return reversal_debts.in_words(disbursements.debts_met(session, [escrow.id], way, by_card), escrow)


def leave(context: Context, escrow: Escrow, parts: Shares, said: str) -> None:
    """Let it go."""
    at, actor = context.at, context.actor
    releases.divide(context.session, escrow.id, parts, at=at, actor=actor, reason=releases.DECISION, said=said)
    context.session.expire(escrow)


def _leaving(context: Context, escrow: Escrow, parts: Shares, sentence: str, done: str, reason: str) -> Posting:
    met = debts_in_words(context, escrow, parts)
    return Posting(
        sentence=sentence + met,
        done=f"{done}{met}.",
        amount=Money(escrow.amount, escrow.currency),
        post=partial(leave, context, escrow, parts, reason),
        legs=legs_of(context, escrow, parts, context.lifted),
        escrow_id=escrow.id,
    )


def _void(context: Context, escrow: Escrow, said: str) -> None:
    at, actor = context.at, context.actor
    voids.void_all(context.session, [escrow.id], at=at, actor=actor, reason=releases.DECISION, said=said)
