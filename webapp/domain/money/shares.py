"""Who gets what of a hold that is disbursed: the buyer, the seller after the fee, and the platform."""

from dataclasses import dataclass

from webapp.domain.money.money import Money, fee_share
from webapp.domain.words import phrase


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts of a hold in minor units; they sum to the whole. The seller's is what is left after the fee."""

    buyer: int
    seller: int
    fee: int
    currency: str

    def seller_in_words(self) -> str:
        """What the seller gets, and the fee if there is one."""
        gets = phrase("%(amount)s to the seller", amount=Money(self.seller, self.currency))
        return (
            phrase("%(gets)s after the fee of %(amount)s", gets=gets, amount=Money(self.fee, self.currency))
            if self.fee
            else gets
        )


def divide(held: Money, fee: int, seller: int) -> Shares:
    """The shares when the seller's part is `seller` of what is held.

    The fee comes out of that part, in proportion; a refund has none.
    """
    taken = fee_share(fee, seller, held.amount)
    return Shares(held.amount - seller, seller - taken, taken, held.currency)


def release_in_words(held: Money, fee: int) -> str:
    """A release of everything, as a phrase."""
    if not fee:
        return phrase("release of %(held)s to the seller", held=held)
    return phrase(
        "release of %(held)s: %(share)s",
        held=held,
        share=divide(held, fee, held.amount).seller_in_words(),
    )


def split_in_words(held: Money, fee: int, seller: int) -> str:
    """A split, as a phrase."""
    parts = divide(held, fee, seller)
    return phrase(
        "split of %(held)s: %(amount)s to the buyer, %(share)s",
        held=held,
        amount=Money(parts.buyer, held.currency),
        share=parts.seller_in_words(),
    )
