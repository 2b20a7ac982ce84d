"""What each person is told: parties of what happened to them, and people of the desk of what comes to its end."""

from datetime import timedelta

from tests.model.plain import amounts, orders
from tests.model.plain.amounts import Amounts, named
from tests.model.plain.desk import Desk, Dispute
from tests.model.plain.facts import MAY, PEOPLE

Letter = tuple[str, str, Amounts]
"""To whom, of what kind, and which amounts it names; those to people of the desk are taken for none."""
SOON = LATE = timedelta(hours=24)
ANSWER_SOON = timedelta(hours=4)
LAPSES_SOON = timedelta(hours=12)
_GETS = {"released": ("seller",), "refunded": ("buyer",), "split": ("buyer", "seller")}
_TO_BUYER = ("payment.succeeded", "refund.processed", "refund.failed")
_TO_BOTH = ("chargeback.open", "chargeback.won", "refund.covered")
_TO_PAYEE = ("payout.succeeded", "payout.failed", "payout.reversed", "payout.clawed_back")
_TO_PARTY = (
    "party.payout_destination_changed",
    "party.payout_destination_approved",
    "party.payout_destination_rejected",
)


def told(desk: Desk) -> list[Letter]:
    """Who was told what since it was last asked, by the events and by what was said besides."""
    found = list(desk.letters)
    for event, about in desk.events:
        kind = event.partition(".")[0]
        if event in _TO_PARTY:
            found.append((about, event, ()))
        elif event == "order.declined":
            escrow = desk.escrows[about]
            found.append((escrow.buyer, event, named(escrow.currency, escrow.amount)))
        elif event in _TO_BUYER or event in _TO_BOTH:
            escrow, parts = desk.escrows[desk.payments[about].escrow], amounts.of_payment(desk, event, about)
            sides = {"buyer": escrow.buyer, "seller": escrow.seller} if event in _TO_BOTH else {"": escrow.buyer}
            found += [(party, f"{event}.{side}".rstrip("."), parts) for side, party in sides.items()]
        elif event in _TO_PAYEE:
            found += _of_payout(desk, event, about)
        elif event == "payout_schedule.failed":
            mine = desk.plans[about]
            if mine.payout is None or not desk.payouts[mine.payout].was_paid:
                found.append((mine.party, event, named(mine.currency, mine.amount)))
        elif kind == "dispute":
            found += _of_case(desk, event, about)
        elif kind == "escrow":
            found += _of_money(desk, event, about)
        elif event == "transfer.reversed":
            found += _of_reversal(desk, event, about)
    return found


def _of_payout(desk: Desk, event: str, number: int) -> list[Letter]:
    """A payout of a schedule that never went is told by the schedule, when that gives up."""
    payout = desk.payouts[number]
    party, parts = desk.plans[payout.plan].party, amounts.of_payout(desk, event, number)
    if event == "payout.succeeded":
        claws_back = ("payout.clawed_back", number) in desk.events
        return [] if claws_back else [(party, event, parts)]
    if event == "payout.clawed_back":
        return [(party, event, parts)]
    return [(party, f"payout.reversed{payout.came_back_to}", parts)] if payout.was_paid else []


def _of_case(desk: Desk, event: str, number: int) -> list[Letter]:
    case = desk.disputes[number]
    escrow = desk.escrows[case.escrow]
    if event == "dispute.opened" and not case.is_of_bank:
        held = named(escrow.currency, escrow.amount)
        return [(escrow.buyer, "dispute.received", held), (escrow.seller, event, held)]
    if event != "dispute.resolved" or (case.is_of_bank and case.is_by_bank):
        return []
    shares = None if case.to_seller is None else orders.shares(escrow, case.to_seller)
    sides = (("buyer", escrow.buyer), ("seller", escrow.seller))
    return [(party, event, amounts.of_decision(case, escrow, side, shares)) for side, party in sides]


def _of_money(desk: Desk, event: str, number: int) -> list[Letter]:
    """Who got anything by it, in the wallet, off a debt, or the way that it was paid."""
    sides: tuple[str, ...] = _GETS.get(event.partition(".")[2], ())
    escrow, found = desk.escrows[number], []
    by_bank = any(each.is_by_bank for each in desk.transfers if each.escrow == number)
    if by_bank:
        sides = ("buyer", "seller") if event == "escrow.refunded" else ()
    for side in sides:
        party = escrow.buyer if side == "buyer" else escrow.seller
        last = next(each for each in reversed(desk.transfers) if each.escrow == number)
        got = sum(change for (kind, whose, _), change in last.legs.items() if whose == party and kind != "pending")
        by_card = side == "buyer" and any(kind == "clearing" for kind, _, _ in last.legs)
        if got > 0 or by_card or by_bank:
            found.append((party, event, amounts.of_money(last, escrow, side)))
    return found


def _of_reversal(desk: Desk, event: str, number: int) -> list[Letter]:
    """Whoever had got something of an escrow, and gives it again."""
    transfer = desk.transfers[number]
    if transfer.escrow is None:
        return []
    escrow = desk.escrows[transfer.escrow]
    got = {
        whose for (kind, whose, _), change in transfer.legs.items() if change > 0 and kind in ("wallet", "receivable")
    }
    whose = [party for party in (escrow.buyer, escrow.seller) if party in got]
    return [(party, event, amounts.of_reversal(transfer, escrow, party)) for party in whose]


def remind(desk: Desk) -> None:
    """What comes to its end is told once to who has to do something about it."""
    for number, case in enumerate(desk.disputes):
        if case.is_open and case.asked is None and case.assignee and desk.now - LATE < case.due <= desk.now + SOON:
            kind = "staff.dispute.overdue" if case.due <= desk.now else "staff.dispute.due"
            _once(desk, case.assignee, kind, (number, case.due))
        if case.status == "needs_response" and case.due > desk.now:
            escrow = desk.escrows[case.escrow]
            party, stage = escrow.buyer if case.waits_for == "buyer" else escrow.seller, _stage(desk, case)
            if stage:
                _once(desk, party, "dispute.answer_reminder", (number, case.due, stage))
    for number, proposal in enumerate(desk.proposals):
        if proposal.status == "proposed" and desk.now < proposal.expires <= desk.now + LAPSES_SOON:
            for who, role in PEOPLE.items():
                if "approve" in MAY[role] and who != proposal.by:
                    _once(desk, who, "staff.approval.lapses", (number, proposal.expires))


def _stage(desk: Desk, case: Dispute) -> str:
    if desk.now >= case.due - ANSWER_SOON:
        return "soon"
    is_half = case.asked is not None and desk.now >= case.asked + (case.due - case.asked) / 2
    return "half" if is_half else ""


def _once(desk: Desk, who: str, kind: str, what: tuple[object, ...]) -> None:
    if (who, kind, what) not in desk.reminded:
        desk.reminded.add((who, kind, what))
        desk.letters.append((who, kind, ()))
