"""Rows to measure with, made in sets. Every call adds the same amount of the same work."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, EscrowStatus, OrderStatus, Policy, TransferKind
from webapp.models import Escrow, Order, Party
from webapp.runtime import Runtime
from webapp.services.ledger import accounts
from webapp.services.ledger import posting as ledger_posting

SELLERS = 200
AMOUNT, FEE, CURRENCY = 125_000, 2_500, "NGN"


def due_escrows(runtime: Runtime, count: int, round_name: str, at: datetime) -> None:
    """Held deadline escrows that are due, for 200 sellers with wallets; pools funded by one transfer."""
    with runtime.db.transaction() as session:
        buyer, sellers = parties(session, at)
        pool = accounts.pool(session, AccountKind.ESCROW, CURRENCY, at=at)
        accounts.pool(session, AccountKind.FEES, CURRENCY, at=at)
        clearing = accounts.pool(session, AccountKind.CLEARING, CURRENCY, at=at, owner="import")
        orders = _orders(session, count, round_name, buyer, sellers, at)
        session.execute(insert(Escrow), [_escrow(row, pool, at) for row in orders])
        legs = [(clearing, -AMOUNT * count), (pool, AMOUNT * count)]
        ledger_posting.post(
            session, reference=f"bench-{round_name}", kind=TransferKind.DEPOSIT, currency=CURRENCY, legs=legs, at=at
        )
    _refresh_statistics(runtime)


def parties(session: Session, at: datetime) -> tuple[int, list[int]]:
    """A buyer, and sellers with wallets; the same ones every time."""
    found = list(session.scalars(select(Party.id).order_by(Party.id)))
    if found:
        return found[0], found[1:]
    session.execute(
        insert(Party), [{"ref": f"party-{n}", "name": f"Party {n}", "created_at": at} for n in range(SELLERS + 1)]
    )
    buyer, *sellers = session.scalars(select(Party.id).order_by(Party.id))
    for seller in sellers:
        accounts.open_account(session, AccountKind.WALLET, seller, CURRENCY, at=at)
    return buyer, sellers


def _orders(
    session: Session, count: int, round_name: str, buyer: int, sellers: list[int], at: datetime
) -> list[tuple[int, str, int, int]]:
    rows = [
        {
            "ref": f"{round_name}-{n}",
            "buyer_id": buyer,
            "seller_id": sellers[n % len(sellers)],
            "status": OrderStatus.IN_PROGRESS,
            "amount": AMOUNT,
            "currency": CURRENCY,
            "created_at": at,
            "paid_at": at,
        }
        for n in range(count)
    ]
    session.execute(insert(Order), rows)
    made = select(Order.id, Order.ref, Order.buyer_id, Order.seller_id).where(Order.ref.like(f"{round_name}-%"))
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(made)]


def _escrow(order: tuple[int, str, int, int], pool: int, at: datetime) -> dict[str, object]:
    order_id, ref, buyer, seller = order
    return {
        "ref": ref,
        "order_id": order_id,
        "buyer_id": buyer,
        "seller_id": seller,
        "policy": Policy.DEADLINE,
        "status": EscrowStatus.HELD,
        "currency": CURRENCY,
        "amount": AMOUNT,
        "fee": FEE,
        "held_account_id": pool,
        "release_at": at - timedelta(days=1),
        "created_at": at,
        "held_at": at,
    }


def _refresh_statistics(runtime: Runtime) -> None:
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not runtime.db.is_sqlite:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
