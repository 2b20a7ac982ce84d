"""What a message may tell about a thing: its fields in words, and its parties. Many are read with one statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import REASON_CODES
from webapp.domain.instants import parse_instant
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.money.shares import Shares
from webapp.domain.states import PaymentStatus, Resolution
from webapp.models import (
    Approval,
    Chargeback,
    Dispute,
    Escrow,
    Order,
    Party,
    Payment,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Refund,
    Transfer,
)
from webapp.models.base import BigInt
from webapp.services.notifications.messages.money_moved import Moved, Part
from webapp.settings import Settings
from webapp.sql import one_of, shared_alias

_BUYER, _SELLER = shared_alias(Party), shared_alias(Party)
BANK = "payer's bank"
"""Who made a claim that came with a chargeback."""
BY_BANK = "the money went back to the payer through the bank or the service that was paid with, and nothing is left"
"""How a dispute ended whose money a bank took."""


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
    return {
        payment.id: Case(_of_order(order) | _surplus(payment), _concerned(payment, *sides), payment)
        for payment, order, *sides in rows
    }


def _surplus(payment: Payment) -> dict[str, str]:
    """What was paid above the price, which went into the buyer's wallet when the payment was accepted."""
    above = (payment.provider_amount or 0) - payment.amount
    if above <= 0 or payment.provider_currency != payment.currency:
        return {"surplus_said": ""}
    return {"surplus_said": f" The {Money(above, payment.currency)} that you paid above that is in your wallet."}


