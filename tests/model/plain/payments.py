"""Payments through a provider, what it answers, and refunds that go back through it."""

from typing import Any

from tests.model.plain import orders
from tests.model.plain.books import Legs, Refused
from tests.model.plain.desk import Desk, Payment, Transfer
from tests.model.plain.facts import ASKED_FOR, UNPAID_AFTER

PROVIDER = "paystack"


def begin(desk: Desk, who: str, number: int) -> None:
    """An attempt to collect an order's money."""
    desk.require(who, "write")
    if desk.escrows[number].order != "awaiting_payment":
        raise Refused("there is nothing to pay")
    desk.payments.append(Payment(number))
    desk.tell(len(desk.payments) - 1, "payment.created")


def answer(desk: Desk, number: int, said: str) -> None:
    """What its provider says of it: `paid` and how much and in what, `failed`, or nothing that settles anything.

    What the provider has is what it says again, whatever is drawn.
    """
    payment = desk.payments[number]
    escrow = desk.escrows[payment.escrow]
    payment.asked = payment.asked or desk.now
    if payment.has is None and said in ("paid", "less", "more", "foreign"):
        amounts = {"less": escrow.amount - 1, "more": escrow.amount + 5}
        payment.has = (amounts.get(said, escrow.amount), "KES" if said == "foreign" else escrow.currency)
    if payment.has is None:
        is_over = payment.asked + ASKED_FOR <= desk.now
        if payment.status == "pending" and (said == "failed" or is_over):
            _end(desk, number, "failed" if said == "failed" else "expired")
        return
    if payment.status not in ("pending", *GIVEN_UP) or payment.refund is not None:
        return
    is_whole = payment.has == (escrow.amount, escrow.currency)
    if is_whole and payment.status == "pending" and escrow.order == "awaiting_payment":
        _hold(desk, payment, PROVIDER)
    else:
        payment.status, payment.is_in_doubt = "needs_review", True
        payment.version += 1
        desk.tell(number, "payment.needs_review")


GIVEN_UP = ("failed", "expired")


def _end(desk: Desk, number: int, how: str) -> None:
    payment = desk.payments[number]
    payment.status, payment.version = how, payment.version + 1
    desk.tell(number, f"payment.{how}")
    escrow = desk.escrows[payment.escrow]
    if escrow.order == "awaiting_payment" and not under_way(desk, payment.escrow):
        orders.void(desk, payment.escrow, "declined")


def under_way(desk: Desk, escrow: int) -> bool:
    """Whether a payment of it may still come to something."""
    return any(each.escrow == escrow and each.status in ("pending", "needs_review") for each in desk.payments)


def decline_unpaid(desk: Desk, at: Any) -> None:
    """Orders that nobody paid for too long."""
    for number, escrow in enumerate(desk.escrows):
        is_old = escrow.created <= at - UNPAID_AFTER
        if escrow.order == "awaiting_payment" and is_old and not under_way(desk, number):
            orders.void(desk, number, "declined")


def check(desk: Desk, verb: str, number: int) -> None:
    """Whether a person may decide so. Raises Refused if not."""
    payment = desk.payments[number]
    escrow = desk.escrows[payment.escrow]
    if verb in ("accept", "refund") and (payment.status != "needs_review" or payment.undecided):
        raise Refused("it is not in review")
    if verb == "accept":
        amount, currency = payment.has or (0, "")
        if currency != escrow.currency or amount < escrow.amount:
            raise Refused("too little, or another currency")
    if verb == "mark_paid" and (payment.status not in ("pending", *GIVEN_UP) or payment.is_in_doubt):
        raise Refused("its provider has something of it, or it is settled")
    if verb != "refund" and escrow.status not in ("pending_payment", "voided"):
        raise Refused("it is paid already")


def decide(desk: Desk, verb: str, number: int) -> None:
    """Hold what came in, give it back, or hold what came another way."""
    payment = desk.payments[number]
    escrow = desk.escrows[payment.escrow]
    if verb == "refund":
        payment.status, payment.version = "failed", payment.version + 1
        payment.refund, payment.refunded = "waiting", payment.has
        desk.tell(number, "refund.created", "payment.failed")
        return
    _hold(desk, payment, PROVIDER if verb == "accept" else "manual")
    surplus = (payment.has or (0, ""))[0] - escrow.amount if verb == "accept" else 0
    if surplus:
        place = ("clearing", PROVIDER, escrow.currency)
        legs = desk.books.move({place: -surplus, ("wallet", escrow.buyer, escrow.currency): surplus})
        desk.transfers.append(Transfer("deposit", legs, reference=f"surplus {number}"))


def _hold(desk: Desk, payment: Payment, source: str) -> None:
    escrow = desk.escrows[payment.escrow]
    payment.status, payment.version, payment.through = "succeeded", payment.version + 1, source
    escrow.order = "in_progress"
    orders.hold(desk, escrow, {("clearing", source, escrow.currency): -escrow.amount})
    desk.tell(payment, "payment.succeeded")


def refund_answer(desk: Desk, number: int, said: str) -> None:
    """What the provider says of a refund: the payer has it, or `less` of it, or it kept the money, which goes to the
    wallet then. What is not what was asked, or not what it said before, is for a person, and moves nothing.
    """
    payment = desk.payments[number]
    if payment.refund == "failed" or (payment.refund == "processed" and said != "failed"):
        return
    if said == "less" or (said == "failed" and payment.was_refunded):
        payment.refund = "needs_review"
        return
    payment.refund, payment.was_refunded = said, said == "processed"
    desk.tell(number, f"refund.{payment.refund}")
    if said == "failed" and payment.status == "succeeded":
        amount, currency = payment.refunded or (0, "")
        buyer = desk.escrows[payment.escrow].buyer
        legs: Legs = {("clearing", PROVIDER, currency): -amount, ("wallet", buyer, currency): amount}
        desk.books.move(legs)
