"""A payer's bank disputes a payment: what that freezes while it is open."""

from tests.model.plain import cases
from tests.model.plain.desk import Chargeback, Desk


def hear(desk: Desk, payment: int, said: str) -> None:
    """What its provider says of a chargeback of a payment that succeeded: `open`, or `won` by us. Once each is news."""
    number = next((n for n, each in enumerate(desk.chargebacks) if each.payment == payment), None)
    if number is None:
        number = len(desk.chargebacks)
        desk.chargebacks.append(Chargeback(payment))
    mine, escrow = desk.chargebacks[number], desk.payments[payment].escrow
    before, mine.status = mine.status, said
    is_frozen = ("chargeback", number) in desk.escrows[escrow].freezes
    is_held = desk.escrows[escrow].status == "held"
    if said == "open" and is_held and not is_frozen:
        desk.freeze(escrow, "chargeback", number)
    if said == "won" and is_frozen:
        desk.lift(escrow, "chargeback", number)
    if before == said:
        return
    case = desk.dispute_of(escrow)
    if case is not None:
        cases.join(desk, number, case)
    elif said == "open" and is_held:
        cases.opened(desk, escrow, "dispute", is_of_bank=True)
    desk.tell(payment, f"chargeback.{said}")
