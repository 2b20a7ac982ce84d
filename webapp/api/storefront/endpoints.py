"""What the marketplace tells of its tenants, by up to 1,000 rows: stored and removed by reference, listed, read."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Money, Page, to_page
from webapp.api.storefront.schemas import (
    CartItemsBody,
    CartItemShape,
    CustomersBody,
    CustomerShape,
    DifferencesQuery,
    LineDifference,
    NamesBody,
    OrderLinesBody,
    OrderLineShape,
    OrderLinesQuery,
    ProductsBody,
    ProductShape,
    RowsShape,
    TenantNamesBody,
    TenantRowsQuery,
    TenantsBody,
    TenantShape,
    TenantsQuery,
    answer,
)
from webapp.errors import Invalid, NotFound
from webapp.models import CartItem, Customer, OrderLine, Product, Tenant
from webapp.services.common import lookup
from webapp.services.orders import orders
from webapp.services.storefront import bulk, line_sums, tables, tenants
from webapp.services.storefront.line_sums import LineSum
from webapp.services.storefront.tables import StorefrontTable
from webapp.sql import one_of

endpoints = Endpoints("storefront")
_READ, _WRITE = "storefront:read", "storefront:write"


@endpoints.post("/api/v1/storefront/tenants", _WRITE)
def store_tenants(call: Call, body: TenantsBody) -> RowsShape:
    """Create or change tenants by reference. A bad row is answered for itself; the others are stored."""
    return _store(call, tables.TENANTS, body.rows)


@endpoints.post("/api/v1/storefront/tenants/delete", _WRITE)
def remove_tenants(call: Call, body: TenantNamesBody) -> RowsShape:
    """Remove tenants that have nothing: no orders, no subscription, no figures, no rows. What is not there is so."""
    return _remove(call, tables.TENANTS, body.rows)


@endpoints.get("/api/v1/storefront/tenants", _READ)
def list_tenants(call: Call, query: TenantsQuery) -> Page[TenantShape]:
    """Tenants, newest first."""
    found = newest_first(call.session, Tenant, query, {Tenant.ref: query.ref})
    return to_page(found, query, TenantShape.model_validate)


@endpoints.get("/api/v1/storefront/tenants/<id:tenant_id>", _READ)
def get_tenant(call: Call, tenant_id: int) -> TenantShape:
    """One tenant."""
    return TenantShape.model_validate(tenants.get(call.session, tenant_id))


@endpoints.post("/api/v1/storefront/products", _WRITE)
def store_products(call: Call, body: ProductsBody) -> RowsShape:
    """Create or change products by tenant and reference."""
    return _store(call, tables.PRODUCTS, body.rows)


@endpoints.post("/api/v1/storefront/products/delete", _WRITE)
def remove_products(call: Call, body: NamesBody) -> RowsShape:
    """Remove products. Carts that have one keep its reference, and go at the next clean-up."""
    return _remove(call, tables.PRODUCTS, body.rows)


@endpoints.get("/api/v1/storefront/products", _READ)
def list_products(call: Call, query: TenantRowsQuery) -> Page[ProductShape]:
    """Products, newest first."""
    found = _of_tenant(call, Product, query)
    known = _tenant_refs(call, found)
    return to_page(found, query, lambda row: _product(row, known))


@endpoints.get("/api/v1/storefront/products/<id:product_id>", _READ)
def get_product(call: Call, product_id: int) -> ProductShape:
    """One product."""
    row = lookup.by_id(call.session, Product, product_id, "product")
    return _product(row, _tenant_refs(call, [row]))


@endpoints.post("/api/v1/storefront/customers", _WRITE)
def store_customers(call: Call, body: CustomersBody) -> RowsShape:
    """Create or change customers by tenant and reference. One counts as new on the day of its `created_at`."""
    return _store(call, tables.CUSTOMERS, body.rows)


@endpoints.post("/api/v1/storefront/customers/delete", _WRITE)
def remove_customers(call: Call, body: NamesBody) -> RowsShape:
    """Remove customers. Carts keep their references."""
    return _remove(call, tables.CUSTOMERS, body.rows)


@endpoints.get("/api/v1/storefront/customers", _READ)
def list_customers(call: Call, query: TenantRowsQuery) -> Page[CustomerShape]:
    """Customers, newest first."""
    found = _of_tenant(call, Customer, query)
    known = _tenant_refs(call, found)
    return to_page(found, query, lambda row: _customer(row, known))


@endpoints.get("/api/v1/storefront/customers/<id:customer_id>", _READ)
def get_customer(call: Call, customer_id: int) -> CustomerShape:
    """One customer."""
    row = lookup.by_id(call.session, Customer, customer_id, "customer")
    return _customer(row, _tenant_refs(call, [row]))


@endpoints.post("/api/v1/storefront/order-lines", _WRITE)
def store_order_lines(call: Call, body: OrderLinesBody) -> RowsShape:
    """Create or change lines of orders by tenant and reference. The order is there, and of the same tenant."""
    return _store(call, tables.ORDER_LINES, body.rows)


@endpoints.post("/api/v1/storefront/order-lines/delete", _WRITE)
def remove_order_lines(call: Call, body: NamesBody) -> RowsShape:
    """Remove lines of orders."""
    return _remove(call, tables.ORDER_LINES, body.rows)


@endpoints.get("/api/v1/storefront/order-lines", _READ)
def list_order_lines(call: Call, query: OrderLinesQuery) -> Page[OrderLineShape]:
    """Lines of orders, newest first."""
    found = _of_tenant(call, OrderLine, query, **_of_order(call, query))
    known = _tenant_refs(call, found)
    return to_page(found, query, lambda row: _order_line(row, known))


@endpoints.get("/api/v1/storefront/order-lines/differences", _READ)
def list_line_differences(call: Call, query: DifferencesQuery) -> Page[LineDifference]:
    """Orders of a tenant whose lines don't sum to their amount, newest first: some have not come, or they differ."""
    tenants.by_ref(call.session, query.tenant)
    found = line_sums.differing(call.session, query.tenant, limit=query.limit + 1, before=query.before)
    return to_page(found, query, _difference)


