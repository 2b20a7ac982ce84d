"""References that are derived from others, so that people can tell what belongs together."""

ESCROW_PREFIX = "E-"


def escrow_ref(order_ref: str) -> str:
    """The reference of an order's escrow."""
    return ESCROW_PREFIX + order_ref


def order_ref(of_escrow: str) -> str:
    """The reference of the order that an escrow is for."""
    return of_escrow.removeprefix(ESCROW_PREFIX)
