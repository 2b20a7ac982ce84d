"""References that are derived from others, so that people can tell what belongs together."""

ESCROW_PREFIX = "E-"


def escrow_ref(order_ref: str) -> str:
    """The reference of an order's escrow."""
    return ESCROW_PREFIX + order_ref
