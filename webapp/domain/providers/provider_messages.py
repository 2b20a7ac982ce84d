"""Providers' words for what became of something, said as people read them. The one place where their codes are known.

A text that is no known code was written for people already, and stays as it is.
"""

import re

_DONE = "it is done"
_UNDER_WAY = "it is under way"
_CLAUSES = {
    "success": _DONE,
    "successful": _DONE,
    "succeeded": _DONE,
    "processed": _DONE,
    "complete": _DONE,
    "completed": _DONE,
    "completed-mpgs": "it is done, through the card gateway",
    "completed-momo": "it is done, by mobile money",
    "completed-bank-transfer": "it is done, by bank transfer",
    "completed-preauth": "it is done, by letting a pre-authorisation go",
    "completed-offline": "it is done, by hand",
    "new": _UNDER_WAY,
    "pending": _UNDER_WAY,
    "processing": _UNDER_WAY,
    "ongoing": _UNDER_WAY,
    "queued": _UNDER_WAY,
    "received": _UNDER_WAY,
    "sent": _UNDER_WAY,
    "reversal-pending": "its money is on the way back",
    "otp": "it waits for a one-time password",
    "needs-attention": "somebody has to see to it there",
    "requires_action": "somebody has to see to it there",
    "abandoned": "it was left unfinished",
    "failed": "it failed",
    "declined": "it was declined",
    "reversed": "it was reversed",
    "voided": "it was cancelled",
    "cancelled": "it was cancelled",
    "canceled": "it was cancelled",
    "blocked": "it was blocked",
    "rejected": "it was rejected",
    "absent": "it does not know it",
    "initiated": _UNDER_WAY,
    "awaiting-merchant-feedback": "it waits for our answer to the bank",
    "awaiting-bank-feedback": "it waits for the bank",
    "resolved": "it is decided",
    "archived": "it is closed there",
    "merchant-accepted": "we accepted it",
    "auto-accepted": "it was accepted without an answer of ours",
    "accepted": "it was accepted",
    "won": "we won it",
    "lost": "we lost it",
}
CODES = frozenset(_CLAUSES)
"""What people are told in a sentence."""
_NO_REASON = ("failed", "reversed", "declined", "cancelled", "canceled", "voided")
"""Words that say that it came to nothing, and not why."""
NO_REASON = "it gave no reason"
_CODE = re.compile(r"[a-z]+(?:[-_][a-z]+)+")


def clause(message: str) -> str:
    """What a provider said, to stand after "says: ", without a stop."""
    known = _CLAUSES.get(_code(message))
    if known is not None:
        return known
    if _CODE.fullmatch(_code(message)):
        return f"“{message.strip()}”"
    return message.strip().rstrip(".")


def reason(message: str) -> str:
    """Why it came to nothing, to stand after a colon, without a stop."""
    return NO_REASON if _code(message) in _NO_REASON or not message.strip() else clause(message)


def sentence(message: str | None) -> str:
    """The same as a sentence of its own; what is none of a provider's codes is not touched."""
    known = _CLAUSES.get(_code(message or ""))
    return f"Its provider says that {known}." if known else message or ""


def is_code(message: str | None) -> bool:
    """Whether it is a provider's code, which people have said to them in a sentence."""
    return _code(message or "") in CODES


_EVENTS = {
    "charge.success": "it was paid",
    "charge.completed": "what became of it",
    "charge.failed": "it failed",
    "charge.dispute.create": "the payer's bank disputes it",
    "charge.dispute.remind": "the payer's bank waits for an answer",
    "charge.dispute.resolve": "the dispute of the payer's bank is decided",
    "refund.pending": "its refund is under way",
    "refund.processing": "its refund is under way",
    "refund.processed": "its refund is done",
    "refund.completed": "what became of its refund",
    "refund.failed": "its refund failed",
    "refund.needs-attention": "somebody has to see to its refund there",
    "transfer.success": "it was paid out",
    "transfer.completed": "what became of it",
    "transfer.failed": "it failed",
    "transfer.reversed": "it came back",
}


def event(name: str) -> str:
    """What a provider's webhook told, to stand after "told: "; in quotes where it is not known."""
    return _EVENTS.get(_code(name)) or f"“{name.strip()}”"


def _code(message: str) -> str:
    return message.strip().lower()
