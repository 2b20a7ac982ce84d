"""What can't be true of a row, whatever the desk has: said in a sentence, so that the others of its call are kept."""

import re
from datetime import datetime, timedelta

from webapp.domain import references
from webapp.domain.instants import known_zones
from webapp.domain.languages import known_languages
from webapp.domain.money.money import LARGEST, exponent
from webapp.domain.storefront.rows import CartItemRow, GivenRow, OrderLineRow, ProductRow, TenantRow, UnusableRow

LONGEST_NAME = 200
LONGEST_GRACE = 365
MOST = 1_000_000_000
"""Of one product in one line."""
AHEAD = timedelta(minutes=5)
"""So far the marketplace's clock may be before the desk's."""

_WITHIN_NAMES = dict.fromkeys(map(ord, "\u00a0\u200c\u200d\u200e\u200f\u202f"), " ")
"""Blanks that don't break, and the marks by which Persian and emoji are joined and Hebrew is told from Latin: names as
people write them have these. Those that turn what follows around are none of them.
"""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def problem(row: GivenRow, at: datetime) -> str | None:
    """Why the row can't be taken, or None."""
    return unusable(row) or _of_refs(row) or _of_times(row, at) or _of_values(row)


def ref_problem(name: str, ref: str, longest: int) -> str | None:
    """Why a reference can't be taken, or None."""
    if not ref or len(ref) > longest or not references.can_be_shown(ref):
        return f"{name} has 1 to {longest} characters that can be shown."
    return None


def unusable(row: GivenRow) -> str | None:
    """Why what was sent is no row at all, or None."""
    return row.problem if isinstance(row, UnusableRow) else None


def _of_refs(row: GivenRow) -> str | None:
    of_tenant = isinstance(row, TenantRow)
    refs = {"ref": row.ref} | ({} if of_tenant else {"tenant": row.tenant})
    if isinstance(row, OrderLineRow):
        refs |= {"order": row.order, "product": row.product}
    if isinstance(row, CartItemRow):
        refs |= {"product": row.product} | ({} if row.customer is None else {"customer": row.customer})
    for name, ref in refs.items():
        longest = references.LONGEST_TENANT if name == "tenant" or of_tenant else references.LONGEST
        if sentence := ref_problem(name, ref, longest):
            return sentence
    return None


def _of_times(row: GivenRow, at: datetime) -> str | None:
    for name, given in (("created_at", row.created_at), ("updated_at", row.updated_at)):
        if given is not None and given > at + AHEAD:
            return f"{name} is in the future."
    if row.created_at is not None and row.updated_at is not None and row.updated_at < row.created_at:
        return "updated_at is before created_at."
    return None


def _of_values(row: GivenRow) -> str | None:
    name = getattr(row, "name", None)
    if name is not None and not (0 < len(name) <= LONGEST_NAME and _can_be_shown(name)):
        return f"name has 1 to {LONGEST_NAME} characters that can be shown."
    if isinstance(row, TenantRow):
        return _of_tenant(row)
    if isinstance(row, ProductRow):
        if (row.price is None) != (row.currency is None):
            return "price and currency come together."
        return None if row.price is None or row.currency is None else _of_money("price", row.price, row.currency)
    if isinstance(row, OrderLineRow):
        return _of_quantity(row.quantity) or _of_money("amount", row.amount, row.currency)
    return _of_quantity(row.quantity) if isinstance(row, CartItemRow) else None


def _can_be_shown(name: str) -> bool:
    return name.translate(_WITHIN_NAMES).isprintable() and not name.translate(_WITHIN_NAMES).isspace()


def _of_tenant(row: TenantRow) -> str | None:
    if row.email is not None and not (
        len(row.email) <= LONGEST_NAME and row.email.isprintable() and _EMAIL.fullmatch(row.email)
    ):
        return f"email {row.email[:80]!r} is no address."
    if row.zone is not None and row.zone not in known_zones():
        return f"zone {row.zone[:80]!r} is no IANA time zone, such as Africa/Kigali."
    if row.language is not None and row.language not in known_languages():
        return f"language {row.language[:80]!r} is no language's code of ISO 639-1, such as fr."
    if row.grace_days is not None and not 0 <= row.grace_days <= LONGEST_GRACE:
        return f"grace_days is 0 to {LONGEST_GRACE}."
    return None


def _of_quantity(quantity: int) -> str | None:
    return None if 1 <= quantity <= MOST else f"quantity is 1 to {MOST:,}."


def _of_money(name: str, amount: int, currency: str) -> str | None:
    try:
        exponent(currency)
    except ValueError as unknown:
        return f"{unknown}."
    return None if 0 <= amount <= LARGEST else f"{name} is 0 to {LARGEST:,} minor units."
