"""Providers' words for what became of something, said as people read them. The one place where their codes are known.

A text that is no known code was written for people already, and stays as it is.
"""

import re

from webapp.domain.words import message, phrase

_DONE = message("it is done")
_UNDER_WAY = message("it is under way")
_CLAUSES = {
    "success": _DONE,
    "successful": _DONE,
    "succeeded": _DONE,
    "processed": _DONE,
    "complete": _DONE,
    "completed": _DONE,
    "completed-mpgs": message("it is done, through the card gateway"),
    "completed-momo": message("it is done, by mobile money"),
    "completed-bank-transfer": message("it is done, by bank transfer"),
    "completed-preauth": message("it is done, by letting a pre-authorisation go"),
    "completed-offline": message("it is done, by hand"),
    "new": _UNDER_WAY,
    "pending": _UNDER_WAY,
    "processing": _UNDER_WAY,
    "ongoing": _UNDER_WAY,
    "queued": _UNDER_WAY,
    "received": _UNDER_WAY,
    "sent": _UNDER_WAY,
    "reversal-pending": message("its money is on the way back"),
    "otp": message("it waits for a one-time password"),
    "needs-attention": message("somebody has to see to it there"),
    "requires_action": message("somebody has to see to it there"),
    "abandoned": message("it was left unfinished"),
    "failed": message("it failed"),
    "declined": message("it was declined"),
    "reversed": message("it was reversed"),
    "voided": message("it was cancelled"),
    "cancelled": message("it was cancelled"),
    "canceled": message("it was cancelled"),
    "blocked": message("it was blocked"),
    "rejected": message("it was rejected"),
    "absent": message("it does not know it"),
    "initiated": _UNDER_WAY,
    "awaiting-merchant-feedback": message("it waits for our answer to the bank"),
    "awaiting-bank-feedback": message("it waits for the bank"),
    "resolved": message("it is decided"),
    "archived": message("it is closed there"),
    "merchant-accepted": message("we accepted it"),
    "auto-accepted": message("it was accepted without an answer of ours"),
    "accepted": message("it was accepted"),
    "won": message("we won it"),
    "lost": message("we lost it"),
}
CODES = frozenset(_CLAUSES)
"""What people are told in a sentence."""
_NO_REASON = ("failed", "reversed", "declined", "cancelled", "canceled", "voided")
"""Words that say that it came to nothing, and not why."""
NO_REASON = message("it gave no reason")
_CODE = re.compile(r"[a-z]+(?:[-_][a-z]+)+")


def clause(text: str) -> str:
    """What a provider said, to stand after "says: ", without a stop."""
    known = _CLAUSES.get(_code(text))
    if known is not None:
        return phrase(known)
    if _CODE.fullmatch(_code(text)):
        return f"“{text.strip()}”"
    return text.strip().rstrip(".")


def reason(text: str) -> str:
    """Why it came to nothing, to stand after a colon, without a stop."""
    return phrase(NO_REASON) if _code(text) in _NO_REASON or not text.strip() else clause(text)


def sentence(text: str | None) -> str:
    """The same as a sentence of its own; what is none of a provider's codes is not touched."""
    known = _CLAUSES.get(_code(text or ""))
    return phrase("Its provider says that %(what)s.", what=phrase(known)) if known else text or ""


def is_code(text: str | None) -> bool:
    """Whether it is a provider's code, which people have said to them in a sentence."""
    return _code(text or "") in CODES


_EVENTS = {
    "charge.success": message("it was paid"),
    "charge.completed": message("what became of it"),
    "charge.failed": message("it failed"),
    "charge.dispute.create": message("the payer's bank disputes it"),
    "charge.dispute.remind": message("the payer's bank waits for an answer"),
    "charge.dispute.resolve": message("the dispute of the payer's bank is decided"),
    "refund.pending": message("its refund is under way"),
    "refund.processing": message("its refund is under way"),
    "refund.processed": message("its refund is done"),
    "refund.completed": message("what became of its refund"),
    "refund.failed": message("its refund failed"),
    "refund.needs-attention": message("somebody has to see to its refund there"),
    "transfer.success": message("it was paid out"),
    "transfer.completed": message("what became of it"),
    "transfer.failed": message("it failed"),
    "transfer.reversed": message("it came back"),
}


def event(name: str) -> str:
    """What a provider's webhook told, to stand after "told: "; in quotes where it is not known."""
    known = _EVENTS.get(_code(name))
    return phrase(known) if known else f"“{name.strip()}”"


def _code(text: str) -> str:
    return text.strip().lower()
