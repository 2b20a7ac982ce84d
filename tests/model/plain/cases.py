"""Disputes and warranty claims."""

from typing import Any

from tests.model.plain import orders
from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk, Dispute, Escrow
from tests.model.plain.facts import ANSWERS_WITHIN, COOLDOWN


def open_dispute(desk: Desk, who: str, number: int, kind: str) -> int:
    """A claim freezes its escrow; one at a time."""
    desk.require(who, "dispute")
    if desk.escrows[number].status != "held" or desk.dispute_of(number) is not None:
        raise Refused("only held money is disputed, once at a time")
    return opened(desk, number, kind)


def opened(desk: Desk, number: int, kind: str, *, is_of_bank: bool = False) -> int:
    """A person's claim, or a bank's."""
    desk.disputes.append(Dispute(number, kind, desk.now + ANSWERS_WITHIN, is_of_bank=is_of_bank))
    made = len(desk.disputes) - 1
    desk.freeze(number, desk.disputes[made].cause, made)
    desk.tell(made, "dispute.opened")
    for bank in desk.claimed_by_banks(number):
        join(desk, bank, made)
    return made


def join(desk: Desk, chargeback: int, number: int) -> None:
    """A note tells of each word of a bank; what it claims becomes evidence of the case, once."""
    desk.disputes[number].written.append(("internal", False))
    if desk.chargebacks[chargeback].case != number:
        desk.chargebacks[chargeback].case = number
        desk.tell(number, "evidence.submitted")


def say(desk: Desk, who: str, number: int, audience: str, *, inbound: bool) -> None:
    """Something is written to a party, by it, or for the desk alone; the answer that was waited for ends the wait."""
    desk.require(who, "dispute")
    dispute = desk.disputes[number]
    _write(desk, dispute, audience, inbound=inbound)
    if inbound and dispute.waits_for == audience and dispute.status in _WAITS:
        answered(desk, who, number)


def ask(desk: Desk, who: str, number: int, side: str) -> None:
    """A party is to answer, and has its own time for it."""
    dispute = _undecided(desk, who, number)
    _write(desk, dispute, side, inbound=False, letter="dispute.needs_response")
    dispute.status, dispute.waits_for, dispute.asked = "needs_response", side, desk.now
    dispute.due, dispute.version = desk.now + ANSWERS_WITHIN, dispute.version + 1
    desk.tell(number, "dispute.ask")


def answered(desk: Desk, who: str, number: int) -> None:
    """The party answered: the desk gets as much time as it took, if it took less than all."""
    desk.require(who, "dispute")
    dispute = desk.disputes[number]
    if dispute.status not in _WAITS:
        raise Refused("nobody's answer is waited for")
    if dispute.asked is not None:
        dispute.due = max(dispute.due, desk.now + (desk.now - dispute.asked))
    _go_on(dispute, "under_review")
    desk.tell(number, "dispute.answered")


def escalate(desk: Desk, who: str, number: int) -> None:
    """Somebody with more say is called; nobody's answer is waited for any more."""
    _go_on(_undecided(desk, who, number), "escalated")
    desk.tell(number, "dispute.escalate")


def assign(desk: Desk, who: str, number: int, to: str | None) -> None:
    """An open one is handed on to somebody, or to nobody."""
    desk.require(who, "dispute")
    if not desk.disputes[number].is_open:
        raise Refused("it is over")
    desk.disputes[number].assignee = to


def expire(desk: Desk) -> None:
    """A party that was asked and was silent for too long: a person decides."""
    for dispute in desk.disputes:
        if dispute.status == "needs_response" and dispute.due <= desk.now:
            dispute.status, dispute.asked, dispute.version = "expired", None, dispute.version + 1
            desk.tell(dispute, "dispute.expired")


_WAITS = ("needs_response", "expired")


def _undecided(desk: Desk, who: str, number: int) -> Dispute:
    desk.require(who, "dispute")
    dispute = desk.disputes[number]
    if not dispute.is_open or dispute.status == "pending_approval":
        raise Refused("it is over, or a decision waits")
    return dispute


def _write(desk: Desk, dispute: Dispute, audience: str, *, inbound: bool, letter: str = "dispute.message") -> None:
    dispute.written.append((audience, inbound))
    if audience != "internal":
        if not inbound:
            desk.write_to(dispute, audience, letter)
        desk.tell(dispute, "dispute.message")


def _go_on(dispute: Dispute, status: str) -> None:
    dispute.status, dispute.version = status, dispute.version + 1
    dispute.waits_for = dispute.asked = None


def withdraw(desk: Desk, who: str, number: int) -> None:
    """The claimant takes it back; only its own freeze is lifted."""
    dispute = _undecided(desk, who, number)
    _go_on(dispute, "withdrawn")
    desk.lift(dispute.escrow, dispute.cause, number)
    if dispute.kind == "warranty_claim":
        _cool_down(desk, desk.escrows[dispute.escrow])
    desk.tell(number, "dispute.withdrawn")


def to_seller(desk: Desk, number: int, decision: dict[str, Any]) -> int | None:
    """The seller's part of the hold; None when the decision moves nothing."""
    dispute, escrow = desk.disputes[number], desk.escrows[desk.disputes[number].escrow]
    resolution = decision["resolution"]
    is_rejected = dispute.kind == "warranty_claim" and resolution == "release_to_seller"
    if resolution == "no_fault" or is_rejected:
        return None
    whole: int = {"release_to_seller": escrow.amount, "refund_to_buyer": 0}.get(resolution, decision["seller_amount"])
    return whole


def check(desk: Desk, number: int, decision: dict[str, Any], lifted: set[tuple[str, Any]]) -> None:
    """Whether it can be decided so. Raises Refused if not."""
    dispute = desk.disputes[number]
    amount, part = desk.escrows[dispute.escrow].amount, decision["seller_amount"]
    if not dispute.is_open:
        raise Refused("it is over")
    if decision["resolution"] == "split" and not 0 < part < amount:
        raise Refused("a split gives both sides something")
    part = to_seller(desk, number, decision)
    if part is not None:
        orders.require_free(desk, dispute.escrow, lifted | {(dispute.cause, number)}, part)


def resolve(desk: Desk, number: int, decision: dict[str, Any]) -> None:
    """Close it, lift its freeze, and let the money go as decided."""
    dispute, part = desk.disputes[number], to_seller(desk, number, decision)
    dispute.resolution, dispute.to_seller = decision["resolution"], part
    _go_on(dispute, "resolved")
    desk.tell(number, "dispute.resolved")
    desk.lift(dispute.escrow, dispute.cause, number)
    if part is not None:
        orders.disburse(desk, dispute.escrow, part)
    elif dispute.kind == "warranty_claim":
        _cool_down(desk, desk.escrows[dispute.escrow])


def refunded_by_bank(desk: Desk, number: int) -> None:
    """The money went back without us: nothing is left to decide."""
    dispute = desk.disputes[number]
    dispute.resolution, dispute.is_by_bank = "refund_to_buyer", True
    _go_on(dispute, "resolved")
    desk.tell(number, "dispute.resolved")
    desk.lift(dispute.escrow, dispute.cause, number)
    dispute.written.append(("internal", False))


def _cool_down(desk: Desk, escrow: Escrow) -> None:
    """A claim that came to nothing: the money waits a while longer."""
    if escrow.due is not None:
        orders.put_off(desk, escrow, max(escrow.due, desk.now) + COOLDOWN)
