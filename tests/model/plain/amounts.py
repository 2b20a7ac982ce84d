"""The amounts that letters name: what a person got or gave, by which parts, and what is owed after it."""

from typing import TYPE_CHECKING, Any

from tests.model.plain.books import Legs

if TYPE_CHECKING:
    from tests.model.plain.desk import Desk, Dispute, Escrow, Transfer

Amounts = tuple[tuple[str, int], ...]
"""Currencies and minor units, each once, in their order; nothing is no amount."""


def named(currency: str, *amounts: int) -> Amounts:
    return tuple(sorted({(currency, amount) for amount in amounts if amount}))


def of_money(transfer: "Transfer", escrow: "Escrow", side: str) -> Amounts:
    """What one side of an escrow is told of how it went."""
    party = escrow.buyer if side == "buyer" else escrow.seller
    outside = sum(change for (kind, _, _), change in transfer.legs.items() if kind == "clearing")
    if outside and (side == "buyer" or transfer.is_by_bank):
        return named(escrow.currency, outside)
    fee = transfer.legs.get(("fees", "", escrow.currency), 0) if side == "seller" else 0
    price = escrow.amount if transfer.kind == "release" else 0
    return _got(transfer.legs, transfer.owed, party, escrow.currency, fee, price)


def of_reversal(transfer: "Transfer", escrow: "Escrow", party: str) -> Amounts:
    """What a party is told that has to give again what it had got."""
    return gave(transfer.undone, transfer.undone_owed, party, escrow.currency)


def gave(legs: Legs, owed: dict[str, int], party: str, currency: str, *more: int) -> Amounts:
    """What was taken of a party's wallet, and what it owes of it."""
    wallet, debt = -legs.get(("wallet", party, currency), 0), -legs.get(("receivable", party, currency), 0)
    return named(currency, wallet + debt, wallet, debt, owed.get(party, 0) if debt else 0, *more)


def _got(legs: Legs, owed: dict[str, int], party: str, currency: str, *more: int) -> Amounts:
    """What a party got, with what of it met a debt and what is owed still, if anything met one."""
    wallet, debt = legs.get(("wallet", party, currency), 0), legs.get(("receivable", party, currency), 0)
    parts = (owed.get(party, 0), *((wallet, debt) if wallet else ())) if debt else ()
    return named(currency, wallet + debt, *parts, *more)


def of_decision(case: "Dispute", escrow: "Escrow", side: str, shares: tuple[int, int, int] | None) -> Amounts:
    """What each side is told of how its case ended: its part, and the buyer's; what waits on, of a rejected claim."""
    if case.is_by_bank:
        return ()
    if shares is None:
        is_rejected = case.kind == "warranty_claim"
        parts = (escrow.amount - escrow.fee, escrow.fee) if is_rejected and escrow.fee else ()
        return named(escrow.currency, escrow.amount, *parts) if is_rejected else ()
    back, net, fee = shares
    if side == "seller":
        return named(escrow.currency, net, fee, back)
    return named(escrow.currency, back, escrow.amount) if back else ()


def of_payment(desk: "Desk", event: str, number: int) -> Amounts:
    """What is told of a payment, its refund, or what a bank wants of it."""
    payment = desk.payments[number]
    escrow = desk.escrows[payment.escrow]
    if event.startswith("refund."):
        amount, currency = payment.refunded or (0, "")
        return named(currency, amount)
    surplus = 0
    if event == "payment.succeeded" and payment.has is not None and payment.has[1] == escrow.currency:
        surplus = max(0, payment.has[0] - escrow.amount)
    return named(escrow.currency, escrow.amount, surplus)


def of_payout(desk: "Desk", event: str, number: int) -> Amounts:
    """What is told of a payout: what was clawed back of it, or met a debt when it came back."""
    payout: Any = desk.payouts[number]
    parts: tuple[int, ...] = ()
    if event == "payout.clawed_back":
        parts = payout.clawed
    elif payout.came_back_to == ".debt" and event != "payout.succeeded":
        parts = (payout.met, payout.amount - payout.met)
    return named(desk.plans[payout.plan].currency, payout.amount, *parts)
