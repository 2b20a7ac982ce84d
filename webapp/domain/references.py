"""References that are derived from others, so that people can tell what belongs together."""

ESCROW_PREFIX = "E-"

OWN_PREFIXES = ("auto-deduct-", "escrow-", "payment-", "payout-", "refund-", "reversal-of-")
"""How the references of the desk's own movements begin. Each is used once, so nobody else may take one first."""


def is_own(reference: str) -> bool:
    """Whether a reference is one that the desk itself gives, now or later."""
    return reference.lower().startswith(OWN_PREFIXES)


def escrow_ref(order_ref: str) -> str:
    """The reference of an order's escrow."""
    return ESCROW_PREFIX + order_ref


def order_ref(of_escrow: str) -> str:
    """The reference of the order that an escrow is for."""
    return of_escrow.removeprefix(ESCROW_PREFIX)
