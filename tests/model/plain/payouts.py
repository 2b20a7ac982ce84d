"""Payouts: where they go, when they are due, and how they are written and sent."""

from collections.abc import Collection
from datetime import datetime

from tests.model.plain import banks
from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk, Destination, Payout, Plan
from tests.model.plain.facts import (
    DESTINATION_WAITS,
    LOOKED_UP_WITHIN,
    PAYS_OUT,
    RESENT_FOR,
    TRY_REST,
    next_check,
)

PAYABLE = ("pending", "failed")


def put_destination(desk: Desk, who: str, party: str, currency: str) -> None:
    """Another account in the place of the one before; nothing is paid to either while it waits."""
    desk.require(who, "write")
    now = in_use(desk, party, currency)
    if now is not None:
        desk.destinations[now].retired = desk.now
    desk.destinations.append(Destination(party, currency, who, desk.now, desk.now + DESTINATION_WAITS))
    desk.tell(party, "party.payout_destination_changed")


def decide_destination(desk: Desk, who: str, number: int, *, yes: bool) -> None:
    """Another person lets it be paid to at once; or somebody gives it up, and the one before is used again."""
    desk.require(who, "approve")
    mine = desk.destinations[number]
    if yes and mine.by == who:
        raise Refused("by another person")
    if mine.retired is not None or mine.effective <= desk.now:
        raise Refused("it does not wait")
    if yes:
        mine.effective = desk.now
        desk.tell(mine.party, "party.payout_destination_approved")
        return
    mine.retired = desk.now
    former = [
        each
        for each in desk.destinations[:number]
        if (each.party, each.currency, each.retired) == (mine.party, mine.currency, mine.created)
    ]
    if former:
        former[-1].retired = None
    desk.tell(mine.party, "party.payout_destination_rejected")


def in_use(desk: Desk, party: str, currency: str) -> int | None:
    """Which account of a party is the present one."""
    found = enumerate(desk.destinations)
    mine = (n for n, each in found if (each.party, each.currency, each.retired) == (party, currency, None))
    return next(mine, None)


def plan(desk: Desk, who: str, new: Plan) -> None:
    """A payout to be."""
    desk.require(who, "payout")
    desk.plans.append(new)
    desk.tell(new, "payout_schedule.created")


def change_plan(desk: Desk, who: str, number: int, amount: int, due: datetime) -> None:
    """One that is not being paid; it has all its tries again."""
    desk.require(who, "payout")
    mine = _payable(desk, number)
    mine.amount, mine.due, mine.status, mine.tries, mine.told_unpaid = amount, due, "pending", 0, False
    desk.tell(number, "payout_schedule.changed")


def cancel_plan(desk: Desk, who: str, number: int) -> None:
    """Given up before it is paid."""
    desk.require(who, "payout")
    _payable(desk, number).status = "cancelled"
    desk.tell(number, "payout_schedule.cancelled")


def pay_now(desk: Desk, who: str, number: int) -> None:
    """A person has it paid, whatever its date and its rest after a failure say."""
    desk.require(who, "pay_out")
    mine = _payable(desk, number)
    if mine.guarantee is not None and mine.guarantee > desk.now:
        raise Refused("its guarantee is not over")
    desk.flows()
    if lacks(desk, number, PAYS_OUT | {mine.currency: "any"}):
        raise Refused("it can't be paid")
    if mine.status == "failed":
        mine.status, mine.tries = "pending", 0
    pay_due(desk, desk.now, number)


def retry(desk: Desk, who: str, number: int) -> None:
    """A new payout in the place of one that came back."""
    desk.require(who, "pay_out")
    payout = desk.payouts[number]
    mine = desk.plans[payout.plan]
    if payout.status not in ("failed", "reversed") or mine.payout != number or mine.status not in PAYABLE:
        raise Refused("it did not come back, or was followed by another")
    if mine.amount != payout.amount or mine.due > desk.now:
        raise Refused("its schedule says something else by now")
    pay_now(desk, who, payout.plan)


def cancel(desk: Desk, who: str, number: int) -> None:
    """Given up before it is sent, or when it surely is not there."""
    desk.require(who, "payout")
    payout = desk.payouts[number]
    if payout.status != "pending" or (payout.sent is not None and payout.sent + LOOKED_UP_WITHIN > desk.now):
        raise Refused("it was sent, or may have been")
    banks.give_back(desk, number)
    payout.status, payout.settled, payout.version = "cancelled", desk.now, payout.version + 1
    payout.recheck = next_check(desk.now, desk.now) if payout.sent is not None else None
    desk.plans[payout.plan].status = "cancelled"
    desk.tell(number, "payout.cancelled")


def lacks(desk: Desk, number: int, routes: dict[str, str]) -> bool:
    """Whether a schedule can't be paid now: a decision, a provider, an account or cover is missing."""
    mine = desk.plans[number]
    to = in_use(desk, mine.party, mine.currency)
    waits = to is None or desk.destinations[to].effective > desk.now
    twice = any(each.plan == number and each.after_all for each in desk.payouts)
    return twice or mine.currency not in routes or waits or desk.books.wallet(mine.party, mine.currency) < mine.amount


