"""How one escrow leaves by a person's decision: who gets what, and writing it down."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import EscrowRefunded, EscrowReleased, EscrowSplit, Event
from webapp.domain.money import Money
from webapp.domain.shares import Shares
from webapp.domain.states import AccountKind, EscrowStatus, Policy, TransferKind
from webapp.errors import Conflict
from webapp.models import Escrow, Party
from webapp.services import accounts, audit, events, freezes, lookup, postings, refunds, ways_back
from webapp.services.accounts import Place
from webapp.services.figures import note_figure
from webapp.services.postings import Draft
from webapp.services.stop import require_money_moves
from webapp.sql import lock

_STATUS = {
    TransferKind.RELEASE: EscrowStatus.RELEASED,
    TransferKind.REFUND: EscrowStatus.REFUNDED,
    TransferKind.SPLIT: EscrowStatus.SPLIT,
}


def locked(session: Session, escrow_id: int) -> Escrow:
    """Take the escrow's row, then look at it."""
    lock(session, Escrow, [escrow_id])
    return lookup.by_id(session, Escrow, escrow_id, "escrow")


def require_free(session: Session, escrow: Escrow, lifted: frozenset[tuple[str, int]] = frozenset()) -> None:
    """Raise Conflict unless the escrow is held and nothing freezes it but what is `lifted` with the decision."""
    if escrow.status != EscrowStatus.HELD:
        raise Conflict(f"Escrow {escrow.ref} is {escrow.status} already. Nothing was changed.")
    for found in freezes.open_freezes(session, escrow.id):
        if (found.cause, found.cause_id) not in lifted:
            raise Conflict(f"Escrow {escrow.ref} is frozen by {found.by_name}: {found.reason} Lift that first.")


def draft(session: Session, escrow: Escrow, parts: Shares) -> Draft:
    """The transfer that lets a held escrow go: the parts to the wallets, the fee to the fees.

    The buyer's part goes back the way it came: through the provider that collected it, else to the buyer's wallet,
    which is opened when there is none. The seller must have a wallet (Conflict).
    """
    kind = _kind(escrow, parts.buyer)
    return Draft(
        reference=f"escrow-{escrow.id}-{escrow.hold_no}-{kind}",
        kind=_transfer_kind(escrow, kind),
        currency=escrow.currency,
        sides=_sides_of(session, escrow, parts),
        escrow_id=escrow.id,
        hold_no=escrow.hold_no,
        leaves=True,
    )


def leave(
    session: Session, escrow: Escrow, parts: Shares, leaving: Draft, *, at: datetime, actor: Actor, reason: str
) -> None:
    """Let a free, locked escrow go as it was drafted."""
    require_money_moves(session)
    require_free(session, escrow)
    card = ways_back.payment_to_refund(session, escrow) if parts.buyer else None
    postings.write(session, [leaving], at=at)
    if card is not None:
        refunds.write(session, card, escrow.buyer_id, Money(parts.buyer, escrow.currency), at=at, actor=actor)
    kind = _kind(escrow, parts.buyer)
    if kind == TransferKind.SPLIT:
        note_figure(session, "released", escrow.currency, parts.seller + parts.fee, at)
        note_figure(session, "refunded", escrow.currency, parts.buyer, at)
    _mark(session, escrow, kind, parts, at, actor, reason)


def seller_wallet(session: Session, escrow: Escrow) -> int:
    """The seller's wallet. Raises Conflict when there is none."""
    wallet = accounts.find_account(session, AccountKind.WALLET, escrow.seller_id, escrow.currency)
    if wallet is None:
        seller = lookup.by_id(session, Party, escrow.seller_id, "party")
        raise Conflict(f"{seller.name} has no wallet in {escrow.currency}. Give the party one first.")
    return wallet


def _kind(escrow: Escrow, buyer: int) -> TransferKind:
    if buyer == 0:
        return TransferKind.RELEASE
    return TransferKind.REFUND if buyer == escrow.amount else TransferKind.SPLIT


def _transfer_kind(escrow: Escrow, kind: TransferKind) -> TransferKind:
    """What leaves the seller's pending account for the wallet is an earning."""
    is_earning = kind == TransferKind.RELEASE and escrow.policy == Policy.BUFFER
    return TransferKind.EARNING if is_earning else kind


def _sides_of(session: Session, escrow: Escrow, parts: Shares) -> list[tuple[Place | int, int]]:
    sides: list[tuple[Place | int, int]] = [(escrow.held_account_id or 0, -escrow.amount)]
    if parts.buyer:
        sides.append((ways_back.place(escrow, ways_back.payment_to_refund(session, escrow)), parts.buyer))
    if parts.seller:
        sides.append((seller_wallet(session, escrow), parts.seller))
    if parts.fee:
        sides.append((Place(AccountKind.FEES, escrow.currency), parts.fee))
    return sides


def _mark(
    session: Session, escrow: Escrow, kind: TransferKind, parts: Shares, at: datetime, actor: Actor, reason: str
) -> None:
    status = _STATUS[kind]
    changed = session.execute(
        update(Escrow)
        .where(Escrow.id == escrow.id, Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0)
        .values(status=status, left_at=at, left_reason="decision", blocked=None, version=Escrow.version + 1)
        .returning(Escrow.id)
    )
    if changed.one_or_none() is None:
        raise Conflict(f"Escrow {escrow.ref} changed meanwhile. Nothing was changed.")
    session.expire(escrow)
    before, after = {"status": "held"}, {"status": str(status)}
    audit.record(
        session, actor, f"escrow.{kind}", ("escrow", escrow.id), at=at, reason=reason, before=before, after=after
    )
    events.add(session, _told(kind, parts), escrow.id, at=at)


def _told(kind: TransferKind, parts: Shares) -> Event:
    if kind == TransferKind.SPLIT:
        return EscrowSplit(buyer_amount=parts.buyer, seller_amount=parts.seller)
    return EscrowReleased() if kind == TransferKind.RELEASE else EscrowRefunded()
