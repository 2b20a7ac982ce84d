"""How a dispute may be decided: the resolution, its reason, and who gets how much."""

from dataclasses import dataclass

from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.states import DisputeKind, Resolution
from webapp.domain.words import joined, phrase
from webapp.errors import Invalid

REASON_CODES = {
    "not_delivered": phrase("not delivered"),
    "late": phrase("delivered late"),
    "not_as_described": phrase("not as described"),
    "damaged": phrase("damaged"),
    "quality": phrase("poor quality of work"),
    "not_paid": phrase("payment withheld"),
    "fraud": phrase("suspected fraud"),
    "chargeback": phrase("charged back by the bank"),
    "other": phrase("something else"),
}
"""What a claim may be about."""

RESOLUTION_CODES = {
    "evidence_for_buyer": phrase("the evidence supports the buyer"),
    "evidence_for_seller": phrase("the evidence supports the seller"),
    "shared_fault": phrase("both sides share the fault"),
    "agreement": phrase("the parties agreed"),
    "no_answer": phrase("one side did not answer"),
    "policy": phrase("the marketplace's rules say so"),
    "other": phrase("another reason"),
}
"""Why it is decided so."""


@dataclass(frozen=True, slots=True)
class DisputeResolution:
    """A decision: amounts in minor units of the escrow's currency, given only for a split."""

    resolution: str
    code: str
    reason: str
    buyer_amount: int | None = None
    seller_amount: int | None = None

    def shares(self, amount: int) -> tuple[int, int]:
        """What the buyer and the seller get of the held amount; nothing moves for `no_fault`."""
        if self.resolution == Resolution.SPLIT:
            return self.buyer_amount or 0, self.seller_amount or 0
        if self.resolution == Resolution.REFUND_TO_BUYER:
            return amount, 0
        return (0, amount) if self.resolution == Resolution.RELEASE_TO_SELLER else (0, 0)


def check(resolution: DisputeResolution, held: Money) -> None:
    """Raise Invalid, naming each field that is wrong."""
    problems: dict[str, str] = {}
    if resolution.resolution not in list(Resolution):
        problems["resolution"] = phrase("Choose how the dispute ends.")
    if resolution.code not in RESOLUTION_CODES:
        problems["code"] = phrase("Choose the reason that fits best.")
    if not (resolution.reason or "").strip():
        problems["reason"] = phrase("Say in a sentence why you decide so.")
    if resolution.resolution == Resolution.SPLIT:
        problems |= wrong_split(resolution.buyer_amount, resolution.seller_amount, held)
    if problems:
        raise Invalid(joined(*problems.values()), fields=problems)


def rejects_claim(kind: str, resolution: str) -> bool:
    """Whether this resolution rejects a warranty claim: the buyer gets nothing back."""
    return kind == DisputeKind.WARRANTY_CLAIM and resolution in (Resolution.RELEASE_TO_SELLER, Resolution.NO_FAULT)


def in_words(resolution: DisputeResolution, held: Money, fee: int, other_freezes: int = 0) -> str:
    """The decision as a phrase: what happens to how much, and what the seller gets after the fee of the whole hold.

    `other_freezes` hold the escrow besides the dispute's own, such as the bank's of a chargeback.
    """
    if resolution.resolution == Resolution.RELEASE_TO_SELLER:
        return shares.release_in_words(held, fee)
    if resolution.resolution == Resolution.SPLIT:
        return shares.split_in_words(held, fee, resolution.shares(held.amount)[1])
    if resolution.resolution == Resolution.REFUND_TO_BUYER:
        return phrase("refund of %(held)s to the buyer", held=held)
    if other_freezes:
        they = (
            phrase("another freeze holds")
            if other_freezes == 1
            else phrase("%(count)s other freezes hold", count=other_freezes)
        )
        return phrase(
            "no fault: only the dispute's freeze ends; %(they)s %(held)s until it is lifted", they=they, held=held
        )
    return phrase("no fault: nothing is moved now; %(held)s goes on to its time", held=held)


def wrong_split(buyer: int | None, seller: int | None, held: Money) -> dict[str, str]:
    """What is wrong with the parts of a split, by field."""
    if buyer is None or seller is None:
        missing = "buyer_amount" if buyer is None else "seller_amount"
        return {missing: phrase("Say how much.")}
    if buyer < 0 or seller < 0:
        return {"buyer_amount" if buyer < 0 else "seller_amount": phrase("Zero or more.")}
    if buyer + seller != held.amount:
        given = Money(buyer + seller, held.currency)
        return {
            "seller_amount": phrase(
                "The parts make %(given)s, but %(held)s is held. They must sum to it.", given=given, held=held
            )
        }
    if not buyer or not seller:
        return {"seller_amount": phrase("A split gives both sides something. For one side, choose release or refund.")}
    return {}
