"""What is compared after each step: the same facts, told by the model and by the desk."""

from collections.abc import Callable, Sequence, Set
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tests.model.plain.desk import Desk
from tests.model.product import Product
from tests.model.product_payouts import ProductPayouts
from tests.model.worlds import ACTORS
from webapp.models import (
    Account,
    Approval,
    Chargeback,
    Delivery,
    Dispute,
    Escrow,
    Freeze,
    Message,
    Order,
    Party,
    Payment,
    Payout,
    PayoutDestination,
    PayoutPause,
    PayoutSchedule,
    Refund,
    Spending,
    Subscription,
)
from webapp.models.base import Base
from webapp.services.ledger import integrity_checks

Facts = dict[str, dict[Any, Any]]


def _of(model: type[Base], *names: str) -> Select[Any]:
    """Columns of a table as they are: nothing of the desk's own models is made of the rows."""
    return select(*(model.__table__.c[name] for name in names))


_ACCOUNTS = (
    select(Account.__table__.c.kind, Party.__table__.c.name, *(Account.__table__.c[x] for x in ("owner", "currency")))
    .add_columns(Account.__table__.c.balance)
    .select_from(Account.__table__.outerjoin(Party.__table__, Party.__table__.c.id == Account.__table__.c.party_id))
)
_ESCROW, _ORDER = Escrow.__table__.c, Order.__table__.c
_ESCROWS = select(
    _ESCROW.id,
    _ESCROW.status,
    _ORDER.status,
    *(_ESCROW[name] for name in ("amount", "fee", "hold_no", "release_at", "blocked", "freezes")),
).join_from(Escrow.__table__, Order.__table__, _ORDER.id == _ESCROW.order_id)
_FREEZES = _of(Freeze, "escrow_id", "cause", "cause_id").where(Freeze.__table__.c.lifted_at.is_(None))
_PAYMENT, _REFUND = Payment.__table__.c, Refund.__table__.c
_PAYMENTS = (
    select(_PAYMENT.id, _PAYMENT.status, _REFUND.status)
    .join_from(Payment.__table__, Refund.__table__, _REFUND.payment_id == _PAYMENT.id, isouter=True)
    .where(_PAYMENT.provider != "none")
)
_CHARGEBACKS = _of(Chargeback, "id", "payment_id", "status")
_DISPUTES = _of(Dispute, "id", "status", "resolution", "waiting_on", "paused_at", "due_at", "assignee_id")
_WRITTEN = _of(Message, "dispute_id", "audience", "inbound").order_by(Message.__table__.c.id)
_PROPOSALS = _of(Approval, "id", "status")
_SUBSCRIPTIONS = _of(Subscription, "id", "status", "expire_date", "suspended_by_hand", "date_before")
_LETTERS = (
    _of(Delivery, "subject_id", "kind")
    .where(Delivery.__table__.c.subject_kind == "subscription", Delivery.__table__.c.channel == "email")
    .order_by(Delivery.__table__.c.id)
)
_SPENT = _of(Spending, "actor", "day", "currency", "amount")
_DESTINATIONS = _of(PayoutDestination, "id", "effective_at", "retired_at")
_PLANS = _of(PayoutSchedule, "id", "status", "amount", "retry_count", "payout_id")
_PAYOUTS = _of(
    Payout,
    *("id", "schedule_id", "destination_id", "status", "amount", "sent_at", "doubted_at", "paid_after_all_at"),
    *("is_unconfirmed", "next_try_at", "recheck_at"),
).order_by(Payout.__table__.c.id)
_HELD = _of(PayoutPause, "payout_id", "probe_at")
"""Each statement is built once: that takes longer than carrying it out."""


