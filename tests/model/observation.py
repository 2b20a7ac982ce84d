"""What is compared after each step: the same facts, told by the model and by the desk."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.model.plain.desk import Desk
from tests.model.product import Product
from tests.model.product_payouts import ProductPayouts
from tests.model.worlds import ACTORS
from webapp.models import (
    Account,
    Approval,
    Chargeback,
    Dispute,
    Escrow,
    Freeze,
    Order,
    Party,
    Payment,
    PayoutDestination,
    PayoutPause,
    PayoutSchedule,
    Refund,
    Spending,
)
from webapp.services.ledger import integrity_checks

Facts = dict[str, dict[Any, Any]]


def of_model(desk: Desk) -> Facts:
    """What the model holds for true."""
    return {
        "balance": {account: amount for account, amount in desk.books.balances.items() if amount},
        "wallet": dict.fromkeys(desk.books.wallets, True),
        "escrow": {
            number: (each.status, each.order, each.amount, each.fee, each.hold_no, each.due, each.waits_for_wallet)
            for number, each in enumerate(desk.escrows)
        },
        "freezes": {number: set(each.freezes) for number, each in enumerate(desk.escrows)},
        "payment": {number: (each.status, each.refund) for number, each in enumerate(desk.payments)},
        "chargeback": {number: (each.payment, each.status) for number, each in enumerate(desk.chargebacks)},
        "dispute": {number: (each.status, each.resolution) for number, each in enumerate(desk.disputes)},
        "proposal": {number: each.status for number, each in enumerate(desk.proposals)},
        **_payouts_of_model(desk),
        "decided alone": {key: amount for key, amount in desk.spent.items() if amount},
        "books": {},
    }


def of_desk(product: Product, paid_out: ProductPayouts, *, checks_books: bool) -> Facts:
    """What the database says."""
    with product.runtime.db.reading() as session:
        accounts = _accounts(session)
        return {
            "balance": {account: amount for account, amount in accounts.items() if amount},
            "wallet": {account[1:]: True for account in accounts if account[0] == "wallet"},
            "escrow": _escrows(session, product),
            "freezes": _freezes(session, product),
            "payment": _payments(session, product),
            "chargeback": {
                product.chargebacks.index(each.id): (product.payments.index(each.payment_id or 0), str(each.status))
                for each in session.scalars(select(Chargeback))
            },
            "dispute": _disputes(session, product),
            "proposal": _proposals(session, product),
            **_payouts(session, paid_out),
            "decided alone": _spent(session),
            "books": dict.fromkeys(integrity_checks.checks(session), "wrong") if checks_books else {},
        }


def difference(model: Facts, desk: Facts) -> str:
    """What the two tell differently, a line each; empty when nothing."""
    lines = []
    for kind in model:
        for key in sorted(model[kind].keys() | desk[kind].keys(), key=str):
            ours, theirs = model[kind].get(key), desk[kind].get(key)
            if ours != theirs:
                lines.append(f"{kind} {key}: the model says {ours}, the desk {theirs}")
    return "\n".join(lines)


def _accounts(session: Session) -> dict[Any, int]:
    rows = select(Account.kind, Party.name, Account.owner, Account.currency, Account.balance)
    found = session.execute(rows.outerjoin(Party, Party.id == Account.party_id))
    return {(str(kind), name or owner, currency): balance for kind, name, owner, currency, balance in found}


def _escrows(session: Session, product: Product) -> dict[Any, Any]:
    rows = session.execute(select(Escrow, Order.status).join(Order, Order.id == Escrow.order_id))
    found = {}
    for each, order in rows:
        facts = (each.amount, each.fee, each.hold_no, each.release_at, each.blocked is not None)
        found[product.escrows.index(each.id)] = (str(each.status), str(order), *facts)
    return found


def _freezes(session: Session, product: Product) -> dict[Any, Any]:
    people = {actor.id: name for name, actor in ACTORS.items()}
    found: dict[Any, set[Any]] = {number: set() for number in range(len(product.escrows))}
    for each in session.scalars(select(Freeze).where(Freeze.lifted_at.is_(None))):
        which: Any = people.get(each.cause_id) if each.cause == "person" else None
        if each.cause == "proposal":
            which = product.proposals.index(each.cause_id)
        elif each.cause in ("dispute", "warranty_claim"):
            which = product.disputes.index(each.cause_id)
        elif each.cause == "chargeback":
            which = product.chargebacks.index(each.cause_id)
        found[product.escrows.index(each.escrow_id)].add((str(each.cause), which))
    counted = dict(session.execute(select(Escrow.id, Escrow.freezes)).all())
    for number, causes in found.items():
        assert counted[product.escrows[number]] == len(causes), "an escrow counts its freezes"
    return found


def _payments(session: Session, product: Product) -> dict[Any, Any]:
    """What was collected, or was to be; an order that was never paid has a payment of no provider on record."""
    rows = select(Payment.id, Payment.status, Refund.status).outerjoin(Refund, Refund.payment_id == Payment.id)
    found = session.execute(rows.where(Payment.provider != "none"))
    return {product.payments.index(number): (str(status), refund and str(refund)) for number, status, refund in found}


def _disputes(session: Session, product: Product) -> dict[Any, Any]:
    rows = session.execute(select(Dispute.id, Dispute.status, Dispute.resolution))
    return {product.disputes.index(number): (str(status), resolution) for number, status, resolution in rows}


def _proposals(session: Session, product: Product) -> dict[Any, str]:
    rows = session.execute(select(Approval.id, Approval.status))
    return {product.proposals.index(number): str(status) for number, status in rows}


def _spent(session: Session) -> dict[Any, int]:
    people = {actor.key: name for name, actor in ACTORS.items()}
    rows = session.execute(select(Spending.actor, Spending.day, Spending.currency, Spending.amount))
    return {(people[actor], str(day), currency): amount for actor, day, currency, amount in rows if amount}


def _payouts_of_model(desk: Desk) -> Facts:
    """Where payouts go, when they are due, what became of them, and which one is tried while none is taken."""
    return {
        "destination": {number: (each.effective, each.retired) for number, each in enumerate(desk.destinations)},
        "payout schedule": {
            number: (each.status, each.amount, each.tries, each.payout) for number, each in enumerate(desk.plans)
        },
        "payout": {
            number: (
                each.plan,
                each.destination,
                each.status,
                each.amount,
                each.sent,
                each.doubted,
                each.after_all,
                each.is_unconfirmed,
                each.next_try if each.settled is None else None,
                each.recheck,
            )
            for number, each in enumerate(desk.payouts)
        },
        "payouts held": {desk.held_by[0]: desk.held_by[1]} if desk.held_by else {},
    }


def _payouts(session: Session, known: ProductPayouts) -> Facts:
    written = known.payouts(session)
    number = {each.id: at for at, each in enumerate(written)}
    return {
        "destination": {
            known.destinations.index(each.id): (each.effective_at, each.retired_at)
            for each in session.scalars(select(PayoutDestination))
        },
        "payout schedule": {
            known.plans.index(each.id): (
                str(each.status),
                each.amount,
                each.retry_count,
                number.get(each.payout_id or 0),
            )
            for each in session.scalars(select(PayoutSchedule))
        },
        "payout": {
            number[each.id]: (
                known.plans.index(each.schedule_id or 0),
                known.destinations.index(each.destination_id),
                str(each.status),
                each.amount,
                each.sent_at,
                each.doubted_at,
                each.paid_after_all_at,
                each.is_unconfirmed,
                each.next_try_at,
                each.recheck_at,
            )
            for each in written
        },
        "payouts held": {number[each.payout_id or 0]: each.probe_at for each in session.scalars(select(PayoutPause))},
    }
