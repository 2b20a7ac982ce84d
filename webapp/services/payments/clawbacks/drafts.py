"""What a decision posts about money that was taken back of a payment: which accounts give it, and which get it."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.payments.loss_allocation import Bearer, Hold, bearers, fee_on_top
from webapp.domain.states import NOT_GIVEN_BACK, AccountKind, EscrowStatus, TransferKind
from webapp.domain.words import joined, message, phrase
from webapp.models import Account, Entry, Escrow, Payment, Refund, Transfer
from webapp.providers import catalogue
from webapp.services.ledger import party_sides
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.party_sides import Sides
from webapp.services.ledger.transfers import Draft

_BEARERS = {
    AccountKind.ESCROW: Bearer.ESCROW,
    AccountKind.PENDING: Bearer.ESCROW,
    AccountKind.FEES: Bearer.FEES,
    AccountKind.LOSSES: Bearer.PLATFORM,
}
_IN_WALLET = Hold(EscrowStatus.REFUNDED, 0, 0)
"""As if its escrow had gone to the buyer: what was collected besides a payment is in the buyer's wallet."""

_MOVES = {
    ("escrow", True): message("%(amount)s into escrow %(ref)s"),
    ("escrow", False): message("%(amount)s out of escrow %(ref)s"),
    (AccountKind.LOSSES, True): message("%(amount)s taken off the platform's losses"),
    (AccountKind.LOSSES, False): message("%(amount)s out of the platform's losses"),
    (AccountKind.FEES, True): message("%(amount)s into the fees"),
    (AccountKind.FEES, False): message("%(amount)s out of the fees"),
    ("seller's wallet", True): message("%(amount)s into the seller's wallet"),
    ("seller's wallet", False): message("%(amount)s out of the seller's wallet"),
    ("seller's debt", True): message("%(amount)s taken off the seller's debt"),
    ("seller's debt", False): message("%(amount)s added to the seller's debt"),
    ("buyer's wallet", True): message("%(amount)s into the buyer's wallet"),
    ("buyer's wallet", False): message("%(amount)s out of the buyer's wallet"),
    ("buyer's debt", True): message("%(amount)s taken off the buyer's debt"),
    ("buyer's debt", False): message("%(amount)s added to the buyer's debt"),
}
"""What a side of a decision does to whose money, and whether it goes in."""


def write_off(payment: Payment, escrow: Escrow, gone: int) -> Draft:
    """The platform bears it."""
    sides: Sides = [(Place(AccountKind.LOSSES, payment.currency), -gone)]
    return _taken(payment, escrow, sides)


def undecided_fee(payment: Payment, refund: Refund | None, part: int | None = None) -> int:
    """What of the undecided, or of a part of it, is the fee that the payer paid on top of the price; below zero when it
    came back.
    """
    decided = payment.taken_back_decided
    then = payment.taken_back_amount if part is None else decided + part
    return fee_in(payment, refund, then) - fee_in(payment, refund, decided)


def fee_in(payment: Payment, refund: Refund | None, taken_back: int) -> int:
    """What of so much that was taken back is that fee: what went back besides what we refunded."""
    ours = refund.amount if refund is not None and refund.status not in NOT_GIVEN_BACK else 0
    return fee_on_top(ours + taken_back, payment.amount, payment.payer_fee)


def claw_back(session: Session, payment: Payment, escrow: Escrow, gone: int, on_top: int) -> list[Draft]:
    """Out of the escrow while it is held, which goes by that when it was all; else from whom the money went to.

    What of it is above the price is the platform's.
    """
    borne = bearers(_hold(session, payment, escrow), gone, on_top)
    whole = is_whole(payment, escrow, gone - on_top)
    sides: Sides = []
    for bearer, part in borne.items():
        if not (whole and bearer == Bearer.ESCROW):
            sides += _borne(session, bearer, part, escrow)
    drafts = [refund_outside(payment, escrow, [(clearing(payment), escrow.amount)])] if whole else []
    return drafts + ([_taken(payment, escrow, sides)] if sides else [])


def refund_rest(payment: Payment, escrow: Escrow, on_top: int, *, by_card: bool) -> list[Draft]:
    """The escrow goes: a part of it went back already, and the rest follows."""
    gone = payment.undecided_amount - on_top
    wallet = Place(AccountKind.WALLET, escrow.currency, escrow.buyer_id)
    rest: Sides = [(clearing(payment), gone), (wallet, escrow.amount - gone)]
    refund = refund_outside(payment, escrow, [(clearing(payment), escrow.amount)] if by_card else rest)
    losses: Sides = [(Place(AccountKind.LOSSES, payment.currency), -on_top)]
    return [refund, _taken(payment, escrow, losses)] if on_top else [refund]


def refund_outside(payment: Payment, escrow: Escrow, to: Sides) -> Draft:
    """A held escrow that goes back to the buyer, some of it or all by the provider's doing."""
    return Draft(
        reference=f"escrow-{escrow.id}-{escrow.hold_no}-{TransferKind.REFUND}",
        kind=TransferKind.REFUND,
        currency=escrow.currency,
        sides=[(escrow.held_account_id or 0, -escrow.amount), *to],
        escrow_id=escrow.id,
        hold_no=escrow.hold_no,
        is_disbursement=True,
    )


def is_whole(payment: Payment, escrow: Escrow, gone: int) -> bool:
    """Whether so much of the price, taken back, is all that is held."""
    return is_held_for(payment, escrow) and gone >= escrow.amount