def _rows(session: Session, statement: Select[Any]) -> Sequence[Any]:
    return session.connection().execute(statement).all()


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
        "dispute": {
            number: (each.status, each.resolution, each.waits_for, each.asked, each.due, each.assignee)
            for number, each in enumerate(desk.disputes)
        },
        "written": {number: each.written for number, each in enumerate(desk.disputes) if each.written},
        "proposal": {number: each.status for number, each in enumerate(desk.proposals)},
        "subscription": {
            tenant: (each.status, each.until, each.by_hand, each.before) for tenant, each in desk.subscriptions.items()
        },
        "letters": {tenant: each.letters for tenant, each in desk.subscriptions.items()},
        **_payouts_of_model(desk),
        "decided alone": {key: amount for key, amount in desk.spent.items() if amount},
    }


def of_desk(session: Session, product: Product, paid_out: ProductPayouts, known: Facts, written: Set[str]) -> Facts:
    """What the database says: what stands in tables that were written is read, the rest is as it was known."""
    found = dict(known)
    for tables, read in _READ:
        if written & tables or not known:
            found |= read(session, product, paid_out)
    return found


def wrong_in_books(product: Product) -> str:
    """What the ledger's own checks find, a line each."""
    with product.runtime.db.reading() as session:
        return "\n".join(f"books: {each} wrong" for each in integrity_checks.checks(session))


def difference(model: Facts, desk: Facts) -> str:
    """What the two tell differently, a line each; empty when nothing."""
    lines = []
    for kind in [each for each in model if model[each] != desk[each]]:
        for key in sorted(model[kind].keys() | desk[kind].keys(), key=str):
            ours, theirs = model[kind].get(key), desk[kind].get(key)
            if ours != theirs:
                lines.append(f"{kind} {key}: the model says {ours}, the desk {theirs}")
    return "\n".join(lines)


def _balances(session: Session) -> Facts:
    found = _rows(session, _ACCOUNTS)
    accounts = {(str(kind), name or owner, currency): balance for kind, name, owner, currency, balance in found}
    return {
        "balance": {account: amount for account, amount in accounts.items() if amount},
        "wallet": {account[1:]: True for account in accounts if account[0] == "wallet"},
    }


def _escrows(session: Session, product: Product) -> dict[Any, Any]:
    return {
        product.escrows.index(number): (str(status), str(order), amount, fee, hold, due, blocked is not None)
        for number, status, order, amount, fee, hold, due, blocked, _ in _rows(session, _ESCROWS)
    }


def _freezes(session: Session, product: Product) -> dict[Any, Any]:
    people = {actor.id: name for name, actor in ACTORS.items()}
    found: dict[Any, set[Any]] = {number: set() for number in range(len(product.escrows))}
    kept: dict[str, list[int]] = {
        "proposal": product.proposals,
        "dispute": product.disputes,
        "warranty_claim": product.disputes,
        "chargeback": product.chargebacks,
    }
    for escrow, cause, which in _rows(session, _FREEZES):
        whose: Any = people.get(which) if cause == "person" else kept[cause].index(which) if cause in kept else None
        found[product.escrows.index(escrow)].add((str(cause), whose))
    for number, *_, freezes in _rows(session, _ESCROWS):
        assert freezes == len(found[product.escrows.index(number)]), "an escrow counts its freezes"
    return found


def _payments(session: Session, product: Product) -> dict[Any, Any]:
    """What was collected, or was to be; an order that was never paid has a payment of no provider on record."""
    found = _rows(session, _PAYMENTS)
    return {product.payments.index(number): (str(status), refund and str(refund)) for number, status, refund in found}


def _chargebacks(session: Session, product: Product) -> dict[Any, Any]:
    return {
        product.chargebacks.index(each): (product.payments.index(payment or 0), str(status))
        for each, payment, status in _rows(session, _CHARGEBACKS)
    }


def _disputes(session: Session, product: Product) -> dict[Any, Any]:
    people = {actor.id: name for name, actor in ACTORS.items()}
    return {
        product.disputes.index(number): (str(status), *facts, people.get(assignee))
        for number, status, *facts, assignee in _rows(session, _DISPUTES)
    }


