"""What the marketplace says of one row, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RowOutcome(StrEnum):
    """What became of a row that was sent."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """A row as it is at the marketplace: everything of it, so that what is left out is none.

    Without `created_at` it was made when it came here first, without `updated_at` it is as it is now.
    """

    ref: str
    tenant: str = ""
    """The tenant's reference; nothing for a tenant itself."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRow(GivenRow):
    """A tenant. Days of grace of its own are for as long as they are said here."""

    name: str
    email: str | None = None
    zone: str | None = None
    language: str | None = None
    grace_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow(GivenRow):
    """A product; its price in minor units."""

    name: str
    price: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow(GivenRow):
    """A customer."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineRow(GivenRow):
    """A line of an order, which has to be there. The product may be gone."""

    order: str
    product: str
    quantity: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CartItemRow(GivenRow):
    """A product in a cart; the product has to be there."""

    product: str
    quantity: int
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableRow(GivenRow):
    """What could not be read as a row at all, with what could be made out of its references."""

    problem: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a call; the sentence says why when it was not done."""

    tenant: str
    ref: str
    outcome: RowOutcome
    detail: str | None = None
