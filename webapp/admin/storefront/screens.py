"""Lists of what the marketplace tells of its tenants. A tenant's page leads to them."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from webapp.admin.ui.lists.columns import Column, Filter, flag, since, until
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.models import CartItem, Customer, Escrow, Order, OrderLine, Product, Tenant
from webapp.services.storefront.line_sums import is_of_a_differing_order
from webapp.sql import begins


def _tenant_page(row: Any) -> str:
    return url_for("tenants.one", tenant_id=row.tenant_id)


def _order_page(row: Any) -> str:
    return url_for("escrows.one", escrow_id=row.escrow_id) if row.escrow_id else ""


def _tenants_like(words: str) -> Select[Any]:
    return select(Tenant.id).where(begins(Tenant.ref, words) | begins(Tenant.name, words))


def _is_of_order(ref: str) -> Any:
    return OrderLine.order_id == select(Order.id).where(Order.ref == ref).scalar_subquery()


def _listing(model: Any, columns: tuple[Column, ...], *filters: Filter) -> Listing:
    """A list of rows of tenants: the tenant first, then the row's own columns, then the marketplace's times."""

    def of_tenant(query: Select[Any]) -> Select[Any]:
        return query.join_from(model, Tenant, Tenant.id == model.tenant_id)

    def is_of(ref: str) -> Any:
        return model.tenant_id == select(Tenant.id).where(Tenant.ref == ref).scalar_subquery()

    return Listing(
        key=model.id,
        source=of_tenant,
        columns=(
            Column("ref", _l("Reference"), model.ref, kind="ref"),
            Column("tenant", _l("Tenant"), Tenant.name, link=_tenant_page),
            Column("tenant_ref", _l("Tenant's reference"), Tenant.ref, shown=False),
            Column("tenant_id", "", model.tenant_id, shown=False, exported=False),
            *columns,
            Column("created_at", _l("Made"), model.created_at, kind="when"),
            Column("updated_at", _l("Last sent"), model.updated_at, kind="when"),
        ),
        filters=(Filter("tenant", _l("Tenant's reference"), is_of), *filters),
        search=lambda words: model.tenant_id.in_(_tenants_like(words.strip())),
        search_hint=_l("Tenant's name or reference"),
    )


class ProductScreen(ListScreen):
    """What tenants sell."""

    slug = "products"
    title = _l("Products")
    permission = "storefront:read"
    group = "money"
    in_menu = False
    intro = _l("What tenants sell, as the marketplace tells it.")
    empty = _l("No product is like this. Products appear when the marketplace sends them, or from a file.")
    listing = _listing(
        Product,
        (
            Column("name", _l("Name"), Product.name),
            Column("price", _l("Price"), Product.price, kind="money"),
            Column("currency", _l("Currency"), Product.currency, shown=False),
        ),
    )


class CustomerScreen(ListScreen):
    """Who buys of tenants."""

    slug = "customers"
    title = _l("Customers")
    permission = "storefront:read"
    group = "money"
    in_menu = False
    intro = _l("Who buys of tenants. One counts as new on the day on which it was made.")
    empty = _l("No customer is like this. Customers appear when the marketplace sends them, or from a file.")
    listing = _listing(
        Customer,
        (Column("name", _l("Name"), Customer.name),),
        since("from", _l("Made from"), Customer.created_at),
        until("to", _l("Made up to"), Customer.created_at),
    )


class OrderLineScreen(ListScreen):
    """What is in the orders of tenants."""

    slug = "order-lines"
    title = _l("Order lines")
    permission = "storefront:read"
    group = "money"
    in_menu = False
    intro = _l("What is in the orders of tenants. Lines that don't sum to their order are taken, and shown here.")
    empty = _l("No line is like this. Lines appear when the marketplace sends them, or from a file.")
    listing = _listing(
        OrderLine,
        (
            Column("order", _l("Order"), OrderLine.order_ref, kind="ref", link=_order_page),
            Column(
                "escrow_id",
                "",
                select(Escrow.id).where(Escrow.order_id == OrderLine.order_id).scalar_subquery(),
                shown=False,
                exported=False,
            ),
            Column("product", _l("Product"), OrderLine.product_ref),
            Column("quantity", _l("Quantity"), OrderLine.quantity, kind="number"),
            Column("amount", _l("Amount"), OrderLine.amount, kind="money"),
            Column("currency", _l("Currency"), OrderLine.currency, shown=False),
        ),
        Filter("order", _l("Order"), _is_of_order),
        flag("differs", _l("Don't sum to their order's amount"), is_of_a_differing_order()),
        flag("gone", _l("Order is gone"), OrderLine.order_id.is_(None)),
    )


class CartScreen(ListScreen):
    """What lies in carts."""

    slug = "carts"
    title = _l("Carts")
    permission = "storefront:read"
    group = "money"
    in_menu = False
    intro = _l("What lies in carts. Items that nobody came back to go with the clean-up.")
    empty = _l("No cart item is like this. They appear when the marketplace sends them, or from a file.")
    listing = _listing(
        CartItem,
        (
            Column("product", _l("Product"), CartItem.product_ref),
            Column("quantity", _l("Quantity"), CartItem.quantity, kind="number"),
            Column("customer", _l("Customer"), CartItem.customer_ref),
        ),
        flag("gone", _l("Product is gone"), CartItem.product_id.is_(None)),
        since("from", _l("Told from"), CartItem.updated_at),
        until("to", _l("Told up to"), CartItem.updated_at),
    )
