"""Money of parties from outside, debts and repayments, wallets and standing orders."""

from typing import Any

from tests.model.plain.books import Refused
from tests.model.plain.corrections import note_repaid
from tests.model.plain.desk import Desk, Mandate, Transfer


def check(desk: Desk, verb: str, party: str, payload: dict[str, Any]) -> None:
    """Whether it can be booked. Raises Refused if not."""
    currency, amount = payload["currency"], payload["amount"]
    if any(each.reference == payload["reference"] for each in desk.transfers):
        raise Refused("there is such a transfer already")
    if verb == "repay":
        desk.flows()
        most = min(desk.books.owed(party, currency), desk.books.wallet(party, currency))
        if amount > most:
            raise Refused("neither above the debt nor above the wallet")


def book(desk: Desk, verb: str, party: str, payload: dict[str, Any]) -> None:
    """A deposit, a debt that the party brings along, or a repayment."""
    currency, amount, books = payload["currency"], payload["amount"], desk.books
    wallet, debt = ("wallet", party, currency), ("receivable", party, currency)
    sides = {
        "deposit": (("clearing", "manual", currency), wallet),
        "owe": (debt, ("clearing", "credit", currency)),
        "repay": (wallet, debt),
    }
    source, target = sides[verb]
    legs = books.move({source: -amount, target: amount})
    if verb == "owe":
        books.owe(party, currency, amount)
    if verb == "repay":
        note_repaid(desk, party, currency, amount)
    desk.transfers.append(Transfer(verb, legs, reference=payload["reference"]))
    desk.tell(party, f"party.{verb}.done")


def open_wallet(desk: Desk, who: str, party: str, currency: str) -> None:
    """A wallet by hand, for a party that is not verified too."""
    desk.require(who, "open_wallet")
    if (party, currency) in desk.books.wallets:
        raise Refused("there is one")
    desk.books.wallets.add((party, currency))
    desk.tell(party, "wallet.opened")
    unblock(desk)


def unblock(desk: Desk) -> None:
    """What waited for a wallet that is there by now is tried by the next run."""
    for escrow in desk.escrows:
        if (escrow.seller, escrow.currency) in desk.books.wallets:
            escrow.waits_for_wallet = False


def set_mandate(desk: Desk, who: str, party: str, currency: str, mandate: Mandate) -> None:
    """The party's standing order to repay."""
    desk.require(who, "mandate")
    desk.mandates[(party, currency)] = mandate
