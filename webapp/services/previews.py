"""What a decision would post, and every balance after it. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import rulings
from webapp.domain.actors import Actor
from webapp.domain.money import Money
from webapp.domain.rulings import Ruling, from_payload, in_words
from webapp.domain.states import AccountKind
from webapp.models import Account, Dispute, Escrow, Order, Party, Payment, Transfer
from webapp.services import (
    approvals,
    leaving,
    limits,
    lookup,
    orders,
    payment_decisions,
    reversals,
    warranty_claims,
    ways_back,
)
from webapp.settings import Settings
from webapp.sql import one_of


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry to be: minor units, positive into the account; `account_id` is None for a wallet still to be opened."""

    account_id: int | None
    label: str
    amount: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it, in one currency; `sentence` says what happens."""

    legs: list[Leg]
    currency: str
    sentence: str
    needs_second_person: bool


def of_ruling(
    session: Session, dispute_id: int, ruling: Ruling, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """A dispute's decision. Raises Invalid like the deed."""
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    escrow = lookup.by_id(session, Escrow, dispute.escrow_id, "escrow")
    held = Money(escrow.amount, escrow.currency)
    rulings.check(ruling, held)
    if warranty_claims.is_rejected(dispute, ruling):
        words = warranty_claims.rejection_in_words(escrow, at, settings.claim_cooldown_hours)
        return _preview(session, escrow, [], words, at, actor, settings)
    buyer, seller = ruling.shares(escrow.amount)
    legs = _legs(session, escrow, buyer, seller) if buyer or seller else []
    return _preview(session, escrow, legs, in_words(ruling, held), at, actor, settings)


def of_escrow(
    session: Session, escrow_id: int, action: str, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """A manual `escrow.release`, `escrow.refund` or `escrow.void`."""
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    held = Money(escrow.amount, escrow.currency)
    if action == "escrow.void":
        return _preview(
            session, escrow, [], f"escrow {escrow.ref} over {held} is given up; it was never paid", at, actor, settings
        )
    refund = action == "escrow.refund"
    legs = _legs(session, escrow, escrow.amount, 0) if refund else _legs(session, escrow, 0, escrow.amount)
    words = f"refund of {held} to the buyer" if refund else f"release of {held} to the seller"
    return _preview(session, escrow, legs, words, at, actor, settings)


def of_reversal(
    session: Session, transfer_id: int, to_debt: bool, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """The opposite of a transfer. Raises Conflict when a wallet lacks the money and `to_debt` is not said."""
    transfer = lookup.by_id(session, Transfer, transfer_id, "transfer")
    reversals.check(session, transfer)
    opposite = reversals.preview(session, transfer, to_debt=to_debt)
    amount = Money(transfer.amount, transfer.currency)
    second = limits.needs_second_person(session, actor, transfer.currency, transfer.amount, at, settings)
    legs = _labelled(session, opposite)
    return Preview(legs, transfer.currency, f"reversal of {amount}, transfer {transfer.reference}", second)


def of_approval(session: Session, approval_id: int, *, at: datetime, actor: Actor, settings: Settings) -> Preview:
    """What a waiting proposal would do if it were approved now."""
    approval = approvals.get(session, approval_id)
    subject, payload = approval.subject_id, approval.payload
    if approval.action == "dispute.resolve":
        return of_ruling(session, subject, from_payload(payload), at=at, actor=actor, settings=settings)
    if approval.action == "transfer.reverse":
        return of_reversal(session, subject, bool(payload.get("to_debt")), at=at, actor=actor, settings=settings)
    if approval.subject_kind == "payment":
        return of_payment(session, subject, approval.action, at=at, actor=actor, settings=settings)
    return of_escrow(session, subject, approval.action, at=at, actor=actor, settings=settings)


def of_payment(
    session: Session, payment_id: int, action: str, *, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    """A decision on a payment. Raises Conflict like the deed."""
    payment = lookup.by_id(session, Payment, payment_id, "payment")
    order = lookup.by_id(session, Order, payment.order_id, "order")
    escrow = orders.escrow_of(session, order.id)
    payment_decisions.CHECKS[action](payment, order, escrow)
    came = Money(payment.seen_amount or payment.amount, payment.seen_currency or payment.currency)
    if action == "payment.refund":
        words = f"{came} of payment {payment.reference} goes back to the payer through {payment.provider}"
        return _preview(session, escrow, [], words, at, actor, settings)
    owner = payment.provider if action == "payment.accept" else "another way"
    words = f"{Money(payment.amount, payment.currency)} that came through {owner} is held for order {order.ref}"
    planned: list[tuple[int | None, int]] = [(None, -payment.amount), (escrow.held_account_id, payment.amount)]
    return _preview(session, escrow, _labelled(session, planned), words, at, actor, settings)


def _preview(
    session: Session, escrow: Escrow, legs: list[Leg], sentence: str, at: datetime, actor: Actor, settings: Settings
) -> Preview:
    second = limits.needs_second_person(session, actor, escrow.currency, escrow.amount, at, settings)
    return Preview(legs, escrow.currency, sentence, second)


def _legs(session: Session, escrow: Escrow, buyer: int, seller: int) -> list[Leg]:
    parts = leaving.shares(escrow, buyer, seller)
    planned: list[tuple[int | None, int]] = [(escrow.held_account_id, -escrow.amount)]
    if parts.buyer:
        planned.append((ways_back.found(session, escrow), parts.buyer))
    if parts.seller:
        planned.append((leaving.seller_wallet(session, escrow), parts.seller))
    if parts.fee:
        planned.append((_fees(session, escrow.currency), parts.fee))
    return _labelled(session, planned)


def _fees(session: Session, currency: str) -> int | None:
    where = (
        Account.kind == AccountKind.FEES,
        Account.party_id.is_(None),
        Account.owner == "",
        Account.currency == currency,
    )
    return session.scalars(select(Account.id).where(*where)).one_or_none()


def _labelled(session: Session, planned: Sequence[tuple[int | None, int]]) -> list[Leg]:
    ids = [account_id for account_id, _ in planned if account_id is not None]
    rows = session.execute(
        select(Account.id, Account.kind, Account.owner, Account.balance, Party.name)
        .outerjoin(Party, Party.id == Account.party_id)
        .where(one_of(session, Account.id, ids))
    )
    known = {row.id: row for row in rows}
    return [_leg(known.get(account_id), amount) for account_id, amount in planned]


def _leg(row: Any, amount: int) -> Leg:
    if row is None:
        return Leg(None, "a new account", amount, amount)
    label = f"{row.kind} of {row.name}" if row.name else f"{row.kind} {row.owner}".strip()
    return Leg(row.id, label, amount, row.balance + amount)
