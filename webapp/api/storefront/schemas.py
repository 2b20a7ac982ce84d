"""Rows of the storefront as the marketplace sends them and as the API gives them."""

from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from webapp.api.framework.parsing import problems
from webapp.api.framework.schemas import (
    Currency,
    Instant,
    MinorUnits,
    Money,
    Name,
    NewestFirst,
    Reference,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    TenantReference,
)
from webapp.domain.storefront.checks import LONGEST_GRACE, MOST
from webapp.domain.storefront.rows import (
    CartItemRow,
    CustomerRow,
    GivenRow,
    OrderLineRow,
    ProductRow,
    RowOutcome,
    RowResult,
    TenantRow,
    UnusableRow,
)
from webapp.services.storefront import bulk

_TenantOfRow = Annotated[TenantReference, Field(description="The tenant's reference.")]
_Quantity = Annotated[int, Field(strict=True, ge=1, le=MOST)]
_CreatedAt = Annotated[RequestInstant | None, Field(description="At the marketplace; when it came here if left out.")]
_UpdatedAt = Annotated[
    RequestInstant | None, Field(description="Of this row: one that is older than the desk's is rejected.")
]


class Price(RequestModel):
    """Money in minor units; it may be nothing."""

    amount: MinorUnits
    currency: Currency


class TenantBody(RequestModel):
    """A tenant as it is: what is left out it has not."""

    ref: TenantReference
    name: Name
    email: Annotated[str | None, Field(max_length=200, description="Where its reminders go.")] = None
    zone: Annotated[str | None, Field(max_length=40, description="IANA; UTC if left out.")] = None
    language: Annotated[
        str | None, Field(min_length=2, max_length=2, description="ISO 639-1, two letters, of its letters.")
    ] = None
    grace_days: Annotated[
        int | None, Field(strict=True, ge=0, le=LONGEST_GRACE, description="As the settings say if left out.")
    ] = None
    created_at: _CreatedAt = None
    updated_at: _UpdatedAt = None

    def row(self) -> GivenRow:
        """What the service takes."""
        return TenantRow(**self.model_dump())


class ProductBody(RequestModel):
    """A product as it is."""

    tenant: _TenantOfRow
    ref: Reference
    name: Name
    price: Price | None = None
    created_at: _CreatedAt = None
    updated_at: _UpdatedAt = None

    def row(self) -> GivenRow:
        """What the service takes."""
        price: dict[str, Any] = (
            {} if self.price is None else {"price": self.price.amount, "currency": self.price.currency}
        )
        return ProductRow(**self.model_dump(exclude={"price"}), **price)


class CustomerBody(RequestModel):
    """A customer as it is. No more of a person is taken than this."""

    tenant: _TenantOfRow
    ref: Reference
    name: Name | None = None
    created_at: _CreatedAt = None
    updated_at: _UpdatedAt = None

    def row(self) -> GivenRow:
        """What the service takes."""
        return CustomerRow(**self.model_dump())


class OrderLineBody(RequestModel):
    """A line of an order of the same tenant, in its currency: so many of a product, and what they cost together."""

    tenant: _TenantOfRow
    ref: Reference
    order: Annotated[Reference, Field(description="The order's reference; the order comes first.")]
    product: Annotated[Reference, Field(description="The product's reference; it may be gone.")]
    quantity: _Quantity
    amount: Price
    created_at: _CreatedAt = None
    updated_at: _UpdatedAt = None

    def row(self) -> GivenRow:
        """What the service takes."""
        amount: dict[str, Any] = {"amount": self.amount.amount, "currency": self.amount.currency}
        return OrderLineRow(**self.model_dump(exclude={"amount"}), **amount)


class CartItemBody(RequestModel):
    """A product in a cart. It is old by `updated_at`."""

    tenant: _TenantOfRow
    ref: Reference
    product: Annotated[Reference, Field(description="The product's reference; the product comes first.")]
    quantity: _Quantity
    customer: Annotated[Reference | None, Field(description="The customer's reference, if anybody knows.")] = None
    created_at: _CreatedAt = None
    updated_at: _UpdatedAt = None

    def row(self) -> GivenRow:
        """What the service takes."""
        return CartItemRow(**self.model_dump())


class NameBody(RequestModel):
    """A row to remove."""

    tenant: _TenantOfRow
    ref: Reference

    def row(self) -> GivenRow:
        """What the service takes."""
        return GivenRow(tenant=self.tenant, ref=self.ref)


class TenantNameBody(RequestModel):
    """A tenant to remove. One that has orders, a subscription or anything else stays."""

    ref: TenantReference

    def row(self) -> GivenRow:
        """What the service takes."""
        return GivenRow(ref=self.ref)


