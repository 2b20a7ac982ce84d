"""Rows by the thousand: each is answered for itself, a bad one keeps none of the others, and twice changes nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session

from tests.support.market import DIVINE, NOW, VIEWER, Market
from webapp.domain.storefront.rows import (
    CartItemRow,
    CustomerRow,
    GivenRow,
    OrderLineRow,
    ProductRow,
    RowOutcome,
    RowResult,
    TenantRow,
)
from webapp.errors import NotAllowed
from webapp.models import Audit, CartItem, Customer, Order, OrderLine, Product, Subscription, Tenant
from webapp.models.base import Base
from webapp.runtime import Runtime
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.storefront import bulk, tables

HOUR = timedelta(hours=1)
SHOP = TenantRow(ref="shop", name="The Shop", email="shop@example.com", zone="Africa/Kigali", grace_days=3)
LINE = OrderLineRow(ref="l1", tenant="shop", order="o1", product="p1", quantity=2, amount=700, currency="NGN")
ITEM = CartItemRow(ref="c1", tenant="shop", product="p1", quantity=1, customer="k1")
PRODUCT = ProductRow(ref="p1", tenant="shop", name="Soap", price=350, currency="NGN")
Store = Callable[..., list[RowResult]]


@pytest.fixture
def market(session: Session, runtime: Runtime) -> Market:
    return Market(session, runtime)


@pytest.fixture
def store(session: Session) -> Store:
    def stored(table: tables.StorefrontTable, *rows: GivenRow, at: timedelta = timedelta()) -> list[RowResult]:
        return bulk.upsert(session, table, rows, at=NOW + at, actor=DIVINE)

    return stored


def order(market: Market, ref: str = "o1", tenant: str | None = "shop", amount: int = 1_000) -> Order:
    buyer, seller = market.party("buyer"), market.party("seller")
    new = NewOrder(ref, buyer.id, seller.id, amount, "NGN", tenant=tenant)
    return orders.create(market.session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)


def named(tenant: str, ref: str) -> GivenRow:
    return GivenRow(tenant=tenant, ref=ref)


def outcomes(results: Sequence[RowResult]) -> list[str]:
    return [str(result.outcome) for result in results]


def count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def shop(market: Market, store: Store) -> Market:
    """A tenant with a product and an order."""
    assert outcomes(store(tables.TENANTS, SHOP)) == ["created"]
    assert outcomes(store(tables.PRODUCTS, PRODUCT)) == ["created"]
    order(market)
    return market


def test_rows_are_created_changed_and_left_alone(shop: Market, store: Store) -> None:
    session = shop.session
    rows: list[tuple[tables.StorefrontTable, Any, dict[str, Any]]] = [
        (tables.TENANTS, SHOP, {"name": "Another name", "email": None}),
        (tables.PRODUCTS, PRODUCT, {"price": None, "currency": None}),
        (tables.CUSTOMERS, CustomerRow(ref="k1", tenant="shop"), {"name": "Ada"}),
        (tables.ORDER_LINES, LINE, {"quantity": 3, "product": "gone"}),
        (tables.CARTS, ITEM, {"customer": None, "quantity": 5}),
    ]
    for table, row, other in rows:
        assert outcomes(store(table, row))[0] in ("created", "unchanged")
        assert outcomes(store(table, row, at=HOUR)) == ["unchanged"]
        changed = replace(row, **other)
        assert outcomes(store(table, changed, at=HOUR)) == ["updated"]
        assert outcomes(store(table, changed, at=2 * HOUR)) == ["unchanged"]
        stored = session.scalars(select(table.model).where(table.model.__table__.c.ref == row.ref)).one()
        assert {name: getattr(stored, name) for name in table.values(changed)} == table.values(changed)
        assert stored.__dict__["stored_at"] == stored.__dict__["updated_at"] == NOW + HOUR
        assert stored.__dict__["created_at"] == NOW


def test_a_bad_row_keeps_none_of_the_others(shop: Market, store: Store) -> None:
    order(shop, "o2", tenant=None)
    order(shop, "o3", tenant="other")
    bad: dict[str, dict[str, Any]] = {
        "There is no order 'nowhere': send the order first.": {"order": "nowhere"},
        "Order 'o2' is of no tenant, not of 'shop'.": {"order": "o2"},
        "Order 'o3' is of tenant 'other', not of 'shop'.": {"order": "o3"},
        "Order 'o1' is in NGN, the line in USD.": {"currency": "USD"},
        "There is no tenant 'nobody': send the tenant first.": {"tenant": "nobody"},
        "quantity is 1 to 1,000,000,000.": {"quantity": 0},
        "It is there already, as row 1.": {"ref": "l1"},
    }
    rows = [replace(LINE, **{"ref": f"bad{place}"} | other) for place, other in enumerate(bad.values())]
    results = store(tables.ORDER_LINES, LINE, *rows, replace(LINE, ref="l2"))
    assert [result.detail for result in results] == [None, *bad, None]
    assert outcomes(results) == ["created", *["rejected"] * len(bad), "created"]
    assert set(shop.session.scalars(select(OrderLine.ref))) == {"l1", "l2"}


def test_a_cart_needs_a_product_of_its_own_tenant(shop: Market, store: Store) -> None:
    store(tables.TENANTS, replace(SHOP, ref="other"))
    results = store(tables.CARTS, ITEM, replace(ITEM, tenant="other"), replace(ITEM, ref="c2", product="p2"))
    assert [result.detail for result in results] == [
        None,
        "Tenant other has no product 'p1': send the product first.",
        "Tenant shop has no product 'p2': send the product first.",
    ]


def test_what_is_older_than_the_desk_has_it_is_rejected(shop: Market, store: Store) -> None:
    newer, older = NOW, NOW - HOUR
    made: dict[str, Any] = {"created_at": NOW - 5 * HOUR}
    rows = [replace(PRODUCT, name=str(at), updated_at=at, **made) for at in (newer, older, newer)]
    results = [store(tables.PRODUCTS, row)[0] for row in rows]
    assert outcomes(results) == ["updated", "rejected", "unchanged"]
    assert results[1].detail == "The desk has a newer one, of 2026-03-02T09:30:00Z."


def test_a_tenant_that_only_orders_name_becomes_what_the_marketplace_tells(shop: Market, store: Store) -> None:
    order(shop, "o2", tenant="other")
    row = replace(SHOP, ref="other", created_at=NOW - 50 * HOUR, updated_at=NOW - 50 * HOUR)
    assert outcomes(store(tables.TENANTS, row)) == ["updated"]
    told = shop.session.scalars(select(Tenant).where(Tenant.ref == "other")).one()
    assert (told.name, told.updated_at) == ("The Shop", NOW - 50 * HOUR)


def test_what_is_removed_is_answered_row_by_row(shop: Market, store: Store, session: Session) -> None:
    store(tables.CARTS, ITEM, replace(ITEM, ref="c2"))
    names = [named("shop", "c1"), named("shop", "nothing"), named("nobody", "c1"), named("shop", "c1")]
    results = bulk.remove(session, tables.CARTS, names, at=NOW, actor=DIVINE)
    assert outcomes(results) == ["deleted", "unchanged", "rejected", "rejected"]
    assert list(session.scalars(select(CartItem.ref))) == ["c2"]
    again = bulk.remove(session, tables.CARTS, names[:1], at=NOW, actor=DIVINE)
    assert outcomes(again) == ["unchanged"]


def test_lines_and_carts_outlive_their_order_and_product(shop: Market, store: Store, session: Session) -> None:
    store(tables.CARTS, ITEM)
    store(tables.ORDER_LINES, LINE)
    bulk.remove(session, tables.PRODUCTS, [named("shop", "p1")], at=NOW, actor=DIVINE)
    session.add(copy := Order(**_bare_order(session, "o9")))
    session.flush()
    store(tables.ORDER_LINES, replace(LINE, order="o9"))
    session.execute(delete(Order).where(Order.id == copy.id))
    session.expire_all()
    item, line = session.scalars(select(CartItem)).one(), session.scalars(select(OrderLine)).one()
    assert (item.product_id, item.product_ref) == (None, "p1")
    assert (line.order_id, line.order_ref, line.product_ref) == (None, "o9", "p1")


def _bare_order(session: Session, ref: str) -> dict[str, Any]:
    """An order without an escrow: one that has any is kept for good."""
    table: Any = Order.__table__
    row = session.execute(select(table).where(Order.ref == "o1")).mappings().one()
    return {name: value for name, value in row.items() if name != "id"} | {"ref": ref}


def test_a_tenant_that_has_anything_stays(shop: Market, store: Store, session: Session) -> None:
    store(tables.TENANTS, replace(SHOP, ref="empty"), replace(SHOP, ref="subscribed"))
    subscribed = session.scalars(select(Tenant.id).where(Tenant.ref == "subscribed")).one()
    times = {"expire_date": NOW, "created_at": NOW, "changed_at": NOW}
    session.add(Subscription(tenant_id=subscribed, status="active", **times))
    session.flush()
    names = [named("", ref) for ref in ("shop", "empty", "subscribed", "nothing")]
    results = bulk.remove(session, tables.TENANTS, names, at=NOW, actor=DIVINE)
    assert outcomes(results) == ["rejected", "deleted", "rejected", "unchanged"]
    assert results[0].detail == "Tenant shop has orders and products: it stays."
    assert set(session.scalars(select(Tenant.ref))) == {"shop", "subscribed"}


def test_what_was_stored_is_on_record_by_tenant(shop: Market, store: Store, session: Session) -> None:
    store(tables.CUSTOMERS, *(CustomerRow(ref=str(number), tenant="shop") for number in range(3)))
    bulk.remove(session, tables.CUSTOMERS, [named("shop", "1")], at=NOW, actor=DIVINE)
    kept = select(Audit.action, Audit.after).where(Audit.subject_kind == "tenant").order_by(Audit.batch, Audit.pos)
    found = session.execute(kept).all()
    assert [row.action for row in found] == ["tenant.create", "product.store", "customer.store", "customer.remove"]
    assert json.loads(found[0].after)["email"] == "shop@example.com"
    assert [json.loads(row.after) for row in found[1:]] == [{"created": 1}, {"created": 3}, {"deleted": 1}]


@pytest.mark.parametrize("rows", [10, 200])
def test_one_statement_writes_them_all(runtime: Runtime, shop: Market, store: Store, rows: int) -> None:
    statements: list[str] = []
    event.listen(runtime.db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    store(tables.CARTS, *(replace(ITEM, ref=str(number)) for number in range(rows)))
    assert len([statement for statement in statements if "cart_item" in statement and "INSERT" in statement]) == 1
    assert len(statements) <= 7


def test_nobody_without_the_permission_stores_or_removes(session: Session, market: Market) -> None:
    with pytest.raises(NotAllowed):
        bulk.upsert(session, tables.TENANTS, [SHOP], at=NOW, actor=VIEWER)
    with pytest.raises(NotAllowed):
        bulk.remove(session, tables.TENANTS, [named("", "shop")], at=NOW, actor=VIEWER)


def test_a_preview_stores_nothing(session: Session, market: Market) -> None:
    results = bulk.preview(session, tables.TENANTS, [SHOP, replace(SHOP, ref="")], at=NOW)
    assert [result.outcome for result in results] == [RowOutcome.CREATED, RowOutcome.REJECTED]
    assert count(session, Tenant) == count(session, Product) == count(session, Customer) == 0