@endpoints.get("/api/v1/storefront/order-lines/<id:line_id>", _READ)
def get_order_line(call: Call, line_id: int) -> OrderLineShape:
    """One line of an order."""
    row = lookup.by_id(call.session, OrderLine, line_id, "order line")
    return _order_line(row, _tenant_refs(call, [row]))


@endpoints.post("/api/v1/storefront/carts", _WRITE)
def store_carts(call: Call, body: CartItemsBody) -> RowsShape:
    """Create or change cart items by tenant and reference. The product is there, and of the same tenant."""
    return _store(call, tables.CARTS, body.rows)


@endpoints.post("/api/v1/storefront/carts/delete", _WRITE)
def remove_carts(call: Call, body: NamesBody) -> RowsShape:
    """Remove cart items."""
    return _remove(call, tables.CARTS, body.rows)


@endpoints.get("/api/v1/storefront/carts", _READ)
def list_carts(call: Call, query: TenantRowsQuery) -> Page[CartItemShape]:
    """Cart items, newest first."""
    found = _of_tenant(call, CartItem, query)
    known = _tenant_refs(call, found)
    return to_page(found, query, lambda row: _cart_item(row, known))


@endpoints.get("/api/v1/storefront/carts/<id:item_id>", _READ)
def get_cart(call: Call, item_id: int) -> CartItemShape:
    """One cart item."""
    row = lookup.by_id(call.session, CartItem, item_id, "cart item")
    return _cart_item(row, _tenant_refs(call, [row]))


def _store(call: Call, table: StorefrontTable, rows: Sequence[Any]) -> RowsShape:
    given = [row.row() for row in rows]
    return answer(bulk.upsert(call.session, table, given, at=call.at, actor=call.actor))


def _remove(call: Call, table: StorefrontTable, rows: Sequence[Any]) -> RowsShape:
    given = [row.row() for row in rows]
    return answer(bulk.remove(call.session, table, given, at=call.at, actor=call.actor))


def _of_tenant(call: Call, model: Any, query: TenantRowsQuery, **more: Any) -> list[Any]:
    """Rows that a query asks for. A reference is one within its tenant, and looked for there."""
    if query.ref is not None and query.tenant is None:
        raise Invalid("A ref is a tenant's: say the tenant too.", fields={"tenant": "Whose reference is it?"})
    wanted = {getattr(model, name): value for name, value in more.items()}
    if query.tenant is not None:
        wanted[model.tenant_id] = _known(lambda: tenants.by_ref(call.session, query.tenant or "").id, "tenant")
    return newest_first(call.session, model, query, wanted | {model.ref: query.ref})


def _of_order(call: Call, query: OrderLinesQuery) -> dict[str, Any]:
    if query.order is None:
        return {}
    return {"order_id": _known(lambda: orders.by_ref(call.session, query.order or "").id, "order")}


def _known(find: Callable[[], int], field: str) -> int:
    """The number of what a query names. Raises Invalid that names the field."""
    try:
        return find()
    except NotFound as missing:
        raise Invalid(missing.detail, fields={field: missing.detail}) from None


def _tenant_refs(call: Call, rows: Sequence[Any]) -> dict[int, str]:
    ids = sorted({row.tenant_id for row in rows})
    return dict(call.session.execute(select(Tenant.id, Tenant.ref).where(one_of(call.session, Tenant.id, ids))).all())


def _common(row: Any, known: dict[int, str]) -> dict[str, Any]:
    names = ("id", "ref", "created_at", "updated_at", "stored_at")
    return {name: getattr(row, name) for name in names} | {"tenant": known[row.tenant_id]}


def _product(row: Product, known: dict[int, str]) -> ProductShape:
    price = None if row.price is None else Money(amount=row.price, currency=row.currency or "")
    return ProductShape(**_common(row, known), name=row.name, price=price)


def _customer(row: Customer, known: dict[int, str]) -> CustomerShape:
    return CustomerShape(**_common(row, known), name=row.name)


def _order_line(row: OrderLine, known: dict[int, str]) -> OrderLineShape:
    return OrderLineShape(
        **_common(row, known),
        order=row.order_ref,
        order_id=row.order_id,
        product=row.product_ref,
        quantity=row.quantity,
        amount=Money(amount=row.amount, currency=row.currency),
    )


def _difference(found: LineSum) -> LineDifference:
    amount, summed = (Money(amount=each, currency=found.currency) for each in (found.amount, found.summed))
    return LineDifference(order_id=found.id, order=found.ref, amount=amount, summed=summed, lines=found.lines)


def _cart_item(row: CartItem, known: dict[int, str]) -> CartItemShape:
    return CartItemShape(
        **_common(row, known),
        product=row.product_ref,
        product_id=row.product_id,
        quantity=row.quantity,
        customer=row.customer_ref,
    )
