"""Orders and their escrows: made, paid, completed, cancelled, disbursed."""

from datetime import datetime

from tests.model.plain.books import Legs, Refused
from tests.model.plain.desk import Desk, Escrow, Transfer
from tests.model.plain.facts import BUFFER, RELEASE_AFTER, fee_of


def create(desk: Desk, who: str, new: Escrow, terms: str, tenant: str | None = None) -> int:
    """An order with its escrow: unpaid, or held at once. A suspended tenant sells nothing more."""
    desk.require(who, "write")
    if tenant in desk.subscriptions and desk.subscriptions[tenant].status == "suspended":
        raise Refused("its tenant is suspended")
    if new.buyer == new.seller or not 0 <= new.fee <= new.amount:
        raise Refused("two parties, and a fee within the amount")
    if new.due is None and new.policy == "deadline":
        new.due = desk.now + RELEASE_AFTER
    sources = {
        "paid": ("clearing", "api", new.currency),
        "wallet": ("wallet", new.buyer, new.currency),
        "credit": ("receivable", new.buyer, new.currency),
    }
    if terms == "wallet":
        desk.flows()
        if desk.books.wallet(new.buyer, new.currency) < new.amount:
            raise Refused("the wallet does not cover it")
    desk.escrows.append(new)
    desk.tell(new, "order.created")
    if terms != "unpaid":
        if terms == "credit":
            desk.books.owe(new.buyer, new.currency, new.amount)
        new.order = "in_progress"
        hold(desk, new, {sources[terms]: -new.amount})
    return len(desk.escrows) - 1


def hold(desk: Desk, escrow: Escrow, source: Legs) -> None:
    """What came in is held."""
    desk.books.move({**source, escrow.place: escrow.amount})
    escrow.status, escrow.version = "held", escrow.version + 1
    desk.tell(escrow, "escrow.held")


def complete(desk: Desk, who: str, number: int) -> None:
    """The buyer approves the finished work: it is due at once, or when its buffer is over."""
    desk.require(who, "write")
    escrow = desk.escrows[number]
    if escrow.order != "in_progress":
        raise Refused("only what is in progress is completed")
    escrow.order = "completed"
    desk.tell(number, "order.completed")
    if escrow.policy in ("completion", "buffer"):
        due = desk.now + (BUFFER if escrow.policy == "buffer" else BUFFER * 0)
        if escrow.due is None or escrow.due < due:
            escrow.due, escrow.version = due, escrow.version + 1


def cancel(desk: Desk, who: str, number: int) -> None:
    """Only what was never paid is cancelled."""
    desk.require(who, "write")
    if desk.escrows[number].order != "awaiting_payment":
        raise Refused("it was paid, or is over")
    void(desk, number)


def void(desk: Desk, number: int, order: str = "cancelled") -> None:
    """An escrow that was never paid is given up with its order."""
    escrow = desk.escrows[number]
    if escrow.status != "pending_payment":
        raise Refused("only what awaits payment is voided")
    escrow.status, escrow.order, escrow.version = "voided", order, escrow.version + 1
    desk.tell(number, "escrow.voided", f"order.{order}")


def extend(desk: Desk, who: str, number: int, due: datetime) -> None:
    """The release is put off."""
    desk.require(who, "extend")
    escrow = desk.escrows[number]
    if escrow.status not in ("held", "pending_payment"):
        raise Refused("there is nothing to put off")
    if due <= desk.now or (escrow.due is not None and due <= escrow.due):
        raise Refused("only put off")
    put_off(desk, escrow, due)


def put_off(desk: Desk, escrow: Escrow, due: datetime) -> None:
    escrow.due, escrow.version = due, escrow.version + 1
    desk.tell(escrow, "escrow.extended")


def freeze(desk: Desk, who: str, number: int) -> None:
    """A person's freeze."""
    desk.require(who, "freeze")
    desk.freeze(number, "person", who)


def unfreeze(desk: Desk, who: str, number: int, whose: str) -> None:
    """A person's freeze is lifted by anybody who may freeze."""
    desk.require(who, "freeze")
    desk.lift(number, "person", whose)


def require_free(desk: Desk, number: int, lifted: set[tuple[str, object]], to_seller: int) -> None:
    """What a decision needs before the money of an escrow leaves."""
    escrow = desk.escrows[number]
    if escrow.status != "held" or escrow.freezes - lifted:
        raise Refused("it is not held, or frozen by something else")
    desk.flows()
    if to_seller and (escrow.seller, escrow.currency) not in desk.books.wallets:
        raise Refused("the seller has no wallet")


def shares(escrow: Escrow, to_seller: int) -> tuple[int, int, int]:
    """What the buyer, the seller and the platform get when so much of the hold is the seller's part."""
    fee = fee_of(escrow.fee, to_seller, escrow.amount)
    return escrow.amount - to_seller, to_seller - fee, fee


def disburse(desk: Desk, number: int, to_seller: int) -> None:
    """The hold leaves, whole."""
    escrow, books = desk.escrows[number], desk.books
    assert (escrow.status, escrow.freezes) == ("held", set()), "the model lets go what is not free"
    to_buyer, net, fee = shares(escrow, to_seller)
    legs: Legs = {escrow.place: -escrow.amount}
    card = desk.card_of(number) if to_buyer else None
    if card is not None:
        legs[("clearing", card.through, escrow.currency)] = to_buyer
        card.refund, card.refunded = "waiting", (to_buyer, escrow.currency)
        desk.tell(card, "refund.created")
    for party, part in ((escrow.seller, net), (escrow.buyer, 0 if card else to_buyer)):
        met = books.met(party, escrow.currency, part, number) if part else 0
        for kind, amount in (("receivable", met), ("wallet", part - met)):
            if amount:
                legs[(kind, party, escrow.currency)] = amount
    if fee:
        legs[("fees", "", escrow.currency)] = fee
    if to_buyer and card is None:
        books.wallets.add((escrow.buyer, escrow.currency))
    kind = "release" if not to_buyer else "split" if to_seller else "refund"
    left(desk, number, kind, legs)


def left(desk: Desk, number: int, kind: str, legs: Legs) -> None:
    """It has left by these entries."""
    escrow = desk.escrows[number]
    transfer = Transfer(kind, desk.books.move(legs), number, escrow.hold_no)
    transfer.owed = desk.books.owing(legs)
    desk.transfers.append(transfer)
    escrow.status = {"release": "released", "refund": "refunded", "split": "split"}[kind]
    escrow.version, escrow.waits_for_wallet = escrow.version + 1, False
    desk.tell(number, f"escrow.{escrow.status}")
