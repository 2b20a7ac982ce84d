"""Loading a marketplace's backlog: orders and their escrows, in sets.

No events go out for these: the marketplace is where the facts come from, and a backlog would bury what is new.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.references import ESCROW_PREFIX
from webapp.domain.states import AccountKind, EscrowStatus, OrderStatus, PaymentStatus, Policy, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Account, Escrow, Order, Party, Payment, Transfer
from webapp.services.audit import trail
from webapp.services.imports.staging import ORDERS, staged
from webapp.services.ledger import accounts, posting
from webapp.services.storefront import late_rows, tenants
from webapp.sql import Rows, is_sqlite, json_text, labelled, one_of

_LINE = ORDERS.c
_CLEARING = "import"
_TO_THE_HOUR = len("2026-11-27 23")
_LIVE = (PaymentStatus.PENDING, PaymentStatus.NEEDS_REVIEW, PaymentStatus.SUCCEEDED)


def known_orders(session: Session, refs: Sequence[str]) -> Mapping[str, Any]:
    """What the desk has of these orders, by reference: what a file would have to agree with."""
    buyer, seller = Party.__table__.alias("buyer"), Party.__table__.alias("seller")
    found = (
        select(
            Order.ref,
            buyer.c.ref.label("buyer"),
            seller.c.ref.label("seller"),
            Order.tenant,
            Order.amount,
            Order.currency,
            Escrow.fee,
            Escrow.amount.label("escrow_amount"),
            Escrow.policy,
            Order.created_at,
            Order.paid_at,
            Order.completed_at,
            Escrow.release_at,
            Escrow.version,
            Order.status,
            Escrow.status.label("escrow_status"),
            Escrow.held_at,
            Escrow.closed_at,
            Escrow.freezes,
            _payments().label("payments"),
        )
        .join(buyer, buyer.c.id == Order.buyer_id)
        .join(seller, seller.c.id == Order.seller_id)
        .join(Escrow, Escrow.order_id == Order.id)
        .where(Order.ref.in_(refs))
    )
    return {row.ref: row for row in session.execute(found)}


def forgotten(session: Session, refs: Sequence[str]) -> set[str]:
    """Which of these parties are forgotten: nothing new is done with them."""
    gone = select(Party.ref).where(Party.forgotten_at.is_not(None), one_of(session, Party.ref, refs))
    return set(session.scalars(gone))


def _payments() -> ColumnElement[bool]:
    """Whether somebody pays for it at a provider, or has."""
    return exists().where(Payment.order_id == Order.id, Payment.status.in_(_LIVE))


def load(session: Session, lines: Sequence[Sequence[Any]], *, at: datetime, actor: Actor) -> int:
    """Load checked lines whose order isn't there yet; paid ones become held by a balanced transfer. Returns how many.

    A line is what the columns of the staging table say, in their order; its parties exist.
    """
    actor.require("order:write")
    with staged(session, ORDERS, lines):
        session.execute(delete(ORDERS).where(exists().where(Order.ref == _LINE.ref)))
        counted = select(_LINE.currency, func.count(_LINE.paid_at), func.count()).group_by(_LINE.currency)
        currencies = session.execute(counted).all()
        count: int = sum(row[2] for row in currencies)
        if count:
            open_pools(session, [row[0] for row in currencies], at)
            named = session.scalars(select(_LINE.tenant).where(_LINE.tenant.is_not(None)).distinct())
            tenants.admit_orders(session, list(named), at=at, actor=actor)
            _insert_orders(session)
            # Only now: the orders' foreign keys keep anybody from being forgotten until the commit.
            _require_known(session)
            pending = open_pending(session, at)
            _insert_escrows(session, pending)
            if any(row[1] for row in currencies):
                hold(session, pending, at)
            note_late(session, lines, at)
            _record(session, count, at, actor)
    return count


def note_late(session: Session, lines: Sequence[Sequence[Any]], at: datetime) -> None:
    """A backlog is of days whose figures are told already: they are made again. Times are text in UTC, as staged."""
    tenant, created, paid = (list(_LINE.keys()).index(name) for name in ("tenant", "created_at", "paid_at"))
    hours = {text[:_TO_THE_HOUR] for line in lines if line[tenant] for text in (line[created], line[paid]) if text}
    late_rows.note(session, [clock.from_iso(f"{hour}:00:00Z") for hour in hours], at=at)


def _require_known(session: Session) -> None:
    """Raise Conflict when a party of the lines was forgotten since they were checked."""
    named = select(_LINE.buyer).union(select(_LINE.seller))
    gone = select(Party.ref).where(Party.forgotten_at.is_not(None), Party.ref.in_(named)).limit(1)
    ref = session.scalars(gone).one_or_none()
    if ref is not None:
        raise Conflict(phrase("Party %(ref)s was forgotten meanwhile: import the file again.", ref=ref))


def open_pools(session: Session, currencies: Sequence[str], at: datetime) -> None:
    """The pools that money of these currencies comes from, lies in, and leaves fees in."""
    for currency in sorted(currencies):
        accounts.pool(session, AccountKind.ESCROW, currency, at=at)
        accounts.pool(session, AccountKind.FEES, currency, at=at)
        accounts.pool(session, AccountKind.CLEARING, currency, at=at, owner=_CLEARING)


def _insert_orders(session: Session) -> None:
    buyer, seller = Party.__table__.alias("buyer"), Party.__table__.alias("seller")
    status = case(
        (_LINE.paid_at.is_(None), str(OrderStatus.AWAITING_PAYMENT)),
        (_LINE.completed_at.is_not(None), str(OrderStatus.COMPLETED)),
        else_=str(OrderStatus.IN_PROGRESS),
    )
    values = {
        "ref": _LINE.ref,
        "buyer_id": buyer.c.id,
        "seller_id": seller.c.id,
        "tenant": _LINE.tenant,
        "status": status,
        "amount": _LINE.amount,
        "currency": _LINE.currency,
        "on_credit": False,
        "created_at": _LINE.created_at,
        "paid_at": _LINE.paid_at,
        "completed_at": _LINE.completed_at,
    }
    rows = select(*labelled(Order, values)).join_from(ORDERS, buyer, buyer.c.ref == _LINE.buyer)
    _insert(session, Order, list(values), rows.join(seller, seller.c.ref == _LINE.seller).order_by(_LINE.line))


def open_pending(session: Session, at: datetime) -> list[int]:
    """Sellers' pending accounts, where paid `buffer` escrows are held; their ids."""
    buffered = (_LINE.policy == str(Policy.BUFFER), _LINE.paid_at.is_not(None))
    owners = select(Order.seller_id, Order.currency).join_from(ORDERS, Order, Order.ref == _LINE.ref).where(*buffered)
    pairs = session.execute(owners.distinct().order_by(Order.seller_id)).all()
    return [accounts.open_account(session, AccountKind.PENDING, owner, currency, at=at) for owner, currency in pairs]


