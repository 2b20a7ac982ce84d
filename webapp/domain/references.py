"""What a reference may be, and those that are derived from others, so that people can tell what belongs together."""

from webapp.domain.words import phrase

ESCROW_PREFIX = "E-"

OWN_PREFIXES = ("auto-deduct-", "escrow-", "payment-", "payout-", "refund-", "reversal-of-")
"""How the references of the desk's own movements begin. Each is used once, so nobody else may take one first."""


LONGEST = 80
LONGEST_TENANT = 40
"""Characters that a reference may have."""
NOT_SHOWN = phrase("has a character that can't be shown")


def can_be_shown(reference: str) -> bool:
    """Whether a reference from outside, whichever way it comes, has nothing in it that hides.

    People compare references by eye. What is neither a letter, a digit, a sign nor a plain blank makes two of them
    look like one, or turns what follows around.
    """
    return reference.isprintable()


def is_own(reference: str) -> bool:
    """Whether a reference is one that the desk itself gives, now or later."""
    return reference.lower().startswith(OWN_PREFIXES)


def escrow_ref(order_ref: str) -> str:
    """The reference of an order's escrow."""
    return ESCROW_PREFIX + order_ref


def order_ref(of_escrow: str) -> str:
    """The reference of the order that an escrow is for."""
    return of_escrow.removeprefix(ESCROW_PREFIX)