def _written(session: Session, product: Product) -> dict[Any, list[Any]]:
    """What parties were told in each case, and told us, in its order."""
    found: dict[Any, list[Any]] = {}
    for dispute, audience, inbound in _rows(session, _WRITTEN):
        found.setdefault(product.disputes.index(dispute), []).append((str(audience), inbound))
    return found


def _subscriptions(session: Session, product: Product) -> Facts:
    tenant = {number: name for name, number in product.subscriptions.items()}
    letters: dict[Any, list[str]] = {name: [] for name in product.subscriptions}
    for number, kind in _rows(session, _LETTERS):
        letters[tenant[number]].append(str(kind))
    return {
        "subscription": {
            tenant[number]: (str(status), *rest) for number, status, *rest in _rows(session, _SUBSCRIPTIONS)
        },
        "letters": letters,
    }


def _proposals(session: Session, product: Product) -> dict[Any, Any]:
    return {product.proposals.index(each): str(status) for each, status in _rows(session, _PROPOSALS)}


def _spent(session: Session) -> dict[Any, int]:
    people = {actor.key: name for name, actor in ACTORS.items()}
    rows = _rows(session, _SPENT)
    return {(people[actor], str(day), currency): amount for actor, day, currency, amount in rows if amount}


def _payouts_of_model(desk: Desk) -> Facts:
    """Where payouts go, when they are due, what became of them, and which one is tried while none is taken."""
    return {
        "destination": {number: [each.effective, each.retired] for number, each in enumerate(desk.destinations)},
        "payout schedule": {
            number: [each.status, each.amount, each.tries, each.payout] for number, each in enumerate(desk.plans)
        },
        "payout": {
            number: [
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
            ]
            for number, each in enumerate(desk.payouts)
        },
        "payouts held": {desk.held_by[0]: desk.held_by[1]} if desk.held_by else {},
    }


def _payouts(session: Session, known: ProductPayouts) -> Facts:
    written = _rows(session, _PAYOUTS)
    number = {each[0]: at for at, each in enumerate(written)}
    return {
        "destination": {known.destinations.index(each): rest for each, *rest in _rows(session, _DESTINATIONS)},
        "payout schedule": {
            known.plans.index(each): [str(status), amount, tries, number.get(payout or 0)]
            for each, status, amount, tries, payout in _rows(session, _PLANS)
        },
        "payout": {
            at: [known.plans.index(plan or 0), known.destinations.index(to), str(status), *rest]
            for at, (_, plan, to, status, *rest) in enumerate(written)
        },
        "payouts held": {number[payout or 0]: probe for payout, probe in _rows(session, _HELD)},
    }


_READ: list[tuple[Set[str], Callable[[Session, Product, ProductPayouts], Facts]]] = [
    ({"account", "entry", "transfer"}, lambda session, *_: _balances(session)),
    ({"escrow", "purchase_order"}, lambda session, product, _: {"escrow": _escrows(session, product)}),
    ({"escrow", "freeze"}, lambda session, product, _: {"freezes": _freezes(session, product)}),
    ({"payment", "refund"}, lambda session, product, _: {"payment": _payments(session, product)}),
    ({"chargeback"}, lambda session, product, _: {"chargeback": _chargebacks(session, product)}),
    ({"dispute"}, lambda session, product, _: {"dispute": _disputes(session, product)}),
    ({"message"}, lambda session, product, _: {"written": _written(session, product)}),
    ({"approval"}, lambda session, product, _: {"proposal": _proposals(session, product)}),
    ({"subscription", "delivery"}, lambda session, product, _: _subscriptions(session, product)),
    (
        {"payout", "payout_schedule", "payout_destination", "payout_pause"},
        lambda session, _product, paid_out: _payouts(session, paid_out),
    ),
    ({"spending"}, lambda session, *_: {"decided alone": _spent(session)}),
]
"""What is read of which tables."""
