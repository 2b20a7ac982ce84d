"""Correcting a movement: a new, opposite transfer. Nothing in the ledger is ever edited."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import TransferReversed
from webapp.domain.payments.loss_allocation import Bearer
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import joined, phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Account, Entry, Escrow, Party, Payment, Transfer
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.escrows import held_again
from webapp.services.ledger import accounts, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.daily_totals import note_figure
from webapp.services.ledger.transfers import Draft
from webapp.services.payments.chargebacks import booking
from webapp.sql import lock

REVERSIBLE = (
    TransferKind.RELEASE,
    TransferKind.EARNING,
    TransferKind.REFUND,
    TransferKind.SPLIT,
    TransferKind.DEPOSIT,
    TransferKind.REPAYMENT,
)


def check(session: Session, transfer: Transfer) -> None:
    """Raise Conflict unless the transfer can be reversed, once."""
    if transfer.kind not in REVERSIBLE:
        raise Conflict(phrase("A %(kind)s can't be reversed.", kind=in_words(transfer.kind)))
    if session.scalars(select(Transfer.id).where(Transfer.reverses_id == transfer.id)).first() is not None:
        raise Overtaken(phrase("Transfer %(reference)s was reversed already.", reference=transfer.reference))
    if _went_outside(session, transfer):
        raise Conflict(
            phrase(
                "Transfer %(reference)s went back through a provider: it can't be taken back.",
                reference=transfer.reference,
            )
        )
    if (clawed_back := _clawed_back(session, transfer)) is not None:
        raise Conflict(
            phrase(
                "%(clawed_back)s of this escrow's money was taken back from us, and it is decided "
                "who bears that: reversing the transfer would take it a second time, or hold what "
                "the buyer has. Correct what is left by a debt or a deposit.",
                clawed_back=clawed_back,
            )
        )


def draft(session: Session, transfer: Transfer, *, to_debt: bool, locked: bool) -> Draft:
    """The opposite of the transfer. What a wallet doesn't hold is refused (Conflict), or becomes its party's debt.

    With `locked` the parties' accounts are locked before their balances are looked at.
    """
    if locked:
        lock(session, Account, [account.id for account, _ in _sides(session, transfer) if account.party_id is not None])
    sides: dict[Place | int, int] = defaultdict(int)
    for account, change in _sides(session, transfer):
        short = _short(account, change, to_debt)
        sides[account.id] += change + short
        if short:
            debt = Place(AccountKind.RECEIVABLE, account.currency, account.party_id)
            sides[accounts.found(session, debt) or debt] -= short
    return Draft(
        reference=f"reversal-of-{transfer.id}",
        kind=TransferKind.REVERSAL,
        currency=transfer.currency,
        sides=list(sides.items()),
        escrow_id=transfer.escrow_id,
        reverses_id=transfer.id,
    )


def debts_in_words(session: Session, opposite: Draft) -> str:
    """Who owes how much by it, as a phrase to add; empty when the wallets hold it all."""
    parts = [
        phrase(
            "; %(name)s owes %(amount)s of it",
            name=session.get_one(Party, party_id).name,
            amount=Money(-amount, opposite.currency),
        )
        for place, amount in opposite.sides
        if amount < 0 and (party_id := _debtor(session, place)) is not None
    ]
    return joined(*parts, between="")


def reverse(
    session: Session,
    transfer: Transfer,
    escrow: Escrow | None,
    opposite: Draft,
    reason: str,
    *,
    at: datetime,
    actor: Actor,
    is_decided: bool = False,
) -> None:
    """Post the opposite; what had left an escrow is held again, under a new number, frozen until someone decides where
    it goes, unless that is decided.
    """
    transfers.write(session, [opposite], at=at)
    details = {"reverses": transfer.reference, "amount": transfer.amount, "currency": transfer.currency}
    trail.record(session, actor, "transfer.reverse", ("transfer", transfer.id), at=at, reason=reason, after=details)
    events.add(session, TransferReversed(), transfer.id, at=at)
    if escrow is not None and transfer.is_disbursement:
        _hold_again(session, escrow, transfer, at, actor)
        if not is_decided:
            held_again.freeze(session, escrow, phrase("Reversed: %(reason)s", reason=reason), at=at, actor=actor)
            booking.book_held_again(session, escrow, at=at, actor=actor)


def _debtor(session: Session, place: Place | int) -> int | None:
    """Whose debt stands there; None when it is no debt."""
    there = place if isinstance(place, Place) else session.get_one(Account, place)
    return there.party_id if there.kind == AccountKind.RECEIVABLE else None


def _went_outside(session: Session, transfer: Transfer) -> bool:
    """Whether some of it left through a provider's clearing account to a payer."""
    out = select(Entry.id).join(Account, Account.id == Entry.account_id)
    to_clearing = (Account.kind == AccountKind.CLEARING, Entry.amount > 0)
    left = transfer.kind in (TransferKind.REFUND, TransferKind.SPLIT)
    return left and session.scalars(out.where(Entry.transfer_id == transfer.id, *to_clearing)).first() is not None


def _clawed_back(session: Session, transfer: Transfer) -> Money | None:
    """What was taken back after it had left the escrow, and who bears it is decided."""
    if transfer.escrow_id is None or not transfer.is_disbursement:
        return None
    mine = select(Payment).join(Escrow, Escrow.order_id == Payment.order_id).where(Escrow.id == transfer.escrow_id)
    borne = (Payment.taken_back_decided > 0, Payment.taken_back_from != Bearer.ESCROW)
    payment = session.scalars(mine.where(*borne, Payment.duplicate_of_id.is_(None)).limit(1)).first()
    return None if payment is None else Money(payment.taken_back_decided, payment.currency)


def _sides(session: Session, transfer: Transfer) -> list[tuple[Account, int]]:
    """Each account as it is now, and what the reversal changes there."""
    rows = (
        select(Account, Entry.amount)
        .join(Entry, Entry.account_id == Account.id)
        .where(Entry.transfer_id == transfer.id)
        .order_by(Account.id)
        .execution_options(populate_existing=True)
    )
    return [(account, -amount) for account, amount in session.execute(rows)]


def _short(account: Account, change: int, to_debt: bool) -> int:
    """What the account lacks, if its party may owe it. Raises Conflict if not."""
    short = 0 if account.floor is None else max(0, account.floor - (account.balance + change))
    if short and (not to_debt or account.party_id is None):
        there = Money(account.balance, account.currency)
        raise Conflict(
            phrase(
                "The %(kind)s holds only %(there)s: it can't give %(Money)s back.",
                kind=account.kind,
                there=there,
                Money=Money(-change, account.currency),
            )
        )
    return short


def _hold_again(session: Session, escrow: Escrow, transfer: Transfer, at: datetime, actor: Actor) -> None:
    buyer = _given_to(session, transfer, escrow.buyer_id)
    note_figure(session, "refunded", escrow.currency, -buyer, at)
    note_figure(session, "released", escrow.currency, buyer - transfer.amount, at)
    held_again.hold(session, escrow, amount=escrow.amount, fee=escrow.fee, at=at, actor=actor)


def _given_to(session: Session, transfer: Transfer, party_id: int) -> int:
    mine = select(Entry.amount).join(Account, Account.id == Entry.account_id)
    rows = session.scalars(mine.where(Entry.transfer_id == transfer.id, Account.party_id == party_id, Entry.amount > 0))
    return sum(rows)
