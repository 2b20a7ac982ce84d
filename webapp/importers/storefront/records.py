"""Lines of the storefront's files: the columns of each file, and a line's fields as a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.domain.numbers import parse_whole
from webapp.domain.storefront import checks
from webapp.domain.storefront.rows import (
    CartItemRow,
    CustomerRow,
    GivenRow,
    OrderLineRow,
    ProductRow,
    TenantRow,
)
from webapp.importers import order_fields
from webapp.importers.csv_records import RowError
from webapp.importers.layout import Layout
from webapp.services.storefront import tables
from webapp.services.storefront.tables import StorefrontTable

Fields = Mapping[str, str]
_TIMES = ("created_at", "updated_at")


@dataclass(frozen=True)
class FileKind:
    """One kind of file: what it fills, its columns, and how a line becomes a row."""

    table: StorefrontTable
    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Fields], GivenRow]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it may have."""
        return (*self.required, *self.optional, *_TIMES)

    @property
    def ref_column(self) -> str:
        """The column of the row's own reference."""
        return self.required[0] if self.table.of_tenants else self.required[1]

    def layout(self, header: str) -> Layout:
        """Where the columns are. Raises Invalid."""
        return Layout(header, self.required, (*self.optional, *_TIMES))


def row_of(kind: FileKind, text: str, layout: Layout, at: datetime) -> GivenRow:
    """A line as a row. Raises RowError."""
    fields = dict(zip(kind.columns, layout.fields(text), strict=True))
    row = kind.read(fields)
    wrong = checks.problem(row, at)
    if wrong:
        raise RowError(_in_columns(kind, wrong))
    return row


def _in_columns(kind: FileKind, sentence: str) -> str:
    """A sentence about a field, with the name of its column, as a part of a line's reason."""
    field, _, rest = sentence.removesuffix(".").partition(" ")
    own = {"ref": kind.ref_column} | {name: f"{name}_ref" for name in ("tenant", "order", "product", "customer")}
    return f"{own.get(field, field)} {rest}"


def _common(fields: Fields, ref: str) -> dict[str, Any]:
    times = {name: order_fields.instant(fields[name], name) for name in _TIMES}
    return {"ref": fields[ref], "tenant": fields["tenant_ref"]} | times


def _tenant(fields: Fields) -> GivenRow:
    days = _whole(fields, "grace_days") if fields["grace_days"] else None
    own: dict[str, Any] = {"name": fields["name"], "email": fields["email"] or None, "zone": fields["zone"] or None}
    own["language"] = fields["language"] or None
    return TenantRow(**_common(fields, "tenant_ref") | {"tenant": ""}, **own, grace_days=days)


def _product(fields: Fields) -> GivenRow:
    price, currency = fields["price"], fields["currency"]
    money: dict[str, Any] = {}
    if price:
        money = {"price": order_fields.minor(price, currency, "price"), "currency": currency}
    return ProductRow(**_common(fields, "product_ref"), name=fields["name"], **money)


def _customer(fields: Fields) -> GivenRow:
    return CustomerRow(**_common(fields, "customer_ref"), name=fields["name"] or None)


def _order_line(fields: Fields) -> GivenRow:
    currency = fields["currency"]
    return OrderLineRow(
        **_common(fields, "line_ref"),
        order=fields["order_ref"],
        product=fields["product_ref"],
        quantity=_whole(fields, "quantity"),
        amount=order_fields.minor(fields["amount"], currency, "amount"),
        currency=currency,
    )


def _cart_item(fields: Fields) -> GivenRow:
    return CartItemRow(
        **_common(fields, "item_ref"),
        product=fields["product_ref"],
        quantity=_whole(fields, "quantity"),
        customer=fields["customer_ref"] or None,
    )


def _whole(fields: Fields, name: str) -> int:
    number = parse_whole(fields[name])
    if number is None:
        raise RowError(f"{name} {fields[name][:40]!r} is no whole number")
    return number


KINDS = (
    FileKind(tables.TENANTS, ("tenant_ref", "name"), ("email", "zone", "language", "grace_days"), _tenant),
    FileKind(tables.PRODUCTS, ("tenant_ref", "product_ref", "name"), ("price", "currency"), _product),
    FileKind(tables.CUSTOMERS, ("tenant_ref", "customer_ref"), ("name",), _customer),
    FileKind(
        tables.ORDER_LINES,
        ("tenant_ref", "line_ref", "order_ref", "product_ref", "quantity", "amount", "currency"),
        (),
        _order_line,
    ),
    FileKind(tables.CARTS, ("tenant_ref", "item_ref", "product_ref", "quantity"), ("customer_ref",), _cart_item),
)
"""Amounts are in major units, as in files of orders."""
