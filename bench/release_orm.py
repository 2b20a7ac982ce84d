"""The baseline that most back ends are: one escrow at a time through an ORM, with a commit each."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, EscrowStatus
from webapp.models import Account, Audit, AuditHead, AuditSeal, Entry, Escrow, Event, Transfer
from webapp.runtime import Runtime

CHAIN = "orm"


def release(runtime: Runtime, at: datetime) -> int:
    """Pay everything due, row by row; returns how many were paid."""
    with Session(runtime.db.engine) as session:
        due = select(Escrow.id).where(
            Escrow.policy == "deadline", Escrow.status == "held", Escrow.freezes == 0, Escrow.release_at <= at
        )
        ids = list(session.scalars(due.order_by(Escrow.release_at, Escrow.id)))
        session.rollback()
        for escrow_id in ids:
            _release_one(session, escrow_id, at, runtime.db.is_sqlite)
            session.commit()
    return len(ids)


def _release_one(session: Session, escrow_id: int, at: datetime, entries_first: bool) -> None:
    escrow = session.get_one(Escrow, escrow_id, with_for_update=True)
    wallet = _account(session, AccountKind.WALLET, escrow.currency, party_id=escrow.seller_id)
    fees = _account(session, AccountKind.FEES, escrow.currency)
    held = session.get_one(Account, escrow.held_account_id, with_for_update=True)
    transfer = Transfer(
        id=_next_transfer(session) if entries_first else None,
        reference=f"escrow-{escrow.id}-{escrow.hold_no}-release",
        kind="release",
        currency=escrow.currency,
        amount=escrow.amount,
        escrow_id=escrow.id,
        hold_no=escrow.hold_no,
        is_disbursement=True,
        at=at,
    )
    if not entries_first:
        session.add(transfer)
        session.flush()
    sides = ((held, -escrow.amount), (wallet, escrow.amount - escrow.fee), (fees, escrow.fee))
    session.add_all(
        [
            Entry(transfer_id=transfer.id, account_id=a.id, currency=escrow.currency, amount=amount)
            for a, amount in sides
        ]
    )
    session.flush()
    session.add(transfer)
    for account, amount in sides:
        account.balance += amount
    escrow.status, escrow.closed_at, escrow.close_reason = EscrowStatus.RELEASED, at, "expired"
    escrow.version += 1
    _tell(session, escrow, at)


def _next_transfer(session: Session) -> int:
    return (session.scalars(select(Transfer.id).order_by(Transfer.id.desc()).limit(1)).one_or_none() or 0) + 1


def _account(session: Session, kind: str, currency: str, party_id: int | None = None) -> Account:
    where = (Account.kind == kind, Account.party_id == party_id, Account.currency == currency)
    return session.scalars(select(Account).where(*where).with_for_update()).one()


def _tell(session: Session, escrow: Escrow, at: datetime) -> None:
    batch = secrets.randbits(61)
    session.add(
        Audit(
            batch=batch,
            pos=1,
            at=at,
            actor="job:auto_release",
            actor_name="auto_release",
            action="escrow.release",
            subject_kind="escrow",
            subject_id=escrow.id,
            reason="expired",
            before='{"status":"held"}',
            after='{"status":"released"}',
        )
    )
    payload = {"escrow": escrow.ref, "amount": escrow.amount, "fee": escrow.fee, "currency": escrow.currency}
    session.add(
        Event(type="escrow.released", subject_kind="escrow", subject_id=escrow.id, payload=json.dumps(payload), at=at)
    )
    head = session.get(AuditHead, CHAIN, with_for_update=True) or AuditHead(chain=CHAIN, seq=0, hash="0" * 64)
    session.add(head)
    digest = hashlib.sha256(f"{escrow.id}|{at}".encode()).hexdigest()
    link = hmac.new(b"bench", f"{head.hash}|{digest}".encode(), hashlib.sha256).hexdigest()
    seal = AuditSeal(
        chain=CHAIN, seq=head.seq + 1, batch=batch, rows=1, digest=digest, previous=head.hash, hash=link, key_id="bench"
    )
    session.add(seal)
    head.seq, head.hash = seal.seq, link
