"""A provider that pays out: what it says, and what that means for a payout and its schedule."""

from dataclasses import dataclass
from datetime import datetime

from tests.model.plain.books import Legs, Refused
from tests.model.plain.desk import Desk, Payout
from tests.model.plain.facts import (
    LOOKED_UP_WITHIN,
    MOST_TRIES,
    PAYS_OUT,
    PROBED_EVERY,
    next_check,
    next_try,
)

UNSETTLED = ("pending", "sending", "sent")
_CAME_BACK = {"failed": "failed", "reversed": "reversed"}


@dataclass
class Word:
    """What a provider says: `there` and how and how much, `absent`, `refused`, `unsent`, `held`, `taken`, `unknown`."""

    kind: str
    state: str = ""
    amount: int = 0
    earlier: datetime | None = None
    """When it may have been sent before the sending that was answered so."""


def sent(desk: Desk, number: int, earlier: datetime | None) -> Word:
    """It is sent, and its provider is in the mood that it is in. A reference that it has, it does not take twice."""
    payout, mood = desk.payouts[number], desk.bank_says
    known = asked(payout)
    if mood == "refused":
        doubt = earlier is not None and desk.now < earlier + LOOKED_UP_WITHIN
        return known if known.kind == "there" else Word("unknown" if doubt else "refused", earlier=earlier)
    if mood in ("unsent", "held"):
        return Word(mood, earlier=earlier)
    if payout.there is not None:
        return known if known.kind == "there" else Word("taken")
    if mood != "lost":
        payout.there, payout.has = "hidden" if mood == "hidden" else "pending", payout.amount
    return asked(payout) if mood == "queued" else Word("unknown")


def asked(payout: Payout) -> Word:
    """Its provider is asked about it."""
    if payout.there in (None, "hidden"):
        return Word("absent")
    return Word("there", payout.there or "", payout.has)


def turn(payout: Payout, state: str) -> None:
    """Something happens there; what was surely never sent is not there."""
    if payout.there is None and payout.sent is None:
        return
    if payout.there is None:
        payout.has = payout.amount
    if state == "other":
        payout.has += 1
    if state == "part":
        payout.has //= 2
    payout.there = "success" if state in ("other", "part") else state


def hear(desk: Desk, number: int) -> None:
    """Its provider tells that something happened, and is asked."""
    settle(desk, {number: asked(desk.payouts[number])})


def ask(desk: Desk, who: str, number: int) -> None:
    """A person has its provider asked."""
    desk.require(who, "pay_out")
    payout = desk.payouts[number]
    if not payout.attempts:
        raise Refused("it was not sent yet")
    payout.attempts += 1
    hear(desk, number)


def settle(desk: Desk, words: dict[int, Word]) -> list[int]:
    """Do what the words mean: what was paid first, then what came back, what is under way, and what surprises.

    Returns those that failed by it: that came back, or were paid after they had.
    """
    outcome = {number: _outcome(desk.payouts[number], word) for number, word in words.items()}
    doubled = {number for number in words if desk.payouts[number].after_all is not None}
    for wanted in ("succeed", "back", "wait", "settled"):
        for number, word in words.items():
            if outcome[number] == wanted:
                _DO[wanted](desk, number, word)
    for number, word in words.items():
        _note_amount(desk, number, word)
    _learn(desk, words)
    after_all = {number for number in words if desk.payouts[number].after_all is not None} - doubled
    return sorted(number for number in words if outcome[number] == "back" or number in after_all)


def _outcome(payout: Payout, word: Word) -> str:
    is_right = word.kind == "there" and word.amount == payout.amount
    if payout.status not in UNSETTLED:
        return "back" if payout.status == "succeeded" and is_right and word.state in _CAME_BACK else "settled"
    if word.kind == "refused" and payout.doubted is None:
        return "back"
    if not is_right or word.state == "pending":
        return "wait"
    return "back" if word.state in _CAME_BACK else "succeed"


def _succeed(desk: Desk, number: int, _word: Word) -> None:
    payout = desk.payouts[number]
    _end(desk, payout, "succeeded")
    payout.was_paid = True
    desk.plans[payout.plan].status = "processed"
    desk.tell(number, "payout.succeeded")


