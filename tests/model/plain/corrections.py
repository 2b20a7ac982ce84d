"""Reversals: a new, opposite transfer, and perhaps what should have been paid instead, in the same decision."""

from typing import Any

from tests.model.plain import chargebacks, orders
from tests.model.plain.books import Books, Legs, Refused
from tests.model.plain.desk import Desk, Transfer
from tests.model.plain.facts import local_day


def check(desk: Desk, number: int, verb: str, payload: dict[str, Any]) -> None:
    """Whether the transfer can be taken back, and corrected as `verb` says. Raises Refused if not."""
    transfer = desk.transfers[number]
    if transfer.is_reversed or transfer.kind == "owe":
        raise Refused("it was reversed already, or is a debt that is to be repaid")
    if transfer.escrow is not None and any(kind == "clearing" for kind, _, _ in transfer.legs):
        raise Refused("it went back through a provider")
    if any(each.escrow == transfer.escrow and each.is_borne_outside for each in desk.payments):
        raise Refused("a bank took it, and it is said who bears that")
    opposite = _opposite(desk.books, transfer, payload["to_debt"])
    if verb == "reverse":
        return
    if transfer.escrow is None or (verb == "reverse_and_refund" and transfer.kind == "refund"):
        raise Refused("there is nothing to correct")
    if desk.claimed_by_banks(transfer.escrow) or desk.undecided_of(transfer.escrow):
        raise Refused("a payer's bank would freeze it at once")
    escrow, part = desk.escrows[transfer.escrow], payload["seller_amount"]
    if verb == "reverse_and_split":
        if not 0 < part < escrow.amount:
            raise Refused("a split gives both sides something")
        if (escrow.seller, escrow.currency) not in desk.books.wallets:
            raise Refused("the seller has no wallet")
    desk.flows()
    assert opposite, "a transfer has entries"


def reverse(desk: Desk, number: int, verb: str, payload: dict[str, Any], who: str) -> None:
    """Post the opposite; what had left an escrow is held again, frozen until somebody decides, or goes as it should."""
    transfer, books = desk.transfers[number], desk.books
    opposite, transfer.is_reversed = _opposite(books, transfer, payload["to_debt"]), True
    books.move(opposite)
    transfer.undone, transfer.undone_owed = opposite, books.owing(opposite)
    for (kind, party, currency), change in opposite.items():
        if kind == "receivable" and change < 0:
            books.owe(party, currency, -change, transfer.escrow)
    desk.tell(number, "transfer.reversed")
    if transfer.escrow is None:
        return
    escrow = desk.escrows[transfer.escrow]
    escrow.status, escrow.hold_no, escrow.version = "held", escrow.hold_no + 1, escrow.version + 1
    for bank in desk.claimed_by_banks(transfer.escrow):
        desk.freeze(transfer.escrow, "chargeback", bank)
    if verb == "reverse":
        desk.freeze(transfer.escrow, "person", who)
        for payment in desk.undecided_of(transfer.escrow):
            desk.freeze(transfer.escrow, "payment", payment)
            chargebacks.book(desk, payment)
    else:
        orders.disburse(desk, transfer.escrow, payload["seller_amount"] if verb == "reverse_and_split" else 0)


def _opposite(books: Books, transfer: Transfer, to_debt: bool) -> Legs:
    """The entries the other way round; what a wallet lacks is refused, or becomes its party's debt."""
    legs: Legs = {}
    for account, change in transfer.legs.items():
        kind, party, currency = account
        short = 0
        if kind in ("wallet", "pending"):
            short = max(0, change - books.balances.get(account, 0))
        if short and not to_debt:
            raise Refused("the wallet lacks it")
        debt = ("receivable", party, currency)
        for place, amount in ((account, short - change), (debt, -short)):
            if amount:
                legs[place] = legs.get(place, 0) + amount
    return legs


def note_repaid(desk: Desk, party: str, currency: str, amount: int) -> None:
    """A repayment counts towards the day's maximum."""
    key = (party, currency, local_day(desk.now))
    desk.repaid[key] = desk.repaid.get(key, 0) + amount
    desk.books.repaid(party, currency, amount)