def _kept_apart(sent: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """A bad row is answered for itself: it keeps none of the others."""
    try:
        return read(sent)
    except ValidationError as error:
        return _Unusable(sent, problems(error))


class _Unusable:
    """What is no row: it is answered with the sentences of its fields."""

    def __init__(self, sent: Any, wrong: dict[str, str]) -> None:
        self._sent, self._wrong = sent, wrong

    def row(self) -> GivenRow:
        """What the service takes, and rejects."""
        sentence = " ".join(f"{field}: {sentence}" for field, sentence in self._wrong.items())
        return UnusableRow(tenant=self._text("tenant"), ref=self._text("ref"), problem=sentence)

    def _text(self, name: str) -> str:
        """As it was sent, so that the caller knows its row again; half a character, which no answer holds, is a ?."""
        found = self._sent.get(name) if isinstance(self._sent, dict) else None
        return found[:80].encode(errors="replace").decode() if isinstance(found, str) else ""


_Apart = WrapValidator(_kept_apart)
_MANY = Field(min_length=1, max_length=bulk.MOST)


class TenantsBody(RequestModel):
    """Tenants to store."""

    rows: Annotated[list[Annotated[TenantBody, _Apart]], _MANY]


class ProductsBody(RequestModel):
    """Products to store."""

    rows: Annotated[list[Annotated[ProductBody, _Apart]], _MANY]


class CustomersBody(RequestModel):
    """Customers to store."""

    rows: Annotated[list[Annotated[CustomerBody, _Apart]], _MANY]


class OrderLinesBody(RequestModel):
    """Order lines to store."""

    rows: Annotated[list[Annotated[OrderLineBody, _Apart]], _MANY]


class CartItemsBody(RequestModel):
    """Cart items to store."""

    rows: Annotated[list[Annotated[CartItemBody, _Apart]], _MANY]


class NamesBody(RequestModel):
    """Rows to remove."""

    rows: Annotated[list[Annotated[NameBody, _Apart]], _MANY]


class TenantNamesBody(RequestModel):
    """Tenants to remove."""

    rows: Annotated[list[Annotated[TenantNameBody, _Apart]], _MANY]


class RowShape(ResponseModel):
    """What became of one row; `detail` says why it was rejected."""

    tenant: str | None
    ref: str
    outcome: RowOutcome
    detail: str | None


class RowsShape(ResponseModel):
    """What became of each row, in the order in which they were sent, and how many of each."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    rows: list[RowShape]


def answer(results: list[RowResult]) -> RowsShape:
    """The answer to a call."""
    counts = {str(outcome): 0 for outcome in RowOutcome}
    for result in results:
        counts[result.outcome] += 1
    rows = [RowShape(tenant=row.tenant or None, ref=row.ref, outcome=row.outcome, detail=row.detail) for row in results]
    return RowsShape(**counts, rows=rows)


class TenantsQuery(NewestFirst):
    """Which tenants."""

    ref: ShortText | None = None


class TenantRowsQuery(NewestFirst):
    """Which rows of which tenant."""

    tenant: ShortText | None = None
    ref: ShortText | None = None


class OrderLinesQuery(TenantRowsQuery):
    """Which lines."""

    order: ShortText | None = None


class DifferencesQuery(NewestFirst):
    """Whose orders."""

    tenant: ShortText


class LineDifference(ResponseModel):
    """An order, its amount, and what its lines sum to."""

    order_id: int
    order: str
    amount: Money
    summed: Money
    lines: int


class StorefrontShape(ResponseModel):
    """What every row has: the marketplace's times, and when the desk wrote it last."""

    id: int
    ref: str
    created_at: Instant
    stored_at: Instant


class TenantShape(StorefrontShape):
    """A tenant; `updated_at` is null while only orders name it."""

    name: str
    email: str | None
    zone: str | None
    language: str | None
    grace_days: int | None
    updated_at: Instant | None


class TenantRowShape(StorefrontShape):
    """A row of a tenant."""

    tenant: str
    updated_at: Instant


class ProductShape(TenantRowShape):
    """A product."""

    name: str
    price: Money | None


class CustomerShape(TenantRowShape):
    """A customer."""

    name: str | None


class OrderLineShape(TenantRowShape):
    """A line of an order; `order_id` is null once the order is gone."""

    order: str
    order_id: int | None
    product: str
    quantity: int
    amount: Money


class CartItemShape(TenantRowShape):
    """A product in a cart; `product_id` is null once the product is gone."""

    product: str
    product_id: int | None
    quantity: int
    customer: str | None
