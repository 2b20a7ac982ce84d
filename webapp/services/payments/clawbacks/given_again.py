"""What was taken back of a payment, was decided, and came back since: whoever bore it gets it.

What had come out of an escrow is the escrow's. It is held again, also when the taking was all that had ended the
escrow; after any other end it goes the way that the rest of the escrow went.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money.money import fee_share
from webapp.domain.payments.loss_allocation import Bearer, given_again
from webapp.domain.states import AccountKind, EscrowStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, Entry, Escrow, Payment, Refund, Transfer
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.party_sides import Sides, to_party
from webapp.services.ledger.transfers import Draft
from webapp.services.payments.clawbacks import drafts


@dataclass(frozen=True, slots=True)
class Again:
    """Where it goes. `held` of it is the escrow's again, in minor units, which `is_anew` had ended by the taking."""

    draft: Draft
    held: int
    is_anew: bool


@dataclass(slots=True)
class _Parts:
    held: int = 0
    seller: int = 0
    fee: int = 0
    buyer: int = 0
    losses: int = 0


def again(session: Session, payment: Payment, escrow: Escrow, refund: Refund | None) -> Again:
    """What came back and is undecided, by who bore it as the ledger has it; what bore the payer's fee first."""
    came = -payment.undecided_amount
    fee_on_top = -drafts.undecided_fee(payment, refund)
    borne = drafts.borne_by(session, payment, escrow)
    shares = given_again(borne, came, fee_on_top, payment.taken_back_from)
    is_anew = Bearer.ESCROW in shares and _ended_by_taking(session, escrow, refund)
    parts = _Parts(buyer=shares.get(Bearer.BUYER, 0), losses=shares.get(Bearer.PLATFORM, 0))
    parts.seller, parts.fee = shares.get(Bearer.SELLER, 0), shares.get(Bearer.FEES, 0)
    _add_escrows(session, parts, escrow, shares.get(Bearer.ESCROW, 0), is_anew=is_anew)
    sides: Sides = [(drafts.clearing(payment), -came), *_sides(session, parts, escrow)]
    draft = drafts.outside(payment, escrow, TransferKind.CAME_BACK, sides)
    return Again(draft, parts.held, is_anew)


def in_words(escrow: Escrow, again: Again) -> str:
    """Who gets how much of it."""
    words = drafts.in_words(escrow, [again.draft])
    return (
        phrase("%(words)s, which is held again, frozen until somebody decides where it goes", words=words)
        if again.is_anew
        else words
    )


def _add_escrows(session: Session, parts: _Parts, escrow: Escrow, part: int, *, is_anew: bool) -> None:
    """What the escrow bore goes the escrow's way."""
    if is_anew or escrow.status == EscrowStatus.HELD:
        parts.held = part
        return
    seller = {EscrowStatus.RELEASED: escrow.amount, EscrowStatus.REFUNDED: 0}
    whole = seller.get(EscrowStatus(escrow.status))
    if whole is None:
        whole = drafts.split_to_seller(session, escrow)
    gross = part * whole // escrow.amount
    fee = min(gross, fee_share(escrow.fee, gross, escrow.amount))
    parts.seller += gross - fee
    parts.fee += fee
    parts.buyer += part - gross


def _sides(session: Session, parts: _Parts, escrow: Escrow) -> Sides:
    currency = escrow.currency
    sides: Sides = [
        (escrow.held_account_id or 0, parts.held),
        (Place(AccountKind.FEES, currency), parts.fee),
        (Place(AccountKind.LOSSES, currency), parts.losses),
    ]
    sides += to_party(session, escrow.seller_id, parts.seller, currency)
    sides += to_party(session, escrow.buyer_id, parts.buyer, currency)
    return [(place, amount) for place, amount in sides if amount]


def _ended_by_taking(session: Session, escrow: Escrow, refund: Refund | None) -> bool:
    """Whether nobody here refunded it: all that was left of it went by the provider's doing alone."""
    if escrow.status != EscrowStatus.REFUNDED or refund is not None:
        return False
    out = (Transfer.escrow_id == escrow.id, Transfer.hold_no == escrow.hold_no, Transfer.is_disbursement)
    to_wallet = select(Entry.id).join(Transfer, Transfer.id == Entry.transfer_id)
    to_wallet = to_wallet.join(Account, Account.id == Entry.account_id).where(*out, Account.party_id.is_not(None))
    return session.scalars(to_wallet.limit(1)).first() is None
