"""A payer's bank disputes a payment: what that freezes while it is open, and who bears what the bank takes."""

from tests.model.plain import amounts, cases, orders, proposals
from tests.model.plain.books import Legs, Refused
from tests.model.plain.desk import Chargeback, Desk, Payment
from tests.model.plain.facts import fee_of

TAKES = ("lost", "accepted")
"""The bank has the money: this model's banks do not change their minds then."""


def may_claim(desk: Desk, payment: Payment) -> bool:
    """Whether a bank may say something of it that this model knows."""
    ended = any(desk.payments[each.payment] is payment and each.status in TAKES for each in desk.chargebacks)
    return payment.status == "succeeded" and payment.through not in ("", "manual") and not ended


def hear(desk: Desk, payment: int, said: str) -> None:
    """What its provider says of a chargeback over the whole of a payment that succeeded. Once each is news."""
    number = next((n for n, each in enumerate(desk.chargebacks) if each.payment == payment), None)
    if number is None:
        number = len(desk.chargebacks)
        desk.chargebacks.append(Chargeback(payment))
    mine, escrow = desk.chargebacks[number], desk.payments[payment].escrow
    before, mine.status = mine.status, said
    if said in TAKES:
        _cover(desk, payment)
    is_frozen = ("chargeback", number) in desk.escrows[escrow].freezes
    is_held = desk.escrows[escrow].status == "held"
    if said == "open" and is_held and not is_frozen:
        desk.freeze(escrow, "chargeback", number)
    if said != "open" and is_frozen:
        desk.lift(escrow, "chargeback", number)
    if before == said:
        return
    case = desk.dispute_of(escrow)
    if case is not None:
        cases.join(desk, number, case)
    elif said == "open" and is_held:
        cases.opened(desk, escrow, "dispute", is_of_bank=True)
    desk.tell(payment, f"chargeback.{said}")
    if said in TAKES:
        _taken(desk, payment)


def _cover(desk: Desk, number: int) -> None:
    """What the bank took is the refund that was not sent yet, so far as it goes; the rest is undecided."""
    payment = desk.payments[number]
    payment.undecided = desk.escrows[payment.escrow].amount
    if payment.refund == "waiting":
        payment.undecided -= (payment.refunded or (0, ""))[0]
        payment.refund, payment.is_covered = "processed", True
        desk.tell(number, "refund.covered")


def _taken(desk: Desk, number: int) -> None:
    payment = desk.payments[number]
    if not payment.undecided:
        return
    if desk.escrows[payment.escrow].status == "held":
        book(desk, number)
        return
    payment.status, payment.version = "needs_review", payment.version + 1
    desk.tell(number, "payment.needs_review")


def book(desk: Desk, number: int) -> None:
    """It comes out of the escrow that is held, which goes by it, whatever freezes it and whoever is to decide."""
    payment = desk.payments[number]
    at, escrow = payment.escrow, desk.escrows[payment.escrow]
    for waiting, each in enumerate(desk.proposals):
        if each.escrow == at and each.status == "proposed":
            proposals.lapse(desk, waiting)
    case = desk.dispute_of(at)
    own = ("", None) if case is None else (desk.disputes[case].cause, case)
    for cause, which in sorted(escrow.freezes - {own}, key=str):
        desk.lift(at, cause, which)
    payment.undecided, payment.status, payment.version = 0, "succeeded", payment.version + 1
    desk.tell(number, "payment.decided")
    if case is not None:
        cases.refunded_by_bank(desk, case)
    legs: Legs = {escrow.place: -escrow.amount, ("clearing", payment.through, escrow.currency): escrow.amount}
    orders.left(desk, at, "refund", legs)
    desk.transfers[-1].is_by_bank = True


def check(desk: Desk, number: int) -> None:
    """Whether somebody may say who bears it. Raises Refused if not."""
    if not desk.payments[number].undecided or desk.payments[number].status != "needs_review":
        raise Refused("nothing was taken that nobody decided about")


def decide(desk: Desk, verb: str, number: int) -> None:
    """Whoever the money went to gives it, or the platform bears it."""
    payment = desk.payments[number]
    escrow, gone, books = desk.escrows[payment.escrow], payment.undecided, desk.books
    legs: Legs = {("clearing", payment.through, escrow.currency): gone}
    shares: list[tuple[str, int]] = []
    if verb == "write_off":
        legs["losses", "", escrow.currency] = -gone
    else:
        part = min(gone, _sellers_part(desk, payment.escrow))
        fee = fee_of(escrow.fee, part, escrow.amount)
        if fee:
            legs["fees", "", escrow.currency] = -fee
        shares = [(escrow.seller, part - fee), (escrow.buyer, gone - part)]
    for party, share in shares:
        taken = min(share, books.wallet(party, escrow.currency))
        for kind, amount in (("wallet", taken), ("receivable", share - taken)):
            if amount:
                legs[kind, party, escrow.currency] = -amount
        books.owe(party, escrow.currency, share - taken)
    books.move(legs)
    payment.undecided, payment.is_borne_outside = 0, True
    payment.status, payment.version = "succeeded", payment.version + 1
    desk.tell(number, "payment.decided")
    owed, whose = books.owing(legs), [escrow.buyer]
    if verb == "write_off" or any(share for _party, share in shares):
        whose.append(escrow.seller)
    for party in whose:
        desk.letters.append((party, "payment.decided", amounts.gave(legs, owed, party, escrow.currency, gone)))


def _sellers_part(desk: Desk, number: int) -> int:
    """What the seller got of the hold, the fee on it included."""
    escrow = desk.escrows[number]
    if escrow.status == "released":
        return escrow.amount
    if escrow.status != "split":
        return 0
    legs = next(each.legs for each in reversed(desk.transfers) if each.escrow == number)
    gains = [(kind, whose, change) for (kind, whose, _), change in legs.items() if change > 0]
    return escrow.amount - sum(change for kind, whose, change in gains if kind == "clearing" or whose == escrow.buyer)