def is_held_for(payment: Payment, escrow: Escrow) -> bool:
    """Whether what is held is this payment's money."""
    return escrow.status == EscrowStatus.HELD and payment.duplicate_of_id is None


def bearer_of(session: Session, payment: Payment, escrow: Escrow) -> Bearer:
    """Of whom it is clawed back first."""
    hold = _hold(session, payment, escrow)
    ways = {EscrowStatus.HELD: Bearer.ESCROW, EscrowStatus.RELEASED: Bearer.SELLER, EscrowStatus.SPLIT: Bearer.SELLER}
    return ways.get(EscrowStatus(hold.status), Bearer.BUYER)


def can_refund_rest(payment: Payment, *, is_refunded: bool) -> bool:
    """Whether the rest can go the way it came: one refund of ours per payment."""
    return payment.provider in catalogue.refunding() and payment.provider_id is not None and not is_refunded


def in_words(escrow: Escrow, drafts: Sequence[Draft]) -> str:
    """Where the money comes from and goes to, the provider's account apart."""
    parts = []
    for draft in drafts:
        for place, amount in draft.sides:
            if isinstance(place, int) or place.kind != AccountKind.CLEARING:
                parts.append(
                    phrase(_move(escrow, place, amount), amount=Money(abs(amount), draft.currency), ref=escrow.ref)
                )
    return joined(*parts, between=", ")


def borne_by(session: Session, payment: Payment, escrow: Escrow) -> dict[str, int]:
    """Who bore how much of what was decided, as the ledger has it. What ended the escrow is the rest of it."""
    mine = Transfer.reference.startswith(f"payment-{payment.id}-", autoescape=True)
    kinds = Transfer.kind.in_((TransferKind.TAKEN_BACK, TransferKind.CAME_BACK))
    rows = (
        select(Account.kind, Account.party_id, func.sum(Entry.amount))
        .join(Entry, Entry.account_id == Account.id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Transfer.escrow_id == escrow.id, mine, kinds, Account.kind != AccountKind.CLEARING)
        .group_by(Account.kind, Account.party_id)
    )
    found: dict[str, int] = {}
    for kind, party_id, amount in session.execute(rows):
        name = _BEARERS.get(AccountKind(kind)) or (Bearer.SELLER if party_id == escrow.seller_id else Bearer.BUYER)
        found[name] = found.get(name, 0) - int(amount)
    rest = payment.taken_back_decided - sum(found.values())
    found[Bearer.ESCROW] = found.get(Bearer.ESCROW, 0) + rest
    return {str(each): found[each] for each in Bearer if found.get(each)}


def _move(escrow: Escrow, place: Place | int, amount: int) -> str:
    """A debt gives nothing: there is more of it. Nor do losses take: there is less of them."""
    if isinstance(place, int):
        whose = "escrow"
    elif place.party_id is None:
        whose = place.kind
    else:
        side = "seller" if place.party_id == escrow.seller_id else "buyer"
        whose = f"{side}'s {'wallet' if place.kind == AccountKind.WALLET else 'debt'}"
    return _MOVES[whose, amount > 0]


def _taken(payment: Payment, escrow: Escrow, sides: Sides) -> Draft:
    amount = -sum(amount for _, amount in sides)
    return outside(payment, escrow, TransferKind.TAKEN_BACK, [(clearing(payment), amount), *sides])


def outside(payment: Payment, escrow: Escrow, kind: TransferKind, sides: Sides) -> Draft:
    """Money that a provider moved of a payment without us, once for each state of the payment."""
    return Draft(
        reference=f"payment-{payment.id}-{kind}-{payment.version}",
        kind=kind,
        currency=payment.currency,
        sides=sides,
        escrow_id=escrow.id,
    )


def clearing(payment: Payment) -> Place:
    """What the provider has of ours, in the payment's currency."""
    return Place(AccountKind.CLEARING, payment.currency, owner=payment.provider)


def _borne(session: Session, bearer: Bearer, part: int, escrow: Escrow) -> Sides:
    if bearer == Bearer.ESCROW:
        return [(escrow.held_account_id or 0, -part)]
    if bearer in (Bearer.FEES, Bearer.PLATFORM):
        kind = AccountKind.FEES if bearer == Bearer.FEES else AccountKind.LOSSES
        return [(Place(kind, escrow.currency), -part)]
    party = escrow.seller_id if bearer == Bearer.SELLER else escrow.buyer_id
    return party_sides.from_party(session, party, part, escrow.currency)


def _hold(session: Session, payment: Payment, escrow: Escrow) -> Hold:
    """Where the money of a payment is now."""
    if payment.duplicate_of_id is not None:
        return _IN_WALLET
    to_seller = split_to_seller(session, escrow) if escrow.status == EscrowStatus.SPLIT else 0
    return Hold(escrow.status, escrow.amount, escrow.fee, to_seller)


def split_to_seller(session: Session, escrow: Escrow) -> int:
    """What a split gave the seller, before the fee: what it took from the hold less what the buyer got."""
    mine = (Transfer.escrow_id == escrow.id, Transfer.hold_no == escrow.hold_no, Transfer.is_disbursement)
    out = select(Transfer.id).where(*mine).scalar_subquery()
    to_buyer = (Account.party_id == escrow.buyer_id) | (Account.kind == AccountKind.CLEARING)
    given = select(func.coalesce(func.sum(Entry.amount), 0)).join(Account, Account.id == Entry.account_id)
    to = session.scalars(given.where(Entry.transfer_id == out, Entry.amount > 0, to_buyer)).one()
    return escrow.amount - int(to)
