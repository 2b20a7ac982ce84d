"""How a movement is corrected: by its opposite."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.models import Escrow, Transfer
from webapp.services import lookup, postings, reversals
from webapp.services.executors import Context, Payload, Posting, executor


@dataclass(frozen=True, slots=True)
class TransferSubject:
    """The transfer that is undone, and the escrow that it was of, if any."""

    transfer: Transfer
    escrow: Escrow | None


class ReverseTransfer(Payload):
    """Take a transfer back; with `to_debt` what a wallet lacks becomes its party's debt."""

    to_debt: bool = False


def read_transfer(session: Session, transfer_id: int) -> TransferSubject:
    """The transfer with its escrow as it is now. Raises NotFound."""
    transfer = lookup.by_id(session, Transfer, transfer_id, "transfer")
    escrow = lookup.by_id(session, Escrow, transfer.escrow_id, "escrow") if transfer.escrow_id else None
    return TransferSubject(transfer, escrow)


@executor("transfer.reverse", ReverseTransfer, read=read_transfer)
def reverse_transfer(context: Context, subject: TransferSubject, decision: ReverseTransfer) -> Posting:
    """The opposite transfer. What had left an escrow is held again, frozen until someone decides."""
    session, transfer, escrow = context.session, subject.transfer, subject.escrow
    reversals.check(session, transfer)
    draft = reversals.draft(session, transfer, to_debt=decision.to_debt, locked=context.locked)
    amount = Money(transfer.amount, transfer.currency)

    def post() -> None:
        reversals.reverse(session, transfer, escrow, draft, decision.reason, at=context.at, actor=context.actor)

    return Posting(
        sentence=f"reversal of {amount}, transfer {transfer.reference}",
        done=f"{amount} of transfer {transfer.reference} was reversed.",
        amount=amount,
        post=post,
        legs=postings.legs(session, [draft]),
        escrow_id=transfer.escrow_id,
    )
