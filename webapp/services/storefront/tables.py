"""The five tables that the marketplace fills: what each is called, and which columns a row gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webapp.domain.storefront.rows import CartItemRow, CustomerRow, GivenRow, OrderLineRow, ProductRow, TenantRow
from webapp.models import CartItem, Customer, OrderLine, Product, Tenant
from webapp.models.base import Base


@dataclass(frozen=True)
class StorefrontTable:
    """One table."""

    name: str
    """Of many, in addresses and commands."""
    word: str
    """Of one, in sentences and audit records."""
    model: type[Base]
    row: type[GivenRow]
    values: Callable[[Any], dict[str, Any]]
    """The columns that are compared and written, by a row."""

    @property
    def of_tenants(self) -> bool:
        """Whether its rows are the tenants themselves."""
        return self.model is Tenant


def _tenant(row: TenantRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "email": row.email,
        "zone": row.zone,
        "language": row.language,
        "grace_days": row.grace_days,
    }


def _product(row: ProductRow) -> dict[str, Any]:
    return {"name": row.name, "price": row.price, "currency": row.currency}


def _customer(row: CustomerRow) -> dict[str, Any]:
    return {"name": row.name}


def _order_line(row: OrderLineRow) -> dict[str, Any]:
    own = {"quantity": row.quantity, "amount": row.amount, "currency": row.currency}
    return {"order_ref": row.order, "product_ref": row.product} | own


def _cart_item(row: CartItemRow) -> dict[str, Any]:
    return {"customer_ref": row.customer, "product_ref": row.product, "quantity": row.quantity}


TENANTS = StorefrontTable("tenants", "tenant", Tenant, TenantRow, _tenant)
PRODUCTS = StorefrontTable("products", "product", Product, ProductRow, _product)
CUSTOMERS = StorefrontTable("customers", "customer", Customer, CustomerRow, _customer)
ORDER_LINES = StorefrontTable("order-lines", "order line", OrderLine, OrderLineRow, _order_line)
CARTS = StorefrontTable("carts", "cart item", CartItem, CartItemRow, _cart_item)
