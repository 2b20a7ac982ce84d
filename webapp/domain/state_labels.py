"""States as sentences say them, after "it is": stored words are for machines."""

from webapp.domain.words import Sentence, phrase

_WORDS = {
    "pending_payment": "awaiting payment",
    "needs_response": "waiting for a party",
    "pending_approval": "waiting for approval",
    "opened": "open",
    "succeeded": "paid",
    "needs_review": "in review",
    "sending": "being sent",
    "processing": "being paid",
    "processed": "done",
}


def in_words(status: str) -> Sentence:
    """The state of an order, escrow, dispute, payment, refund, payout or payout schedule."""
    return phrase(_WORDS.get(status, status.replace("_", " ")))
