"""What a row stands on: its tenant, the order of a line, the product of a cart; and what keeps a tenant."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.storefront.rows import CartItemRow, GivenRow, OrderLineRow
from webapp.models import (
    CartItem,
    Customer,
    Order,
    OrderLine,
    Product,
    Subscription,
    Tenant,
    TenantDailyFigure,
)
from webapp.services.storefront.tables import CARTS, ORDER_LINES, StorefrontTable
from webapp.sql import given_rows, one_of

Points = Callable[[Any], dict[str, Any]]
"""The columns that point at what a row stands on."""
Problem = Callable[[Any], str | None]

_KEEPING: tuple[tuple[str, Any], ...] = (
    ("orders", exists().where(Order.tenant == Tenant.ref)),
    ("a subscription", exists().where(Subscription.tenant_id == Tenant.id)),
    ("figures", exists().where(TenantDailyFigure.tenant_id == Tenant.id)),
    ("products", exists().where(Product.tenant_id == Tenant.id)),
    ("customers", exists().where(Customer.tenant_id == Tenant.id)),
    ("order lines", exists().where(OrderLine.tenant_id == Tenant.id)),
    ("carts", exists().where(CartItem.tenant_id == Tenant.id)),
)


def no_tenant(table: StorefrontTable, row: GivenRow, ids: Mapping[str, int]) -> str | None:
    """What is wrong when the tenant of a row is not there."""
    if table.of_tenants or row.tenant in ids:
        return None
    return f"There is no tenant {row.tenant!r}: send the tenant first."


def find(
    session: Session, table: StorefrontTable, rows: Sequence[GivenRow], ids: Mapping[str, int]
) -> tuple[Points, Problem]:
    """By row, the columns that point at what it stands on, and what is wrong when that isn't there."""
    if table is ORDER_LINES:
        return _orders(session, [row for row in rows if isinstance(row, OrderLineRow)])
    if table is CARTS:
        return _products(session, [row for row in rows if isinstance(row, CartItemRow)], ids)
    return lambda row: {}, lambda row: None


def kept_tenants(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Tenants that have something, and may not go: a sentence each, by id."""
    has = [condition.label(f"has_{place}") for place, (_, condition) in enumerate(_KEEPING)]
    kept = {}
    for number, ref, *found in session.execute(
        select(Tenant.id, Tenant.ref, *has).where(one_of(session, Tenant.id, ids))
    ):
        things = [word for (word, _), there in zip(_KEEPING, found, strict=True) if there]
        if things:
            kept[number] = f"Tenant {ref} has {_listed(things)}: it stays."
    return kept


def _orders(session: Session, rows: Sequence[OrderLineRow]) -> tuple[Points, Problem]:
    refs = sorted({row.order for row in rows})
    chosen = select(Order.ref, Order.id, Order.tenant, Order.currency).where(one_of(session, Order.ref, refs))
    found = {order.ref: order for order in session.execute(chosen)}

    def problem(row: OrderLineRow) -> str | None:
        order = found.get(row.order)
        if order is None:
            return f"There is no order {row.order!r}: send the order first."
        if order.tenant != row.tenant:
            whose = f"of tenant {order.tenant!r}" if order.tenant else "of no tenant"
            return f"Order {row.order!r} is {whose}, not of {row.tenant!r}."
        if order.currency != row.currency:
            return f"Order {row.order!r} is in {order.currency}, the line in {row.currency}."
        return None

    return lambda row: {"order_id": found[row.order].id}, problem


def _products(session: Session, rows: Sequence[CartItemRow], ids: Mapping[str, int]) -> tuple[Points, Problem]:
    pairs = sorted({(ids[row.tenant], row.product) for row in rows})
    found: dict[tuple[int, str], int] = {}
    if pairs:
        named = [{"tenant_id": tenant_id, "ref": ref} for tenant_id, ref in pairs]
        columns = given_rows(session, Product, named)
        given = select(*(column.label(name) for name, column in columns.items())).subquery()
        same = (Product.tenant_id == given.c.tenant_id) & (Product.ref == given.c.ref)
        products = session.execute(select(Product.tenant_id, Product.ref, Product.id).join(given, same))
        found = {(row.tenant_id, row.ref): row.id for row in products}

    def problem(row: CartItemRow) -> str | None:
        there = (ids[row.tenant], row.product) in found
        return None if there else f"Tenant {row.tenant} has no product {row.product!r}: send the product first."

    return lambda row: {"product_id": found[ids[row.tenant], row.product]}, problem


def _listed(things: Sequence[str]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
