"""What people decide about a payout that does not settle, or was paid after its money had come back."""

from typing import Any

from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk, Payout
from tests.model.plain.facts import LOOKED_UP_WITHIN, PAYS_OUT, SETTLES_WITHIN, next_check


def known(payout: Payout) -> str:
    """What is known of it; a decision stands as long as that is the same."""
    return f"{payout.status} {payout.doubted is not None}"


def check(desk: Desk, verb: str, number: int, payload: dict[str, Any]) -> None:
    """Whether it can be decided so. Raises Refused if not."""
    payout = desk.payouts[number]
    if verb in ("claw_back", "write_off"):
        others = (n for n, each in enumerate(desk.payouts) if each.plan == payout.plan and n != number)
        if payout.after_all is None or any(desk.payouts[n].status == "pending" for n in others):
            raise Refused("it was not paid after all, or the one in its place is cancelled first")
        return
    if payout.status not in ("sending", "sent") or payload.setdefault("known", known(payout)) != known(payout):
        raise Refused("it is settled, or more is known by now")
    since = payout.sent or payout.created
    ripe = payout.doubted + LOOKED_UP_WITHIN if payout.doubted is not None else since + SETTLES_WITHIN
    if ripe > desk.now:
        raise Refused("its provider is asked still")


def decide(desk: Desk, verb: str, number: int) -> None:
    """Two people settle it; or it is said who bears what is out twice."""
    payout = desk.payouts[number]
    mine = desk.plans[payout.plan]
    place = ("clearing", PAYS_OUT[mine.currency], mine.currency)
    wallet, debt = ("wallet", mine.party, mine.currency), ("receivable", mine.party, mine.currency)
    amount, books = payout.amount, desk.books
    if verb == "mark_paid":
        payout.is_unconfirmed = payout.was_paid = True
        _end(desk, payout, "succeeded", "payout.succeeded")
        mine.status = "processed"
    elif verb == "give_back":
        books.move({place: -amount, wallet: amount})
        _end(desk, payout, "failed", "payout.failed")
        mine.status, mine.tries, mine.last_try = "failed", mine.tries + 1, desk.now
        desk.tell(mine, "payout_schedule.failed")
    else:
        taken = min(amount, books.wallet(mine.party, mine.currency))
        sides = (
            {wallet: -taken, debt: taken - amount} if verb == "claw_back" else {("losses", "", mine.currency): -amount}
        )
        books.move({place: amount, **{account: change for account, change in sides.items() if change}})
        if verb == "claw_back":
            books.owe(mine.party, mine.currency, amount - taken, ("payout", number))
            payout.clawed = (taken, amount - taken)
            desk.tell(number, "payout.clawed_back")
        else:
            payout.lost += amount
        _count_as_paid(desk, number)


def _end(desk: Desk, payout: Payout, status: str, event: str) -> None:
    payout.status, payout.settled, payout.doubted = status, desk.now, None
    payout.recheck, payout.version = next_check(desk.now, desk.now), payout.version + 1
    desk.tell(payout, event)


def _count_as_paid(desk: Desk, number: int) -> None:
    payout = desk.payouts[number]
    payout.status, payout.settled, payout.after_all, payout.was_paid = "succeeded", payout.after_all, None, True
    payout.recheck, payout.version = next_check(desk.now, desk.now), payout.version + 1
    desk.tell(number, "payout.succeeded")
    mine = desk.plans[payout.plan]
    present = None if mine.payout is None else desk.payouts[mine.payout]
    if present is None or mine.payout == number or present.status in ("failed", "reversed", "cancelled"):
        mine.status, mine.payout = "processed", number