def _disputes(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    its = (Chargeback.dispute_id == Dispute.id, Dispute.reason_code == "chargeback")
    bank = select(func.sum(Chargeback.amount).cast(BigInt)).where(*its).scalar_subquery()
    query = select(Dispute, bank, Escrow, Order, _BUYER, _SELLER).where(one_of(session, Dispute.id, ids))
    joined = query.join(Escrow, Escrow.id == Dispute.escrow_id).join(Order, Order.id == Escrow.order_id)
    rows = session.execute(_with_parties(joined, Escrow))
    return {
        dispute.id: Case(
            _of_dispute(dispute, escrow, order, settings) | _of_bank(claimed, order),
            _sides(*sides),
            dispute,
        )
        for dispute, claimed, escrow, order, *sides in rows
    }


def _of_bank(claimed: int | None, order: Order) -> dict[str, Any]:
    """What is otherwise when the payer's bank made it: it may want a part of the price."""
    if claimed is None:
        return {}
    part, price = Money(claimed, order.currency), Money(order.amount, order.currency)
    return {"claimant": BANK, "about": part if part == price else f"{part} of {price}"}


def _refunds(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(Refund, Payment, Order, _BUYER, _SELLER).where(one_of(session, Refund.id, ids))
    joined = query.join(Payment, Payment.id == Refund.payment_id).join(Order, Order.id == Payment.order_id)
    return {
        refund.id: Case(
            _of_order(order)
            | {"amount": Money(refund.amount, refund.currency), "is_second": payment.duplicate_of_id is not None},
            _concerned(payment, *sides),
            refund,
        )
        for refund, payment, order, *sides in session.execute(_with_parties(joined, Order))
    }


def _transfers(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    """Those of escrows: others are told to nobody."""
    query = select(Transfer, Order, _BUYER, _SELLER).where(one_of(session, Transfer.id, ids))
    joined = query.join(Escrow, Escrow.id == Transfer.escrow_id).join(Order, Order.id == Escrow.order_id)
    rows = session.execute(_with_parties(joined, Escrow))
    return {transfer.id: Case(_of_order(order), _sides(*sides), transfer) for transfer, order, *sides in rows}


def of_moved(moved: Moved, party_id: int, price: Money | None) -> dict[str, Any]:
    """What can be said of a transfer to one of its parties, by its own entries; `price` is the order's."""
    part = moved.parts.get(party_id, Part())
    amounts = {
        "whole": moved.amount,
        "fee": moved.fee,
        "share": abs(part.wallet + part.debt),
        "wallet": abs(part.wallet),
        "debt": abs(part.debt),
        "owes": part.owes,
        "outside": moved.outside,
        "sent": moved.sent,
        "gone": moved.gone,
        "rest": moved.amount - moved.gone,
        "change": abs(moved.held),
        "left": moved.left,
    }
    money = {name: Money(amount, moved.currency) for name, amount in amounts.items()}
    fee = f" Our fee of {money['fee']} was taken from your part." if moved.fee > 0 else ""
    return money | {"fee_said": fee, **_of_price(money["whole"], price)}


def _of_price(held: Money, price: Money | None) -> dict[str, str]:
    """What was held, where that was less than the price: a part had gone before."""
    is_less = price is not None and held.currency == price.currency and held.amount < price.amount
    return {
        "held_of": f", of which {held} was still held" if is_less else "",
        "held_said": f" Of the order's amount of {price}, {held} was still held." if is_less else "",
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
                "said": (payout.status_detail or "no reason was given").rstrip("."),
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


def of_deduction(details: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a repayment that a standing order took, by its event."""
    amounts = {name: Money(details[name], details["currency"]) for name in ("amount", "debt")}
    return amounts | {"reference": details["reference"]}


def of_destination(payload: dict[str, Any]) -> dict[str, Any]:
    """What a party is told of a new account for its payouts, and of what became of it."""
    until, former = payload.get("effective_at"), payload.get("used_again")
    again = f"They go to the account ending in {former} again." if former else "Tell us where they are to go."
    return {
        "used_said": again,
        "currency": payload.get("currency", ""),
        "ending": payload.get("ending", ""),
        "effective": when(parse_instant(until)) if until else "now",
    }


def of_clawed_back(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a payout that the party gives back, by its event."""
    wallet, debt = (Money(payload[name], payload["currency"]) for name in ("from_wallet", "as_debt"))
    parts = [f"{wallet} was taken from your wallet"] if wallet.amount else []
    parts += [f"{debt} you owe"] if debt.amount else []
    return {"given_said": f"{', and '.join(parts)}."}


def of_returned(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a payout that came back to somebody who had owed some of it, by its event."""
    met, amount = (Money(payload.get(name, 0), payload["currency"]) for name in ("debt_met_amount", "amount"))
    rest = Money(amount.amount - met.amount, amount.currency)
    left = f", and {rest} is in your wallet" if rest.amount else ""
    return {"back_said": f"{met} of it meets what you owed of it{left}."}


def of_chargeback(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a bank's dispute, by its event."""
    disputed, given_back = (
        Money(payload.get(name, 0), payload["currency"]) for name in ("disputed_amount", "given_back_amount")
    )
    sentence = f" {given_back} that had gone back to the payer by it comes back to us." if given_back.amount else ""
    return {"disputed": disputed, "given_back_said": sentence}


def of_covered(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a refund that a bank's taking replaced, by its event."""
    rest = Money(payload["rest"], payload["currency"])
    goes = f"The other {rest} is given back the way you paid; we tell you when that is done."
    sentence = goes if rest.amount else "Nothing more is sent to you for it."
    return {"covered": Money(payload["covered"], payload["currency"]), "rest_said": sentence}


def of_uncovered(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of what a bank gave back of that, by its event."""
    by_refund = "It is given back the way you paid; we tell you when that is done."
    way = by_refund if payload["way"] == "refund" else "It is in your wallet."
    return {"again": Money(payload["again"], payload["currency"]), "way_said": way}


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
    price = Money(order.amount, order.currency)
    return {"order": order.ref, "reference": order.ref, "amount": price, "price": price}


def _of_escrow(escrow: Escrow, order: Order) -> dict[str, Any]:
    amounts = {"amount": escrow.amount, "fee": escrow.fee, "share": escrow.amount - escrow.fee}
    money = {name: Money(amount, escrow.currency) for name, amount in amounts.items()}
    return {"order": order.ref, "reference": escrow.ref, "price": Money(order.amount, order.currency)} | money


def _of_dispute(dispute: Dispute, escrow: Escrow, order: Order, settings: Settings) -> dict[str, Any]:
    return _of_escrow(escrow, order) | {
        "dispute": dispute.ref,
        "about": Money(escrow.amount, escrow.currency),
        "reference": dispute.ref,
        "claimant": dispute.claimant,
        "reason": REASON_CODES.get(dispute.reason_code, dispute.reason_code),
        **{f"resolution_for_{side}": _decision(dispute, escrow, side) for side in ("buyer", "seller")},
        "due": when(dispute.due_at),
        "link": link(settings, f"/disputes/{dispute.id}"),
    }


def _decision(dispute: Dispute, escrow: Escrow, side: str) -> str:
    """What was decided, as it concerns this side."""
    if dispute.resolution is None:
        return ""
    if resolutions.rejects_claim(dispute.kind, dispute.resolution):
        return f"the claim is rejected. {_stays(escrow)}"
    if dispute.resolution == Resolution.NO_FAULT or dispute.seller_amount is None:
        return "neither side is at fault, and the order goes on"
    held = Money(escrow.amount, escrow.currency)
    parts = shares.divide(held, escrow.fee, dispute.seller_amount)
    return _for_buyer(parts, held) if side == "buyer" else _for_seller(parts)


def _for_buyer(parts: Shares, held: Money) -> str:
    back = Money(parts.buyer, parts.currency)
    if not parts.buyer:
        return "the money goes to the seller"
    return f"you get {back} back" if parts.buyer == held.amount else f"you get {back} of {held} back"


def _for_seller(parts: Shares) -> str:
    back = Money(parts.buyer, parts.currency)
    if not parts.seller and not parts.fee:
        return f"{back} goes back to the buyer"
    fee = f" after the fee of {Money(parts.fee, parts.currency)}" if parts.fee else ""
    rest = f", and {back} goes back to the buyer" if parts.buyer else ""
    return f"you get {Money(parts.seller, parts.currency)}{fee}{rest}"


def _stays(escrow: Escrow) -> str:
    """A rejected claim pays nobody at once."""
    until = when(escrow.release_at) if escrow.release_at else "the order is completed"
    held = Money(escrow.amount, escrow.currency)
    then = f": {shares.divide(held, escrow.fee, held.amount).seller_in_words()}" if escrow.fee else " to the seller"
    return f"{held} stay held until {until}, and only then go on{then}"


def _with_parties(query: Any, owner: Any) -> Any:
    return query.join(_BUYER, _BUYER.id == owner.buyer_id).join(_SELLER, _SELLER.id == owner.seller_id)


def _concerned(payment: Payment, buyer: Party, seller: Party) -> dict[str, Party]:
    """A seller has no part in what was collected besides another payment, or did not pay the order."""
    is_for_seller = payment.duplicate_of_id is None and payment.status != PaymentStatus.FAILED
    return _sides(buyer, seller) if is_for_seller else {"buyer": buyer}


def _sides(buyer: Party, seller: Party) -> dict[str, Party]:
    return {"buyer": buyer, "seller": seller}


_READERS: dict[str, Callable[[Session, Sequence[int], Settings], Cases]] = {
    "escrow": _escrows,
    "order": _orders,
    "payment": _payments,
    "dispute": _disputes,
    "refund": _refunds,
    "transfer": _transfers,
    "payout": _payouts,
    "payout_schedule": _payout_schedules,
    "approval": _approvals,
    "party": _parties,
}
