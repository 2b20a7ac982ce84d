"""How much of a payment its provider took back without us, and who bears it: pure rules over minor units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.money.money import fee_share
from webapp.domain.providers.provider_results import ReturnedAmount
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
    """An escrow as the taking meets it; `to_seller` is what the seller has of it before the fee after a split."""

    status: str
    amount: int
    fee: int
    to_seller: int = 0


def taken_back(
    given_back: Iterable[ReturnedAmount], ours: Iterable[int], lost: Mapping[str, int], covered: int = 0
) -> int:
    """What is gone of a payment that no refund of ours explains.

    `ours` are our refunds that were not refused, `lost` the chargebacks that the bank won, by number; `covered` of
    these settled a refund of ours that had not been sent. A sum that the provider lists for a chargeback, or that is
    as large as one and nobody else's, is that chargeback's: the bank's taking counts once. It counts whole, also when
    the payer had got a part before: what a bank takes besides a refund is more than came in, and a loss.
    """
    rows = list(given_back)
    marked = _by_dispute(rows)
    listed = [each.amount for each in rows if each.dispute is None and each.is_listed]
    unlisted = sum(each.amount for each in rows if not each.is_listed)
    for amount in ours:
        if amount in listed:
            listed.remove(amount)
        else:
            unlisted -= min(unlisted, amount)
    by_bank = sum(max(lost.get(number, 0), amount) for number, amount in marked.items())
    for number, amount in lost.items():
        if number in marked:
            continue
        if amount in listed:
            listed.remove(amount)
        elif unlisted:
            amount = min(unlisted, amount)
            unlisted -= amount
        by_bank += amount
    return max(0, sum(listed) + unlisted + by_bank - covered)


def _by_dispute(rows: Iterable[ReturnedAmount]) -> dict[str, int]:
    """What the provider lists for each of the bank's disputes."""
    found: dict[str, int] = {}
    for each in rows:
        if each.dispute is not None:
            found[each.dispute] = found.get(each.dispute, 0) + each.amount
    return found


def fee_on_top(gone: int, price: int, payer_fee: int) -> int:
    """What of all that went back of a payment is the fee that its payer paid besides the price. It goes last."""
    return max(0, min(gone - price, payer_fee))


def bearers(hold: Hold, amount: int, on_top: int = 0) -> dict[Bearer, int]:
    """Of whom an amount is clawed back, by where the money of the escrow is now; the parts sum to the amount.

    `on_top` of it is above the order's price, which nobody here ever got: the platform bears that. While it
    is held, it comes out of the escrow. Afterwards the seller gives what was released, the platform's fee on it
    included; whoever was refunded besides the taking was paid twice and gives that.
    """
    amount -= on_top
    if hold.status == EscrowStatus.HELD:
        first = {Bearer.ESCROW: min(amount, hold.amount)}
    elif hold.status in (EscrowStatus.RELEASED, EscrowStatus.SPLIT):
        gross = hold.amount if hold.status == EscrowStatus.RELEASED else hold.to_seller
        part = min(amount, gross)
        fee = fee_share(hold.fee, part, hold.amount)
        first = {Bearer.SELLER: part - fee, Bearer.FEES: fee}
    else:
        first = {}
    found = first | {Bearer.BUYER: amount - sum(first.values()), Bearer.PLATFORM: on_top}
    return {bearer: part for bearer, part in found.items() if part}


def given_again(borne: Mapping[str, int], came: int, fee_on_top: int, last: str | None) -> dict[Bearer, int]:
    """Who gets what came back of all that was decided: who bore it, the last one decided about first.

    `fee_on_top` of it is the payer's fee, which the platform bore; the platform's own fee goes with the seller's part.
    The parts sum to `came`.
    """
    fees, seller = borne.get(Bearer.FEES, 0), borne.get(Bearer.SELLER, 0)
    bore = {Bearer(each): amount for each, amount in borne.items() if each != Bearer.FEES}
    bore[Bearer.SELLER] = seller + fees
    bore[Bearer.PLATFORM] = bore.get(Bearer.PLATFORM, 0) - fee_on_top
    found, left = {Bearer.PLATFORM: fee_on_top}, came - fee_on_top
    for bearer in sorted(bore, key=lambda each: each != last):
        part = min(left, max(0, bore[bearer]))
        found[bearer] = found.get(bearer, 0) + part
        left -= part
    found[Bearer.FEES] = fee_share(fees, found[Bearer.SELLER], seller + fees) if fees > 0 else 0
    found[Bearer.SELLER] -= found[Bearer.FEES]
    return {bearer: part for bearer, part in found.items() if part}