def pay_due(desk: Desk, at: datetime, only: int | None = None) -> list[int]:
    """Write a payout for each schedule whose time has come, or for one; then send, and ask about, all that is due.

    A run that may not write what is due, because all money is stopped, ends there. Returns the payouts that failed.
    """
    for number in _in_turn(desk):
        if _is_due(desk.plans[number], at) if only is None else number == only:
            if desk.is_stopped:
                return []
            _write(desk, number)
    return _send(desk, range(len(desk.payouts)))


def pay_again(desk: Desk, at: datetime, failed: list[int]) -> list[int]:
    """What of the payouts that failed in a run is due still, and as it was: a new one for each; nothing else is sent,
    and nothing waits for its rest. Returns the payouts that failed.
    """
    retried = [number for number in _in_turn(desk) if desk.plans[number].payout in failed]
    for number in retried:
        if _is_due(desk.plans[number], at, rests=False):
            if desk.is_stopped:
                return []
            if not _is_changed(desk, number):
                _write(desk, number)
    present = (desk.plans[number].payout for number in retried)
    return _send(desk, {*failed, *(payout for payout in present if payout is not None)})


def _in_turn(desk: Desk) -> list[int]:
    return sorted(range(len(desk.plans)), key=lambda n: (desk.plans[n].due, n))


def _is_changed(desk: Desk, number: int) -> bool:
    """Whether its amount or account is another than that of its last payout."""
    mine = desk.plans[number]
    last, to = desk.payouts[mine.payout or 0], in_use(desk, mine.party, mine.currency)
    return to is not None and (last.amount, last.destination) != (mine.amount, to)


def _send(desk: Desk, some: Collection[int]) -> list[int]:
    """Send those of some whose time has come, or ask about them."""
    taken = [number for number in some if _is_taken(desk, number)]
    taken += _probe(desk, some)
    return banks.settle(desk, {number: _spoken(desk, number) for number in sorted(taken)})


def sendable(desk: Desk, number: int) -> bool:
    """Whether nobody has to decide first: its account was changed, or another of its schedule was paid after all."""
    payout = desk.payouts[number]
    twice = any(each.plan == payout.plan and each.after_all for each in desk.payouts)
    return desk.destinations[payout.destination].retired is None and not twice


def _payable(desk: Desk, number: int) -> Plan:
    mine = desk.plans[number]
    if mine.status not in PAYABLE:
        raise Refused("it is being paid, or over")
    return mine


def _is_due(mine: Plan, at: datetime, *, rests: bool = True) -> bool:
    is_guaranteed = mine.guarantee is None or mine.guarantee <= at
    is_rested = not rests or mine.last_try is None or mine.last_try <= at - TRY_REST
    return mine.status == "pending" and mine.due <= at and is_guaranteed and is_rested


def _write(desk: Desk, number: int) -> None:
    mine = desk.plans[number]
    to = in_use(desk, mine.party, mine.currency)
    if to is None or lacks(desk, number, PAYS_OUT):
        if not mine.told_unpaid:
            desk.tell(number, "payout_schedule.unpaid")
        mine.told_unpaid = True
        return
    clearing = ("clearing", PAYS_OUT[mine.currency], mine.currency)
    desk.books.move({("wallet", mine.party, mine.currency): -mine.amount, clearing: mine.amount})
    desk.payouts.append(Payout(number, to, mine.amount, desk.now, desk.now))
    mine.payout, mine.status, mine.told_unpaid = len(desk.payouts) - 1, "processing", False
    desk.tell(mine.payout, "payout.created")


def _is_taken(desk: Desk, number: int) -> bool:
    """Whether it is sent or asked about now."""
    payout = desk.payouts[number]
    if payout.status not in banks.UNSETTLED:
        return payout.recheck is not None and payout.recheck <= desk.now
    goes = not desk.is_stopped and desk.held_by is None and sendable(desk, number)
    return payout.next_try <= desk.now and (payout.status != "pending" or goes)


def _probe(desk: Desk, some: Collection[int]) -> list[int]:
    """While its provider sends none: one is tried every ten minutes, the one that was refused before others."""
    if desk.is_stopped or desk.held_by is None or desk.held_by[1] > desk.now:
        return []
    waiting = [
        number
        for number, each in enumerate(desk.payouts)
        if number in some and each.status == "pending" and each.next_try <= desk.now and sendable(desk, number)
    ]
    refused, _ = desk.held_by
    first = sorted(waiting, key=lambda n: (n != refused, desk.payouts[n].next_try, n))[:1]
    for number in first:
        desk.held_by = banks.probed(desk, number)
    return first


def _spoken(desk: Desk, number: int) -> banks.Word:
    """What its provider says: of one that is surely not there, to its being sent; else on being asked."""
    payout = desk.payouts[number]
    payout.attempts += 1
    is_given_up = payout.sent is not None and payout.created <= desk.now - RESENT_FOR
    if payout.status != "pending" or is_given_up:
        return banks.asked(payout)
    earlier, payout.sent, payout.status = payout.sent, desk.now, "sending"
    return banks.sent(desk, number, earlier)
