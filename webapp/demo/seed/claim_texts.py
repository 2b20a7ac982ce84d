"""What people say in the demo's disputes. Every line is invented."""

from typing import NamedTuple


class ClaimText(NamedTuple):
    """Who claims what, and how the two sides talk about it."""

    claimant: str
    code: str
    text: str
    answer: str
    note: str


CLAIMS = (
    ClaimText(
        "buyer",
        "not_delivered",
        "I paid for {goods} and nothing has come. The driver's number is switched off.",
        "The parcel left our store the same evening. We are asking the carrier for the proof of delivery.",
        "Carrier says it was handed to a neighbour; no signature in the scan.",
    ),
    ClaimText(
        "buyer",
        "damaged",
        "{goods} arrived torn and damp. We can sell about half of it. Photos attached.",
        "It was dry when it was loaded. We offer to replace the damaged part.",
        "Photos show water marks on the outside only. A part refund looks fair.",
    ),
    ClaimText(
        "buyer",
        "not_as_described",
        "The listing said new. {goods} is plainly used, the serial plate is worn.",
        "It is factory refurbished, and the listing says so at the end.",
        "The listing of that day says 'like new' in its title. Seller has two earlier cases like this.",
    ),
    ClaimText(
        "buyer",
        "other",
        "A quarter of {goods} is missing from the delivery. The waybill shows the full count.",
        "We counted twice. Please send the waybill with the driver's stamp.",
        "Waybill and invoice agree on the full count; warehouse camera requested.",
    ),
    ClaimText(
        "buyer",
        "late",
        "{goods} came nine days late, after the event it was for.",
        "The road was closed after the rains, we told the buyer on the second day.",
        "Message to the buyer on day two is confirmed. Delivery window was five days.",
    ),
    ClaimText(
        "seller",
        "not_paid",
        "The buyer has {goods} since last week and uses it, but will not confirm.",
        "We are still testing it. Two of the points we agreed on are open.",
        "Buyer's own post shows it in use. Ask for the two open points in writing.",
    ),
    ClaimText(
        "buyer",
        "quality",
        "The work on {goods} was finished, and the same fault is back after four days.",
        "We can come on Thursday to look at it, free of charge.",
        "Workmanship guarantee is 30 days. Backjob first, decide afterwards.",
    ),
)
"""A dispute takes the next of these in turn."""

RESOLUTIONS = {
    "refunded": ("refund_to_buyer", "evidence_for_buyer", "The seller could not show that the goods were delivered."),
    "split": ("split", "shared_fault", "Both sides are partly right: the goods came, but not all could be used."),
    "withdrawn": (None, "agreement", "The buyer received the goods after all and withdrew the claim."),
}
"""How a dispute with this fate ended: the resolution, its code, and the sentence that was given."""
