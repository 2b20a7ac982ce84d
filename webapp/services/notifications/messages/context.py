"""What a message may tell about a thing: its fields in words, and its parties. Many are read with one statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import REASON_CODES
from webapp.domain.instants import in_utc
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.money.shares import Shares
from webapp.domain.state_labels import in_words
from webapp.domain.states import DisputeKind, PaymentStatus, Resolution
from webapp.domain.words import joined, phrase
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
from webapp.services.common import claim_names
from webapp.services.common.readers import KeptSentence
from webapp.services.notifications.messages import payload_fields
from webapp.services.notifications.messages.money_moved import Moved, Part
from webapp.settings import Settings
from webapp.sql import one_of, shared_alias

_BUYER, _SELLER = shared_alias(Party), shared_alias(Party)
BANK = phrase("payer's bank")
"""Who made a claim that came with a chargeback."""
BY_BANK = phrase(
    "the money went back to the payer through the bank or the service that was paid with, and nothing is left"
)
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


def _surplus(payment: Payment) -> dict[str, Any]:
    """What was paid above the price, which went into the buyer's wallet when the payment was accepted."""
    above = (payment.provider_amount or 0) - payment.amount
    if above <= 0 or payment.provider_currency != payment.currency:
        return {"surplus_said": ""}
    sentence = phrase(
        "The %(amount)s that you paid above that is in your wallet.", amount=Money(above, payment.currency)
    )
    return {"surplus_said": payload_fields.after(sentence)}


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
    return {
        "claimant": BANK,
        "about": part if part == price else phrase("%(part)s of %(price)s", part=part, price=price),
    }


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
    fee = (
        payload_fields.after(phrase("Our fee of %(fee)s was taken from your part.", fee=money["fee"]))
        if moved.fee > 0
        else ""
    )
    return money | {"fee_said": fee, **_of_price(money["whole"], price)}


def _of_price(held: Money, price: Money | None) -> dict[str, Any]:
    """What was held, where that was less than the price: a part had gone before."""
    if price is None or held.currency != price.currency or held.amount >= price.amount:
        return {"held_of": "", "held_said": ""}
    return {
        "held_of": phrase(", of which %(held)s was still held", held=held),
        "held_said": payload_fields.after(
            phrase("Of the order's amount of %(price)s, %(held)s was still held.", price=price, held=held)
        ),
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
                "said": _reason(payout.status_detail),
                "link": link(settings, f"/payouts/{payout.id}"),
            },
            {"payee": party},
            payout,
        )
        for payout, to, party in rows
    }


def _reason(kept: str | None) -> str:
    return KeptSentence(kept.rstrip(".")) if kept else phrase("no reason was given")


def _payout_schedules(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    query = select(PayoutSchedule, Party).join(Party, Party.id == PayoutSchedule.party_id)
    return {
        schedule.id: Case(
            {
                "payout": schedule.ref,
                "reference": schedule.ref,
                "amount": Money(schedule.amount, schedule.currency),
                "said": _reason(schedule.failure_reason),
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


def _approvals(session: Session, ids: Sequence[int], settings: Settings) -> Cases:
    found = session.scalars(select(Approval).where(one_of(session, Approval.id, ids)))
    return {approval.id: Case(of_approval(approval, settings), {}, approval) for approval in found}


def of_approval(approval: Approval, settings: Settings) -> dict[str, Any]:
    """What can be said of a proposal."""
    amount = Money(approval.amount, approval.currency)
    return {
        "amount": amount,
        "maker": approval.proposed_by_name,
        "sentence": KeptSentence(approval.sentence or f"{approval.action.replace('.', ' ')} of {amount}"),
        "due": approval.expires_at,
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
        "claimant": in_words(dispute.claimant),
        "reason": _why_opened(dispute, settings),
        **{f"resolution_for_{side}": _decision(dispute, escrow, side) for side in ("buyer", "seller")},
        "due": dispute.due_at or "",
        "link": link(settings, f"/disputes/{dispute.id}"),
    }


def _why_opened(dispute: Dispute, settings: Settings) -> str:
    """Why it was opened; of a warranty claim, also what the marketplace calls that."""
    reason = REASON_CODES.get(dispute.reason_code, dispute.reason_code)
    if dispute.kind != DisputeKind.WARRANTY_CLAIM:
        return reason
    kind = claim_names.kind_in_words(dispute.kind, settings)
    return phrase("%(kind)s: %(reason)s", kind=kind, reason=reason)


def _decision(dispute: Dispute, escrow: Escrow, side: str) -> str:
    """What was decided, as it concerns this side."""
    if dispute.resolution is None:
        return ""
    if resolutions.rejects_claim(dispute.kind, dispute.resolution):
        return joined(phrase("the claim is rejected."), _stays(escrow))
    if dispute.resolution == Resolution.NO_FAULT or dispute.seller_amount is None:
        return phrase("neither side is at fault, and the order goes on")
    held = Money(escrow.amount, escrow.currency)
    parts = shares.divide(held, escrow.fee, dispute.seller_amount)
    return _for_buyer(parts, held) if side == "buyer" else _for_seller(parts)


def _for_buyer(parts: Shares, held: Money) -> str:
    back = Money(parts.buyer, parts.currency)
    if not parts.buyer:
        return phrase("the money goes to the seller")
    if parts.buyer == held.amount:
        return phrase("you get %(amount)s back", amount=back)
    return phrase("you get %(amount)s of %(held)s back", amount=back, held=held)


def _for_seller(parts: Shares) -> str:
    back = Money(parts.buyer, parts.currency)
    if not parts.seller and not parts.fee:
        return phrase("%(amount)s goes back to the buyer", amount=back)
    gets = phrase("you get %(amount)s", amount=Money(parts.seller, parts.currency))
    if parts.fee:
        gets = phrase("%(gets)s after the fee of %(amount)s", gets=gets, amount=Money(parts.fee, parts.currency))
    return phrase("%(gets)s, and %(amount)s goes back to the buyer", gets=gets, amount=back) if parts.buyer else gets


def _stays(escrow: Escrow) -> str:
    """A rejected claim pays nobody at once."""
    until = KeptSentence(in_utc(escrow.release_at)) if escrow.release_at else phrase("the order is completed")
    held = Money(escrow.amount, escrow.currency)
    if not escrow.fee:
        return phrase("%(held)s stay held until %(until)s, and only then go on to the seller", held=held, until=until)
    share = shares.divide(held, escrow.fee, held.amount).seller_in_words()
    return phrase(
        "%(held)s stay held until %(until)s, and only then go on: %(share)s", held=held, until=until, share=share
    )


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
