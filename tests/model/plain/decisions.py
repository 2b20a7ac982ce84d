"""Money decisions: done within the limit, proposed above it, and done by a second person's yes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.model.plain import cases, chargebacks, corrections, orders, parties, payments, payout_ends, proposals
from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk, Proposal
from tests.model.plain.facts import EXPIRY

Lifted = set[tuple[str, Any]]


@dataclass
class Plan:
    """What a decision would do: how much counts against the limits, which escrow it is about, and how it is done."""

    amount: int
    currency: str
    escrow: int | None
    do: Callable[[str], None]
    """Given who does it."""
    takes_two: bool = False


def plan(desk: Desk, action: str, subject: Any, payload: dict[str, Any], lifted: Lifted) -> Plan:
    """What the decision would do now. Raises Refused when it can't be done."""
    kind, verb = action.split(".")
    if kind == "escrow":
        return _of_escrow(desk, verb, subject, lifted)
    if kind == "dispute":
        escrow = desk.disputes[subject].escrow
        cases.check(desk, subject, payload, lifted)
        return _about(desk, escrow, lambda who: cases.resolve(desk, subject, payload))
    if kind == "transfer":
        transfer = desk.transfers[subject]
        corrections.check(desk, subject, verb, payload)
        amount = sum(change for change in transfer.legs.values() if change > 0)
        currency = next(iter(transfer.legs))[2]
        return Plan(
            amount, currency, transfer.escrow, lambda who: corrections.reverse(desk, subject, verb, payload, who)
        )
    if kind == "payment" and verb in ("claw_back", "write_off"):
        chargebacks.check(desk, subject)
        return _about(desk, desk.payments[subject].escrow, lambda who: chargebacks.decide(desk, verb, subject))
    if kind == "payment":
        payments.check(desk, verb, subject)
        return _about(desk, desk.payments[subject].escrow, lambda who: payments.decide(desk, verb, subject))
    if kind == "payout":
        return _of_payout(desk, verb, subject, payload)
    parties.check(desk, verb, subject, payload)
    return Plan(payload["amount"], payload["currency"], None, lambda who: parties.book(desk, verb, subject, payload))


def _of_escrow(desk: Desk, verb: str, number: int, lifted: Lifted) -> Plan:
    escrow = desk.escrows[number]
    if verb == "void":
        if escrow.status != "pending_payment":
            raise Refused("it is held, or over")
        return _about(desk, number, lambda who: orders.void(desk, number))
    to_seller = escrow.amount if verb == "release" else 0
    orders.require_free(desk, number, lifted, to_seller)
    return _about(desk, number, lambda who: orders.disburse(desk, number, to_seller))


def _of_payout(desk: Desk, verb: str, number: int, payload: dict[str, Any]) -> Plan:
    payout = desk.payouts[number]
    payout_ends.check(desk, verb, number, payload)
    currency, two = desk.plans[payout.plan].currency, verb in ("mark_paid", "give_back")
    return Plan(payout.amount, currency, None, lambda who: payout_ends.decide(desk, verb, number), takes_two=two)


def _about(desk: Desk, number: int, do: Callable[[str], None]) -> Plan:
    escrow = desk.escrows[number]
    return Plan(escrow.amount, escrow.currency, number, do)


PERMISSIONS = {
    "escrow": ("propose",),
    "dispute": ("propose",),
    "payment": ("propose",),
    "party": ("party_money",),
    "payout": ("propose",),
    "transfer": ("reverse",),
}


def decide(desk: Desk, who: str, action: str, subject: Any, **payload: Any) -> str:
    """Do it, or propose it."""
    for permission in PERMISSIONS[action.partition(".")[0]]:
        desk.require(who, permission)
    if desk.waiting(action, subject) is not None:
        raise Refused("a decision waits for approval")
    found = plan(desk, action, subject, payload, set())
    if not found.takes_two and desk.spend(who, found.amount, found.currency):
        found.do(who)
        return "executed"
    number = len(desk.proposals)
    if action == "dispute.resolve":
        dispute = desk.disputes[subject]
        dispute.status, dispute.version = "pending_approval", dispute.version + 1
    desk.proposals.append(Proposal(action, subject, payload, who, desk.now + EXPIRY, found.escrow, 0))
    if found.escrow is not None and desk.escrows[found.escrow].status == "held":
        desk.freeze(found.escrow, "proposal", number)
    desk.proposals[number].version = version(desk, action, subject)
    desk.tell(number, "approval.proposed")
    return "proposed"


def version(desk: Desk, action: str, subject: Any) -> int:
    """The version of what is decided about; a transfer and a party have none."""
    if action.startswith("payout."):
        return desk.payouts[int(subject)].version
    if action.startswith("escrow."):
        return desk.escrows[int(subject)].version
    if action.startswith("payment."):
        return desk.payments[int(subject)].version
    return desk.disputes[int(subject)].version if action.startswith("dispute.") else 0


def approve(desk: Desk, who: str, number: int) -> None:
    """Another person's yes: checked again, and done."""
    proposal = _undecided(desk, who, number)
    if version(desk, proposal.action, proposal.subject) != proposal.version:
        raise Refused("it changed since it was proposed")
    found = plan(desk, proposal.action, proposal.subject, proposal.payload, {("proposal", number)})
    proposal.status = "executed"
    desk.tell(number, "approval.executed")
    proposals.lift(desk, number)
    found.do(who)


def reject(desk: Desk, who: str, number: int) -> None:
    """Another person's no."""
    _undecided(desk, who, number).status = "rejected"
    desk.tell(number, "approval.rejected")
    proposals.give_back(desk, number)


def expire(desk: Desk) -> None:
    """What nobody decided in time lapses."""
    for number, proposal in enumerate(desk.proposals):
        if proposal.status == "proposed" and proposal.expires <= desk.now:
            proposals.lapse(desk, number)


def _undecided(desk: Desk, who: str, number: int) -> Proposal:
    desk.require(who, "approve")
    proposal = desk.proposals[number]
    if proposal.by == who or proposal.status != "proposed" or proposal.expires <= desk.now:
        raise Refused("decided already, too late, or by the same person")
    return proposal
