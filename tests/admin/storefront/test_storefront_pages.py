"""What a tenant sells, as lists that its page leads to, and its orders whose lines don't sum."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.market import DIVINE, Market
from webapp import clock
from webapp.domain.storefront.rows import CartItemRow, CustomerRow, OrderLineRow, ProductRow, TenantRow
from webapp.models import Tenant
from webapp.runtime import Runtime
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.storefront import bulk, tables

SignIn = Callable[..., FlaskClient]
LISTS = ("products", "customers", "order-lines", "carts")


@pytest.fixture
def shop(desk: Runtime) -> int:
    """A tenant with two orders, the lines of one of which don't sum; its number."""
    at = clock.now()
    with desk.db.transaction() as session:
        market = Market(session, desk, at)
        for ref in ("shop", "other"):
            bulk.upsert(session, tables.TENANTS, [TenantRow(ref=ref, name=ref.title())], at=at, actor=DIVINE)
            product = ProductRow(ref=f"p-{ref}", tenant=ref, name="Soap", price=350, currency="NGN")
            bulk.upsert(session, tables.PRODUCTS, [product], at=at, actor=DIVINE)
            customer = CustomerRow(ref=f"k-{ref}", tenant=ref)
            bulk.upsert(session, tables.CUSTOMERS, [customer], at=at, actor=DIVINE)
            item = CartItemRow(ref=f"c-{ref}", tenant=ref, product=f"p-{ref}", quantity=1)
            bulk.upsert(session, tables.CARTS, [item], at=at, actor=DIVINE)
        for number, summed in ((1, 1_000), (2, 900)):
            new = NewOrder(f"o{number}", market.party().id, market.party().id, 1_000, "NGN", tenant="shop")
            orders.create(session, new, at=at, actor=DIVINE, settings=desk.settings)
            own: dict[str, Any] = {
                "tenant": "shop",
                "order": f"o{number}",
                "product": "p-shop",
                "quantity": 1,
                "currency": "NGN",
            }
            rows = [OrderLineRow(ref=f"l{number}-{part}", amount=summed // 2, **own) for part in range(2)]
            bulk.upsert(session, tables.ORDER_LINES, rows, at=at, actor=DIVINE)
        return session.scalars(select(Tenant.id).where(Tenant.ref == "shop")).one()


def test_a_tenants_page_leads_to_its_lists_and_shows_what_does_not_sum(
    desk: Runtime, shop: int, sign_in: SignIn
) -> None:
    viewer = sign_in("viewer")
    page = viewer.get(f"/tenants/{shop}").text
    for name in LISTS:
        assert f"/{name}/?tenant=shop" in page
    assert "Orders whose lines don" in page
    assert "/order-lines/?tenant=shop&amp;order=o2" in page
    assert "order=o1" not in page
    assert "c-shop" in viewer.get("/carts/?tenant=shop").text
    assert "c-other" not in viewer.get("/carts/?tenant=shop").text


@pytest.mark.parametrize("name", LISTS)
def test_each_list_searches_filters_and_exports(name: str, desk: Runtime, shop: int, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    assert viewer.get(f"/{name}/?q=Shop").status_code == 200
    exported = viewer.get(f"/{name}/export.csv?tenant=shop").text
    assert "shop" in exported
    assert "other" not in exported


def test_only_lines_that_do_not_sum_are_found_by_that(desk: Runtime, shop: int, sign_in: SignIn) -> None:
    found = sign_in("viewer").get("/order-lines/export.csv?differs=1").text
    assert ("l2-0" in found, "l2-1" in found, "l1-0" in found) == (True, True, False)
