"""What an event says itself, as the fields of its message."""

from typing import Any

from webapp.domain.instants import parse_instant
from webapp.domain.money.money import Money
from webapp.domain.words import Sentence, joined, phrase


def after(sentence: Sentence) -> Sentence:
    """A sentence that follows another one."""
    return joined(" ", sentence, between="")


def of_deduction(details: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a repayment that a standing order took, by its event."""
    amounts = {name: Money(details[name], details["currency"]) for name in ("amount", "debt")}
    return amounts | {"reference": details["reference"]}


def of_destination(payload: dict[str, Any]) -> dict[str, Any]:
    """What a party is told of a new account for its payouts, and of what became of it."""
    until, former = payload.get("effective_at"), payload.get("used_again")
    again = (
        phrase("They go to the account ending in %(former)s again.", former=former)
        if former
        else phrase("Tell us where they are to go.")
    )
    return {
        "used_said": again,
        "currency": payload.get("currency", ""),
        "ending": payload.get("ending", ""),
        "effective": parse_instant(until) if until else phrase("now"),
    }


def of_clawed_back(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a payout that the party gives back, by its event."""
    wallet, debt = (Money(payload[name], payload["currency"]) for name in ("from_wallet", "as_debt"))
    if not debt.amount:
        return {"given_said": phrase("%(wallet)s was taken from your wallet.", wallet=wallet)}
    if not wallet.amount:
        return {"given_said": phrase("%(debt)s you owe.", debt=debt)}
    both = phrase("%(wallet)s was taken from your wallet, and %(debt)s you owe.", wallet=wallet, debt=debt)
    return {"given_said": both}


def of_returned(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a payout that came back to somebody who had owed some of it, by its event."""
    met, amount = (Money(payload.get(name, 0), payload["currency"]) for name in ("debt_met_amount", "amount"))
    rest = Money(amount.amount - met.amount, amount.currency)
    if not rest.amount:
        return {"back_said": phrase("%(met)s of it meets what you owed of it.", met=met)}
    both = phrase("%(met)s of it meets what you owed of it, and %(rest)s is in your wallet.", met=met, rest=rest)
    return {"back_said": both}


def of_chargeback(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a bank's dispute, by its event."""
    disputed, given_back = (
        Money(payload.get(name, 0), payload["currency"]) for name in ("disputed_amount", "given_back_amount")
    )
    back = phrase("%(given_back)s that had gone back to the payer by it comes back to us.", given_back=given_back)
    return {"disputed": disputed, "given_back_said": after(back) if given_back.amount else ""}


def of_covered(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a refund that a bank's taking replaced, by its event."""
    rest = Money(payload["rest"], payload["currency"])
    goes = phrase("The other %(rest)s is given back the way you paid; we tell you when that is done.", rest=rest)
    sentence = goes if rest.amount else phrase("Nothing more is sent to you for it.")
    return {"covered": Money(payload["covered"], payload["currency"]), "rest_said": sentence}


def of_uncovered(payload: dict[str, Any]) -> dict[str, Any]:
    """What can be said of what a bank gave back of that, by its event."""
    by_refund = phrase("It is given back the way you paid; we tell you when that is done.")
    way = by_refund if payload["way"] == "refund" else phrase("It is in your wallet.")
    return {"again": Money(payload["again"], payload["currency"]), "way_said": way}
