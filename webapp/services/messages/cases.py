"""What a message may tell about a thing: its fields in words, and its parties. Many are read with one statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from webapp.domain import shares
from webapp.domain.instants import parse_instant
from webapp.domain.money import Money
from webapp.domain.rulings import REASON_CODES
from webapp.domain.states import Resolution
from webapp.models import Approval, Dispute, Escrow, Order, Party, Payment, Payout, PayoutDestination, PayoutSchedule
from webapp.services import warranty_claims
from webapp.settings import Settings
from webapp.sql import one_of

_BUYER, _SELLER = aliased(Party), aliased(Party)
_DECISIONS = {
    Resolution.RELEASE_TO_SELLER: "the money goes to the seller",
    Resolution.REFUND_TO_BUYER: "the money goes back to the buyer",
    Resolution.NO_FAULT: "neither side is at fault, and the order goes on",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing: what can be said of it, and its parties by their side."""

    fields: dict[str, Any]
    parties: dict[str, Party] = field(default_factory=dict)
    row: Any = None


Cases = dict[int, Case]


def of(session: Session, kind: str, ids: Sequence[int], settings: Settings) -> Cases:
    """The cases of things of one kind, by number; none for a kind that nobody is told of."""
    reader = _READERS.get(kind)
    return reader(session, sorted(set(ids)), settings) if reader and ids else {}


def when(at: datetime | None) -> str:
    """An instant as a message says it."""
    return f"{at:%d %B %Y, %H:%M} UTC" if at else ""


def link(settings: Settings, path: str) -> str:
    """An address of the desk."""
    return (settings.public_url.rstrip("/") or f"http://localhost:{settings.port}") + path


