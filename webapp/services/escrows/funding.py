"""Holding money for an order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, case, cast, literal, null, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import EscrowHeld
from webapp.domain.states import AccountKind, EscrowStatus, Policy, TransferKind
from webapp.models import Account, Escrow, Transfer
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.ledger import accounts, posting, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft
from webapp.sql import Rows, is_sqlite, json_text, labelled, one_of, shared_alias

_Pool = shared_alias(Account, name="pool")
_Pending = shared_alias(Account, name="pending")
_Source = shared_alias(Account, name="source")


def hold(
    session: Session,
    escrow: Escrow,
    source: Place | int,
    *,
    at: datetime,
    actor: Actor,
    kind: TransferKind | None = None,
) -> None:
    """Move the escrow's amount from an account to where it is held. The caller has the escrow's row to itself.

    A `buffer` escrow is held in its seller's pending account, as a pending earning; others in the escrow pool.
    """
    hold_drafted(session, escrow, draft(escrow, source, kind), at=at, actor=actor)


def draft(escrow: Escrow, source: Place | int, kind: TransferKind | None = None) -> Draft:
    """The transfer that holds the escrow's amount."""
    return Draft(
        reference=f"escrow-{escrow.id}-{escrow.hold_no}-hold",
        kind=kind or kind_of(escrow),
        currency=escrow.currency,
        sides=[(source, -escrow.amount), (_holding(escrow), escrow.amount)],
        escrow_id=escrow.id,
        hold_no=escrow.hold_no,
    )


def hold_drafted(session: Session, escrow: Escrow, holding: Draft, *, at: datetime, actor: Actor) -> None:
    """Hold the escrow's amount as it was drafted."""
    escrow.held_account_id = accounts.opened(session, _holding(escrow), at=at)
    accounts.pool(session, AccountKind.FEES, escrow.currency, at=at)
    transfers.write(session, [holding], at=at)
    escrow.status, escrow.held_at, escrow.version = EscrowStatus.HELD, at, escrow.version + 1
    session.flush()
    details = {"escrow": escrow.ref, "amount": escrow.amount, "currency": escrow.currency}
    trail.record(session, actor, "escrow.hold", ("escrow", escrow.id), at=at, after=details)
    events.add(session, EscrowHeld(), escrow.id, at=at)


def kind_of(escrow: Escrow) -> TransferKind:
    """What holding its money is called."""
    return TransferKind.PENDING_EARNING if escrow.policy == Policy.BUFFER else TransferKind.HOLD


def _holding(escrow: Escrow) -> Place:
    if escrow.policy == Policy.BUFFER:
        return Place(AccountKind.PENDING, escrow.currency, escrow.seller_id)
    return Place(AccountKind.ESCROW, escrow.currency)


def hold_all(session: Session, ids: Sequence[int], *, owner: str, at: datetime, actor: Actor) -> dict[str, int]:
    """Hold what came in for many escrows through one provider's clearing account; returns minor units per currency.

    The caller has the escrows' rows to itself, and has seen that none of them is held or has left.
    """
    pending = _open_accounts(session, ids, owner, at)
    _mark_held(session, ids, at)
    rows, legs = _hold_transfers(session, ids, at), _hold_legs(session, ids, owner)
    posted = posting.post_all(session, rows, legs, accounts=pending, kind=TransferKind.HOLD, at=at)
    _record_held(session, ids, at, actor)
    return posted.amounts


def _open_accounts(session: Session, ids: Sequence[int], owner: str, at: datetime) -> list[int]:
    """The accounts that the holds touch; returns those of parties."""
    chosen = one_of(session, Escrow.id, ids)
    for currency in session.scalars(select(Escrow.currency).where(chosen).distinct().order_by(Escrow.currency)):
        accounts.pool(session, AccountKind.ESCROW, currency, at=at)
        accounts.pool(session, AccountKind.FEES, currency, at=at)
        accounts.pool(session, AccountKind.CLEARING, currency, at=at, owner=owner)
    sellers = select(Escrow.seller_id, Escrow.currency).where(chosen, Escrow.policy == Policy.BUFFER).distinct()
    pairs = session.execute(sellers.order_by(Escrow.seller_id, Escrow.currency)).all()
    return [accounts.open_account(session, AccountKind.PENDING, party, currency, at=at) for party, currency in pairs]


def _mark_held(session: Session, ids: Sequence[int], at: datetime) -> None:
    of_seller = select(_Pending.id).where(
        _Pending.kind == AccountKind.PENDING,
        _Pending.party_id == Escrow.seller_id,
        _Pending.currency == Escrow.currency,
    )
    of_all = select(_Pool.id).where(
        _Pool.kind == AccountKind.ESCROW,
        _Pool.party_id.is_(None),
        _Pool.owner == "",
        _Pool.currency == Escrow.currency,
    )
    where = case((Escrow.policy == Policy.BUFFER, of_seller.scalar_subquery()), else_=of_all.scalar_subquery())
    values = {"held_account_id": where, "status": EscrowStatus.HELD, "held_at": at, "version": Escrow.version + 1}
    gone = {"closed_at": None, "close_reason": None}
    held = update(Escrow).where(one_of(session, Escrow.id, ids)).values(**values, **gone)
    session.execute(held.execution_options(synchronize_session=False))


def _hold_transfers(session: Session, ids: Sequence[int], at: datetime) -> Rows:
    number = cast(Escrow.id, String).concat("-").concat(cast(Escrow.hold_no, String))
    buffered = Escrow.policy == Policy.BUFFER
    values: dict[str, Any] = {
        "key": Escrow.id,
        "reference": literal("escrow-").concat(number).concat("-hold"),
        "kind": case((buffered, str(TransferKind.PENDING_EARNING)), else_=str(TransferKind.HOLD)),
        "currency": Escrow.currency,
        "amount": Escrow.amount,
        "escrow_id": Escrow.id,
        "hold_no": Escrow.hold_no,
        "is_disbursement": False,
        "reverses_id": None,
        "run_id": None,
        "at": at,
    }
    return select(*labelled(Transfer, values)).where(one_of(session, Escrow.id, ids))


def _hold_legs(session: Session, ids: Sequence[int], owner: str) -> Rows:
    chosen, key = one_of(session, Escrow.id, ids), Escrow.id.label("key")
    came_from = (
        (_Source.kind == AccountKind.CLEARING)
        & (_Source.owner == owner)
        & _Source.party_id.is_(None)
        & (_Source.currency == Escrow.currency)
    )
    sides = union_all(
        select(key, Escrow.held_account_id.label("account_id"), Escrow.currency, Escrow.amount).where(chosen),
        select(key, _Source.id, Escrow.currency, -Escrow.amount).join(_Source, came_from).where(chosen),
    ).subquery()
    return select(*(sides.c[name] for name in posting.LEG_COLUMNS))


def _record_held(session: Session, ids: Sequence[int], at: datetime, actor: Actor) -> None:
    chosen = one_of(session, Escrow.id, ids)
    details = json_text(
        is_sqlite(session), {"escrow": Escrow.ref, "amount": Escrow.amount, "currency": Escrow.currency}
    )
    records = select(Escrow.id, null().label("before"), details.label("after")).where(chosen)
    trail.record_all(session, actor, "escrow.hold", "escrow", records, len(ids), at=at)
    events.add_all(session, EscrowHeld(), ids, at=at)
