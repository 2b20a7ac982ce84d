"""Holding money for an order."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AccountKind, EscrowStatus, Policy, TransferKind
from webapp.models import Escrow
from webapp.services import accounts, audit, events, ledger


def hold(
    session: Session, escrow: Escrow, source: int, *, at: datetime, actor: Actor, kind: TransferKind = TransferKind.HOLD
) -> None:
    """Move the escrow's amount from an account to where it is held. The caller has the escrow's row to itself.

    A `buffer` escrow is held in its seller's pending account, others in the escrow pool.
    """
    escrow.held_account_id = _holding(session, escrow, at)
    accounts.pool(session, AccountKind.FEES, escrow.currency, at=at)
    ledger.post(
        session,
        reference=f"escrow-{escrow.id}-{escrow.hold_no}-hold",
        kind=kind,
        currency=escrow.currency,
        legs=[(source, -escrow.amount), (escrow.held_account_id, escrow.amount)],
        at=at,
        escrow_id=escrow.id,
        hold_no=escrow.hold_no,
    )
    escrow.status, escrow.held_at, escrow.version = EscrowStatus.HELD, at, escrow.version + 1
    session.flush()
    said = {"escrow": escrow.ref, "amount": escrow.amount, "currency": escrow.currency}
    audit.record(session, actor, "escrow.hold", ("escrow", escrow.id), at=at, after=said)
    events.add(session, "escrow.held", ("escrow", escrow.id), said, at=at)


def _holding(session: Session, escrow: Escrow, at: datetime) -> int:
    if escrow.policy == Policy.BUFFER:
        return accounts.open_account(session, AccountKind.PENDING, escrow.seller_id, escrow.currency, at=at)
    return accounts.pool(session, AccountKind.ESCROW, escrow.currency, at=at)