def _insert_escrows(session: Session, pending: Sequence[int]) -> None:
    """Escrows with the account that holds their money: the pool's, or the seller's pending one under `buffer`."""
    is_buffered = and_(_LINE.policy == str(Policy.BUFFER), _LINE.paid_at.is_not(None))
    of_seller = and_(
        Account.kind == AccountKind.PENDING, Account.party_id == Order.seller_id, Account.currency == _LINE.currency
    )
    _insert_escrows_held(session, and_(pool_of(AccountKind.ESCROW), ~is_buffered))
    if pending:
        _insert_escrows_held(session, and_(of_seller, is_buffered))


def _insert_escrows_held(session: Session, held_by: ColumnElement[bool]) -> None:
    paid = _LINE.paid_at.is_not(None)
    values = {
        "ref": (ESCROW_PREFIX + _LINE.ref),
        "order_id": Order.id,
        "buyer_id": Order.buyer_id,
        "seller_id": Order.seller_id,
        "policy": _LINE.policy,
        "status": case((paid, str(EscrowStatus.HELD)), else_=str(EscrowStatus.PENDING_PAYMENT)),
        "currency": _LINE.currency,
        "amount": _LINE.amount,
        "fee": _LINE.fee,
        "held_account_id": case((paid, Account.id)),
        "hold_no": 1,
        "freezes": 0,
        "release_at": _LINE.release_at,
        "created_at": _LINE.created_at,
        "held_at": _LINE.paid_at,
        "version": 1,
    }
    rows = select(*labelled(Escrow, values)).join_from(ORDERS, Order, Order.ref == _LINE.ref)
    _insert(session, Escrow, list(values), rows.join(Account, held_by).order_by(_LINE.line))


def hold(session: Session, pending: Sequence[int], at: datetime) -> None:
    """Post the hold of every staged order that is paid, from what the marketplace had collected."""
    values = {
        "key": Escrow.id,
        "reference": "escrow-" + Escrow.id.cast(_LINE.ref.type) + "-1-hold",
        "kind": case((Escrow.policy == Policy.BUFFER, str(TransferKind.PENDING_EARNING)), else_=str(TransferKind.HOLD)),
        "currency": Escrow.currency,
        "amount": Escrow.amount,
        "escrow_id": Escrow.id,
        "hold_no": Escrow.hold_no,
        "is_disbursement": False,
        "reverses_id": None,
        "run_id": None,
        "at": at,
    }
    transfers = _held(*labelled(Transfer, values))
    sides = union_all(
        _held(Escrow.id.label("key"), Escrow.held_account_id.label("account_id"), Escrow.currency, Escrow.amount),
        _held(Escrow.id, Account.id, Escrow.currency, -Escrow.amount).join(
            Account, pool_of(AccountKind.CLEARING, _CLEARING)
        ),
    ).subquery()
    legs = select(*(sides.c[name] for name in posting.LEG_COLUMNS))
    posting.post_all(session, transfers, legs, accounts=pending, kind=TransferKind.HOLD, at=at)


def _held(*columns: Any) -> Rows:
    staged_orders = select(*columns).join_from(ORDERS, Order, Order.ref == _LINE.ref)
    return staged_orders.join(Escrow, Escrow.order_id == Order.id).where(_LINE.paid_at.is_not(None))


def pool_of(kind: AccountKind, owner: str = "") -> ColumnElement[bool]:
    """A pool in the currency of the staged order."""
    return and_(
        Account.party_id.is_(None), Account.kind == kind, Account.owner == owner, Account.currency == _LINE.currency
    )


def _record(session: Session, count: int, at: datetime, actor: Actor) -> None:
    details = json_text(is_sqlite(session), {"amount": _LINE.amount, "currency": _LINE.currency, "line": _LINE.line})
    made = select(Order.id, null().label("before"), details.label("after")).join_from(
        ORDERS, Order, Order.ref == _LINE.ref
    )
    trail.record_all(session, actor, "order.import", "order", made, count, at=at)


def _insert(session: Session, model: Any, names: Sequence[str], rows: Rows) -> None:
    session.execute(model.__table__.insert().from_select(names, rows))
