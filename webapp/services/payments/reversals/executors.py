"""How a movement is corrected: by its opposite, and by what should have been paid instead."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.disputes import resolutions
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.states import TransferKind
from webapp.domain.words import joined, phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Escrow, Transfer
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.common import lookup
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.ledger import party_sides, reversal_debts, transfers
from webapp.services.payments.reversals import corrections
from webapp.services.payments.reversals import transfers as reversal_transfers


@dataclass(frozen=True, slots=True)
class TransferSubject:
    """The transfer that is undone, and the escrow that it was of, if any."""

    transfer: Transfer
    escrow: Escrow | None


class ReverseTransfer(Payload):
    """Take a transfer back; with `to_debt` what a wallet lacks becomes its party's debt."""

    to_debt: bool = False


class ReverseAndRefund(ReverseTransfer):
    """Take it back, and give the buyer everything."""


class ReverseAndSplit(ReverseTransfer):
    """Take it back, and divide it: minor units before the fee, which comes out of the seller's part."""

    buyer_amount: int
    seller_amount: int


def _fetch(session: Session, transfer_id: int) -> TransferSubject:
    """The transfer with its escrow as it is now. Raises NotFound."""
    transfer = lookup.by_id(session, Transfer, transfer_id, "transfer")
    escrow = lookup.by_id(session, Escrow, transfer.escrow_id, "escrow") if transfer.escrow_id else None
    return TransferSubject(transfer, escrow)


def _guard(transfer_id: int) -> ScalarSelect[Any]:
    return select(Transfer.escrow_id).where(Transfer.id == transfer_id).scalar_subquery()


read_transfer = Reader(_fetch, _guard)


@executor("transfer.reverse", ReverseTransfer, read=read_transfer)
def reverse_transfer(context: Context, subject: TransferSubject, decision: ReverseTransfer) -> Posting:
    """The opposite transfer. What had left an escrow is held again, frozen until someone decides."""
    session, transfer, escrow = context.session, subject.transfer, subject.escrow
    reversal_transfers.check(session, transfer)
    draft = reversal_transfers.draft(session, transfer, to_debt=decision.to_debt, locked=context.locked)
    amount = Money(transfer.amount, transfer.currency)

    def post() -> None:
        reversal_transfers.reverse(
            session, transfer, escrow, draft, decision.reason, at=context.at, actor=context.actor
        )

    owes = reversal_transfers.debts_in_words(session, draft)
    return Posting(
        sentence=phrase(
            "reversal of %(amount)s, transfer %(reference)s%(owes)s",
            amount=amount,
            reference=transfer.reference,
            owes=owes,
        ),
        done=phrase(
            "%(amount)s of transfer %(reference)s was reversed%(owes)s.",
            amount=amount,
            reference=transfer.reference,
            owes=owes,
        ),
        amount=amount,
        post=post,
        legs=partial(transfers.legs, session, [draft]),
        escrow_id=transfer.escrow_id,
    )


@executor("transfer.reverse_and_refund", ReverseAndRefund, read=read_transfer)
def reverse_and_refund(context: Context, subject: TransferSubject, decision: ReverseAndRefund) -> Posting:
    """The opposite transfer, and a refund into the buyer's wallet: one decision."""
    if subject.transfer.kind == TransferKind.REFUND:
        raise Conflict(
            phrase(
                "Transfer %(reference)s was the refund: there is nothing to correct.",
                reference=subject.transfer.reference,
            )
        )
    return _correction(context, subject, decision, 0)


@executor("transfer.reverse_and_split", ReverseAndSplit, read=read_transfer)
def reverse_and_split(context: Context, subject: TransferSubject, decision: ReverseAndSplit) -> Posting:
    """The opposite transfer, and a split: one decision."""
    held = Money(subject.transfer.amount, subject.transfer.currency)
    wrong = resolutions.wrong_split(decision.buyer_amount, decision.seller_amount, held)
    if wrong:
        raise Invalid(joined(*wrong.values()), fields=wrong)
    return _correction(context, subject, decision, decision.seller_amount)


def _correction(context: Context, subject: TransferSubject, decision: ReverseTransfer, to_seller: int) -> Posting:
    session, transfer = context.session, subject.transfer
    reversal_transfers.check(session, transfer)
    escrow = corrections.require_escrow(session, transfer, subject.escrow)
    ensure_outgoing_enabled(session, lock=context.locked)
    if context.locked:
        party_sides.lock_accounts(session, [escrow.buyer_id, escrow.seller_id], escrow.currency)
    held = Money(escrow.amount, escrow.currency)
    parts = shares.divide(held, escrow.fee, to_seller)
    opposite = reversal_transfers.draft(session, transfer, to_debt=decision.to_debt, locked=context.locked)
    right, met = corrections.draft(session, escrow, opposite, parts)

    def post() -> None:
        how: Any = {"at": context.at, "actor": context.actor}
        corrections.correct(session, transfer, escrow, parts, opposite, right, decision.reason, **how)

    first = phrase(
        "reversal of %(held)s, transfer %(reference)s%(debts)s",
        held=held,
        reference=transfer.reference,
        debts=reversal_transfers.debts_in_words(session, opposite),
    )
    then = (
        shares.split_in_words(held, escrow.fee, to_seller)
        if to_seller
        else phrase("refund of %(held)s into the buyer's wallet", held=held)
    )
    sentence = phrase(
        "%(first)s; then %(then)s%(met)s", first=first, then=then, met=reversal_debts.in_words(met, escrow)
    )
    return Posting(
        sentence=sentence,
        done=phrase("Done: %(sentence)s.", sentence=sentence),
        amount=held,
        post=post,
        legs=partial(transfers.legs, session, [opposite, right]),
        escrow_id=escrow.id,
    )
