"""How much of a payment its provider took back without us, and who bears it: pure rules over minor units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.money import fee_share
from webapp.domain.provider_words import GivenBack
from webapp.domain.states import EscrowStatus


class Bearer(StrEnum):
    """Who bears what was taken back."""

    ESCROW = "escrow"
    SELLER = "seller"
    BUYER = "buyer"
    FEES = "fees"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Hold:
    """An escrow as the taking meets it; `to_seller` is what a split gave the seller, before the fee."""

    status: str
    amount: int
    fee: int
    to_seller: int = 0


def taken_back(
    collected: int, given_back: Iterable[GivenBack], ours: Iterable[int], lost: Mapping[str, int], covered: int = 0
) -> int:
    """What is gone of a payment that no refund of ours explains.

    `ours` are our refunds that were not refused, `lost` the chargebacks that the bank won, by number; `covered` of
    these settled a refund of ours that had not been sent. A sum that the provider lists for a chargeback, or that is
    as large as one and nobody else's, is that chargeback's: the bank's taking counts once.
    """
    unmarked = [each.amount for each in given_back if each.dispute is None]
    marked: dict[str, int] = {}
    for each in given_back:
        if each.dispute is not None:
            marked[each.dispute] = marked.get(each.dispute, 0) + each.amount
    for amount in ours:
        if amount in unmarked:
            unmarked.remove(amount)
    for number, amount in lost.items():
        if number not in marked and amount in unmarked:
            unmarked.remove(amount)
    by_bank = sum(max(lost.get(number, 0), marked.get(number, 0)) for number in lost.keys() | marked.keys())
    return max(0, min(collected, sum(unmarked) + by_bank - covered))


def bearers(hold: Hold, amount: int) -> dict[Bearer, int]:
    """Of whom an amount is clawed back, by where the money of the escrow is now; the parts sum to the amount.

    While it is held, it comes out of the escrow. Afterwards the seller gives what was released, the platform's fee
    on it included; whoever was refunded besides the taking was paid twice and gives that.
    """
    if hold.status == EscrowStatus.HELD:
        first = {Bearer.ESCROW: min(amount, hold.amount)}
    elif hold.status in (EscrowStatus.RELEASED, EscrowStatus.SPLIT):
        gross = hold.amount if hold.status == EscrowStatus.RELEASED else hold.to_seller
        part = min(amount, gross)
        fee = fee_share(hold.fee, part, hold.amount)
        first = {Bearer.SELLER: part - fee, Bearer.FEES: fee}
    else:
        first = {}
    found = first | {Bearer.BUYER: amount - sum(first.values())}
    return {bearer: part for bearer, part in found.items() if part}