def _escrows(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(Escrow, Order, _BUYER, _SELLER).where(one_of(session, Escrow.id, ids))
    rows = session.execute(_with_parties(query.join(Order, Order.id == Escrow.order_id), Escrow))
    return {escrow.id: Case(_of_escrow(escrow, order), _sides(*sides), escrow) for escrow, order, *sides in rows}


def _orders(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    rows = session.execute(
        _with_parties(select(Order, _BUYER, _SELLER).where(one_of(session, Order.id, ids)), Order),
    )
    return {order.id: Case(_of_order(order), _sides(*sides), order) for order, *sides in rows}


def _payments(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(Payment, Order, _BUYER, _SELLER).where(one_of(session, Payment.id, ids))
    rows = session.execute(_with_parties(query.join(Order, Order.id == Payment.order_id), Order))
    return {payment.id: Case(_of_order(order), _sides(*sides), payment) for payment, order, *sides in rows}


def _disputes(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(Dispute, Escrow, Order, _BUYER, _SELLER).where(one_of(session, Dispute.id, ids))
    joined = query.join(Escrow, Escrow.id == Dispute.escrow_id).join(Order, Order.id == Escrow.order_id)
    rows = session.execute(_with_parties(joined, Escrow))
    return {
        dispute.id: Case(_of_dispute(dispute, escrow, order, settings), _sides(*sides), dispute)
        for dispute, escrow, order, *sides in rows
    }


def _payouts(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(Payout, PayoutDestination, Party).where(one_of(session, Payout.id, ids))
    joined = query.join(PayoutDestination, PayoutDestination.id == Payout.destination_id)
    rows = session.execute(joined.join(Party, Party.id == Payout.party_id))
    return {
        payout.id: Case(
            {
                "payout": payout.ref,
                "reference": payout.ref,
                "amount": Money(payout.amount, payout.currency),
                "ending": to.account_ending,
                "said": (payout.said or "no reason was given").rstrip("."),
                "link": link(settings, f"/payouts/{payout.id}"),
            },
            {"payee": party},
            payout,
        )
        for payout, to, party in rows
    }


def _payout_schedules(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(PayoutSchedule, Party).join(Party, Party.id == PayoutSchedule.party_id)
    return {
        schedule.id: Case(
            {
                "payout": schedule.ref,
                "reference": schedule.ref,
                "amount": Money(schedule.amount, schedule.currency),
                "said": (schedule.failure_reason or "no reason was given").rstrip("."),
                "link": link(settings, f"/payout-schedules/{schedule.id}"),
            },
            {"payee": party},
            schedule,
        )
        for schedule, party in session.execute(query.where(one_of(session, PayoutSchedule.id, ids)))
    }


def _parties(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    found = session.scalars(select(Party).where(one_of(session, Party.id, ids)))
    return {party.id: Case({"reference": party.ref}, {"party": party}, party) for party in found}


def of_deduction(said: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a repayment that a standing order took, by its event."""
    amounts = {name: Money(said[name], said["currency"]) for name in ("amount", "debt")}
    return amounts | {"reference": said["reference"]}


def of_destination(payload: dict[str, Any]) -> dict[str, Any]:
    """What a party is told of a new account that its payouts go to."""
    until = payload.get("effective_at")
    return {
        "currency": payload.get("currency", ""),
        "ending": payload.get("ending", ""),
        "effective": when(parse_instant(until)) if until else "now",
    }


def _approvals(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    found = session.scalars(select(Approval).where(one_of(session, Approval.id, ids)))
    return {approval.id: Case(of_approval(approval, settings), {}, approval) for approval in found}


def of_approval(approval: Approval, settings: Settings) -> dict[str, Any]:
    """What can be said of a proposal."""
    amount = Money(approval.amount, approval.currency)
    return {
        "amount": amount,
        "maker": approval.proposed_by_name,
        "sentence": approval.sentence or f"{approval.action.replace('.', ' ')} of {amount}",
        "due": when(approval.expires_at),
        "link": link(settings, f"/approvals/{approval.id}"),
    }


def _of_order(order: Order) -> dict[str, Any]:
    return {"order": order.ref, "reference": order.ref, "amount": Money(order.amount, order.currency)}


def _of_escrow(escrow: Escrow, order: Order) -> dict[str, Any]:
    amounts = {"amount": escrow.amount, "fee": escrow.fee, "share": escrow.amount - escrow.fee}
    said = {name: Money(amount, escrow.currency) for name, amount in amounts.items()}
    return {"order": order.ref, "reference": escrow.ref} | said


def _of_dispute(dispute: Dispute, escrow: Escrow, order: Order, settings: Settings) -> dict[str, Any]:
    return _of_escrow(escrow, order) | {
        "dispute": dispute.ref,
        "reference": dispute.ref,
        "claimant": dispute.claimant,
        "reason": REASON_CODES.get(dispute.reason_code, dispute.reason_code),
        "resolution": _decision(dispute, escrow),
        "due": when(dispute.due_at),
        "link": link(settings, f"/disputes/{dispute.id}"),
    }


def _decision(dispute: Dispute, escrow: Escrow) -> str:
    if dispute.resolution is None:
        return ""
    if warranty_claims.is_rejection(dispute, dispute.resolution):
        return f"the claim is rejected. {_stays(escrow)}"
    if dispute.resolution == Resolution.REFUND_TO_BUYER or dispute.seller_amount is None:
        return _DECISIONS[Resolution(dispute.resolution)]
    parts = shares.divide(Money(escrow.amount, escrow.currency), escrow.fee, dispute.seller_amount)
    if dispute.resolution == Resolution.SPLIT:
        return f"{Money(parts.buyer, escrow.currency)} go to the buyer and {parts.seller_in_words()}"
    return f"the money is released, {parts.seller_in_words()}"


def _stays(escrow: Escrow) -> str:
    """A rejected claim pays nobody at once."""
    until = when(escrow.release_at) if escrow.release_at else "the order is completed"
    held = Money(escrow.amount, escrow.currency)
    then = f": {shares.divide(held, escrow.fee, held.amount).seller_in_words()}" if escrow.fee else " to the seller"
    return f"{held} stay held until {until}, and only then go on{then}"


def _with_parties(query: Any, owner: Any) -> Any:
    return query.join(_BUYER, _BUYER.id == owner.buyer_id).join(_SELLER, _SELLER.id == owner.seller_id)


def _sides(buyer: Party, seller: Party) -> dict[str, Party]:
    return {"buyer": buyer, "seller": seller}


_READERS: dict[str, Callable[[Session, Sequence[int], Settings], Cases]] = {
    "escrow": _escrows,
    "order": _orders,
    "payment": _payments,
    "dispute": _disputes,
    "payout": _payouts,
    "payout_schedule": _payout_schedules,
    "approval": _approvals,
    "party": _parties,
}
