"""Files of tenants and what is theirs: checked whole, stored once, bad lines named with what is wrong."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.importers.conftest import HEADER, IMPORTER
from webapp import clock
from webapp.errors import Invalid
from webapp.importers.orders import Imported, import_orders
from webapp.importers.storefront.files import import_rows
from webapp.importers.storefront.records import KINDS
from webapp.models import CartItem, Customer, OrderLine, Product, Subscription, Tenant
from webapp.runtime import Runtime

FILES = {
    "tenants": ("tenant_ref,name,email,zone,grace_days", "shop,The Shop,a@b.example,Africa/Kigali,3"),
    "products": ("tenant_ref,product_ref,name,price,currency", "shop,p1,Soap,3.50,NGN"),
    "customers": ("tenant_ref,customer_ref,created_at", "shop,k1,2026-01-02"),
    "order-lines": ("tenant_ref,line_ref,order_ref,product_ref,quantity,amount,currency", "shop,l1,o1,p1,2,7.00,NGN"),
    "carts": ("tenant_ref,item_ref,product_ref,quantity,customer_ref", "shop,c1,p1,1,k1"),
}
BY_NAME = {kind.table.name: kind for kind in KINDS}
FileOf = Callable[..., Path]


@pytest.fixture
def take(runtime: Runtime, file_of: FileOf) -> Callable[..., Any]:
    """`take("tenants", line, …)`: what became of a file, and the problems that it told."""

    def taken(name: str, *lines: str, header: str = "", **more: Any) -> tuple[Imported, list[tuple[int, str]]]:
        problems: list[tuple[int, str]] = []
        file = file_of(*lines, header=header or FILES[name][0])

        def problem(line: int, reason: str) -> None:
            problems.append((line, reason))

        return import_rows(runtime, BY_NAME[name], file, actor=IMPORTER, problem=problem, **more), problems

    return taken


def counted(imported: Imported) -> tuple[int, int, int, int]:
    return imported.imported, imported.updated, imported.unchanged, imported.rejected


def with_order(runtime: Runtime, file_of: FileOf, tenant: str = "shop") -> None:
    file = file_of(f"o1,ama,kofi,7.00,NGN,,,{tenant}", header=f"{HEADER},tenant_ref")
    assert import_orders(runtime, file, actor=IMPORTER).imported == 1


def test_every_kind_is_stored_once(runtime: Runtime, file_of: FileOf, take: Callable[..., Any]) -> None:
    assert set(FILES) == set(BY_NAME)
    for name, (_, line) in FILES.items():
        if name == "order-lines":
            with_order(runtime, file_of)
        assert counted(take(name, line)[0]) == (1, 0, 0, 0), name
        assert counted(take(name, line)[0]) == (0, 0, 1, 0), name
    with runtime.db.reading() as session:
        tenant = session.scalars(select(Tenant)).one()
        assert (tenant.ref, tenant.zone, tenant.grace_days) == ("shop", "Africa/Kigali", 3)
        assert session.execute(select(Product.price, Product.currency)).one() == (350, "NGN")
        assert session.execute(select(OrderLine.amount, OrderLine.quantity)).one() == (700, 2)
        assert session.scalar(select(CartItem.product_id)) == session.scalar(select(Product.id))
        assert session.scalar(select(func.date(Customer.created_at))) is not None


def test_the_whole_file_is_checked_first(runtime: Runtime, take: Callable[..., Any]) -> None:
    lines = ("shop,Shop,,,", "a,,,,", "b,B,nobody,,", "c,C,,Nowhere,", "d,D,,,x", "shop,Other,,,", "e,E,,,", "e,E,,,")
    told = {
        2: "its reference is on 2 lines, from line 2 to line 7, which disagree about it",
        3: "name has 1 to 200 characters that can be shown",
        4: "email 'nobody' is no address",
        5: "zone 'Nowhere' is no IANA time zone, such as Africa/Kigali",
        6: "grace_days 'x' is no whole number",
        7: "its reference is on 2 lines, from line 2 to line 7, which disagree about it",
        9: "its reference is on line 8 already",
    }
    imported, problems = take("tenants", *lines)
    assert dict(problems) == told
    assert counted(imported) == (0, 0, 0, 7)
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count(Tenant.id))) == 0
    imported, problems = take("tenants", *lines, skip_bad=True)
    assert counted(imported) == (1, 0, 0, 7)
    assert imported.rejects is not None
    rejects = imported.rejects.read_text().splitlines()
    assert rejects[0] == "line,reason,tenant_ref,name,email,zone,grace_days"
    assert rejects[2] == f"3,{told[3]},a,,,,"


def test_what_a_line_stands_on_has_to_be_there(runtime: Runtime, file_of: FileOf, take: Callable[..., Any]) -> None:
    with_order(runtime, file_of, tenant="other")
    take("tenants", FILES["tenants"][1])
    _, problems = take("order-lines", FILES["order-lines"][1], "shop,l2,o2,p,1,1,NGN", "none,l3,o1,p,1,1.001,NGN")
    assert problems == [
        (2, "Order 'o1' is of tenant 'other', not of 'shop'"),
        (3, "There is no order 'o2': send the order first"),
        (4, "amount '1.001' has too many decimals: NGN has 2; for thousands write 1,250.00 or 1250.00"),
    ]


def test_new_orders_of_a_suspended_tenant_are_refused(runtime: Runtime, file_of: FileOf) -> None:
    with_order(runtime, file_of)
    with runtime.db.transaction() as session:
        times = {"expire_date": clock.now(), "created_at": clock.now(), "changed_at": clock.now()}
        tenant_id = session.scalars(select(Tenant.id)).one()
        session.add(Subscription(tenant_id=tenant_id, status="suspended", **times))
    told: list[tuple[int, str]] = []
    lines = ("o1,ama,kofi,7.00,NGN,,,shop", "o2,ama,kofi,7.00,NGN,,,shop", "o1,ama,kofi,7.00,NGN,,,other")
    for given in (lines[:2], lines[2:]):
        file = file_of(*given, header=f"{HEADER},tenant_ref")
        import_orders(runtime, file, actor=IMPORTER, problem=lambda line, reason: told.append((line, reason)))
    assert told == [
        (3, "tenant_ref 'shop' is a tenant that is suspended: its new orders are refused"),
        (2, told[1][1]),
    ]
    assert "tenant_ref is 'shop' on the desk" in told[1][1] or "tenant_ref" in told[1][1]


def test_what_a_file_has_otherwise_is_updated(take: Callable[..., Any]) -> None:
    take("tenants", "shop,Shop,a@b.example,,")
    imported, _ = take("tenants", "shop,Shop,c@d.example,,", "new,New,,,")
    assert counted(imported) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "not even a header"),
        ("tenant_ref;name", "not separated by commas"),
        ("tenant_ref,colour", "unknown column 'colour'; column 'name' is missing"),
    ],
)
def test_a_file_of_something_else_is_refused(sqlite_runtime: Runtime, tmp_path: Path, header: str, told: str) -> None:
    file = tmp_path / "tenants.csv"
    file.write_text(header)
    with pytest.raises(Invalid, match=told):
        import_rows(sqlite_runtime, BY_NAME["tenants"], file, actor=IMPORTER)


def test_memory_stays_small(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    sizes = []
    for count in (1_000, 4_000):
        file = tmp_path / f"{count}.csv"
        body = "".join(f"{'x' * 30}{number},{'Shop' * 40}\n" for number in range(count))
        file.write_text("tenant_ref,name\n" + body)
        tracemalloc.start()
        import_rows(sqlite_runtime, BY_NAME["tenants"], file, actor=IMPORTER)
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < 2 * sizes[0]