def _come_back(desk: Desk, number: int, word: Word) -> None:
    payout = desk.payouts[number]
    mine, was_paid = desk.plans[payout.plan], payout.status == "succeeded"
    give_back(desk, number)
    _end(desk, payout, _CAME_BACK.get(word.state, "failed"))
    desk.tell(number, f"payout.{payout.status}")
    if mine.payout != number:
        return
    others = (n for n, each in enumerate(desk.payouts) if each.plan == payout.plan and n != number)
    paid = [n for n in others if desk.payouts[n].status == "succeeded"]
    if paid:
        mine.status, mine.payout = "processed", paid[-1]
        return
    mine.tries, mine.last_try = mine.tries + 1, desk.now
    is_over = was_paid or payout.status == "reversed" or mine.tries >= MOST_TRIES
    mine.status = "failed" if is_over else "pending"
    if is_over:
        desk.tell(payout.plan, "payout_schedule.failed")


def _wait(desk: Desk, number: int, word: Word) -> None:
    payout = desk.payouts[number]
    doubts = word.kind == "taken" or (word.kind != "there" and payout.doubted is not None)
    doubts = doubts or (word.kind == "absent" and payout.status == "sent")
    if word.kind == "there":
        payout.status = "sent"
    elif word.kind == "taken" or (doubts and word.kind == "absent"):
        payout.status = "sending"
    elif not doubts and word.kind in ("absent", "unsent", "held"):
        payout.status = "pending"
    payout.doubted = (payout.doubted or desk.now) if doubts else None
    if word.kind in ("unsent", "held"):
        payout.sent = word.earlier
    payout.next_try = next_try(payout.attempts, desk.now)


def _of_settled(desk: Desk, number: int, word: Word) -> None:
    """It is as it was, and asked about again; unless it was paid after its money had come back, or is not any more."""
    payout = desk.payouts[number]
    if payout.recheck is not None:
        payout.recheck = next_check(payout.settled or desk.now, desk.now)
    if word.kind != "there" or word.amount != payout.amount:
        return
    if payout.status == "succeeded":
        if payout.is_unconfirmed and word.state == "success":
            payout.is_unconfirmed, payout.version = False, payout.version + 1
    elif word.state == "success" and payout.after_all is None:
        payout.after_all, payout.version = desk.now, payout.version + 1
        if desk.plans[payout.plan].status == "pending":
            desk.plans[payout.plan].status = "failed"
    elif word.state in _CAME_BACK and payout.after_all is not None:
        payout.after_all, payout.version = None, payout.version + 1


_DO = {"succeed": _succeed, "back": _come_back, "wait": _wait, "settled": _of_settled}


def _end(desk: Desk, payout: Payout, status: str) -> None:
    payout.status, payout.settled, payout.doubted = status, desk.now, None
    payout.recheck, payout.version = next_check(desk.now, desk.now), payout.version + 1
    payout.is_unconfirmed = False


def _note_amount(desk: Desk, number: int, word: Word) -> None:
    """Another amount than was sent calls a person, and no other payout of its schedule follows by itself."""
    payout = desk.payouts[number]
    if word.kind != "there":
        return
    is_other = word.amount != payout.amount and word.state in ("success", "pending")
    is_new = is_other and not payout.alarm and payout.status not in UNSETTLED
    if is_new and desk.plans[payout.plan].status == "pending":
        desk.plans[payout.plan].status = "failed"
    payout.alarm = is_other


def _learn(desk: Desk, words: dict[int, Word]) -> None:
    """One that is refused like all holds all; they go on when the one that is tried is taken."""
    refused = [number for number, word in words.items() if word.kind == "held"]
    if refused:
        desk.held_by = probed(desk, refused[0])
    elif desk.held_by is not None and desk.held_by[0] in words and words[desk.held_by[0]].kind == "there":
        desk.held_by = None


def probed(desk: Desk, number: int) -> tuple[int, datetime]:
    """The one that is tried, and from when it is tried again."""
    return number, desk.now + PROBED_EVERY


def give_back(desk: Desk, number: int) -> None:
    """What a payout did not bring is where it is missing: with the platform, else in its own debt, then the wallet."""
    payout = desk.payouts[number]
    mine = desk.plans[payout.plan]
    currency, amount = mine.currency, payout.amount
    legs: Legs = {("clearing", PAYS_OUT[currency], currency): -amount}
    payout.came_back_to = ""
    if payout.lost:
        legs["losses", "", currency] = amount
        payout.lost, payout.came_back_to = payout.lost - amount, ".platform"
    else:
        met = desk.books.met(mine.party, currency, amount, ("payout", number))
        for kind, part in (("receivable", met), ("wallet", amount - met)):
            if part:
                legs[kind, mine.party, currency] = part
        payout.met, payout.came_back_to = met, ".debt" if met else ""
    desk.books.move(legs)
