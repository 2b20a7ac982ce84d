"""The marketplace's tenants over the API: bulk writes answered row by row, lists, and orders of suspended tenants."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.api.conftest import Api, Caller, a_party, an_order, ngn
from webapp import clock
from webapp.models import Subscription, Tenant
from webapp.runtime import Runtime

BASE = "/api/v1/storefront"
COUNTS = {"created": 0, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0}


@pytest.fixture
def market(caller: Caller) -> Api:
    return caller("read", "storefront", "orders", "parties")


@pytest.fixture
def shop(market: Api) -> Api:
    """A tenant with a product and an order."""
    market.made(f"{BASE}/tenants", {"rows": [{"ref": "shop", "name": "Shop", "email": "shop@example.com"}]})
    product = {"tenant": "shop", "ref": "p1", "name": "Soap", "price": ngn(350)}
    market.made(f"{BASE}/products", {"rows": [product]})
    an_order(market, tenant="shop")
    return market


def line(ref: str, **more: Any) -> dict[str, Any]:
    own = {"tenant": "shop", "ref": ref, "order": "o-1", "product": "p1", "quantity": 2, "amount": ngn(700)}
    return own | more


def test_each_row_is_answered_for_itself(shop: Api) -> None:
    rows: list[Any] = [
        line("l1"),
        line("l2", quantity="two"),
        line("l3", amount={"amount": 1.5, "currency": "NGN"}, colour="red"),
        line("l4", order="nowhere"),
        "no row",
        line("l1"),
        line("l5", created_at="2026-01-02T03:04:05+02:00"),
    ]
    answer = shop.made(f"{BASE}/order-lines", {"rows": rows})
    assert {name: answer[name] for name in COUNTS} == COUNTS | {"created": 2, "rejected": 5}
    assert [(row["ref"], row["outcome"]) for row in answer["rows"]] == [
        ("l1", "created"),
        ("l2", "rejected"),
        ("l3", "rejected"),
        ("l4", "rejected"),
        ("", "rejected"),
        ("l1", "rejected"),
        ("l5", "created"),
    ]
    assert answer["rows"][1]["detail"].startswith("quantity: ")
    assert "colour: There is no such field." in answer["rows"][2]["detail"]
    assert answer["rows"][5]["detail"] == "It is there already, as row 1."
    listed = shop.get(f"{BASE}/order-lines", tenant="shop", order="o-1").json["data"]
    assert [row["ref"] for row in listed] == ["l5", "l1"]
    assert listed[0]["created_at"] == "2026-01-02T01:04:05Z"
    assert shop.get(f"{BASE}/order-lines/{listed[0]['id']}").json == listed[0]


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("tenants", {"ref": "\ud800", "name": "Shop"}),
        ("tenants/delete", {"ref": "\ud800"}),
        ("products", {"tenant": "\ud800", "ref": "p2", "name": "Soap"}),
        ("carts/delete", {"tenant": "shop", "ref": "c\ud800"}),
    ],
)
def test_half_a_character_keeps_none_of_the_others(shop: Api, path: str, row: dict[str, Any]) -> None:
    good = {"tenant": "shop", "ref": "good", "name": "Good", "product": "p1"}
    others = {name: good[name] for name in row}
    answer = shop.made(f"{BASE}/{path}", {"rows": [row, others]})
    assert [found["outcome"] == "rejected" for found in answer["rows"]] == [True, False]
    told = answer["rows"][0]
    assert "?" in (told["ref"] + (told["tenant"] or ""))


def test_what_is_wrong_with_a_row_is_told_in_words_of_its_kind(market: Api) -> None:
    rows = [{"ref": "x" * 41, "name": "Shop"}, "no row"]
    details = [row["detail"] for row in market.made(f"{BASE}/tenants", {"rows": rows})["rows"]]
    assert details == ["ref: String should have at most 40 characters.", "body: This must be a JSON object."]


def test_orders_whose_lines_do_not_sum_are_told(shop: Api) -> None:
    an_order(shop, "o-2", 700, tenant="shop")
    shop.made(f"{BASE}/order-lines", {"rows": [line("l1"), line("l2", order="o-2")]})
    found = shop.get(f"{BASE}/order-lines/differences", tenant="shop").json["data"]
    assert [(each["order"], each["amount"]["amount"], each["summed"]["amount"], each["lines"]) for each in found] == [
        ("o-1", 50_000, 700, 1)
    ]
    shop.made(f"{BASE}/order-lines", {"rows": [line("l3", amount=ngn(49_300))]})
    assert shop.get(f"{BASE}/order-lines/differences", tenant="shop").json["data"] == []
    assert shop.get(f"{BASE}/order-lines/differences", tenant="nobody").status_code == 404


def test_the_same_again_changes_nothing_and_a_key_answers_as_the_first_time(shop: Api) -> None:
    body = {"rows": [{"tenant": "shop", "ref": "k1", "name": "Ada"}, {"tenant": "shop", "ref": "k2"}]}
    first = shop.post(f"{BASE}/customers", body, key="a")
    assert first.json["created"] == 2
    assert shop.made(f"{BASE}/customers", body)["unchanged"] == 2
    again = shop.post(f"{BASE}/customers", body, key="a")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert shop.post(f"{BASE}/customers", {"rows": body["rows"][:1]}, key="a").status_code == 409


def test_rows_are_removed_by_reference(shop: Api) -> None:
    item = {"tenant": "shop", "ref": "c1", "product": "p1", "quantity": 1, "customer": "k1"}
    shop.made(f"{BASE}/carts", {"rows": [item, item | {"ref": "c2"}]})
    answer = shop.made(f"{BASE}/carts/delete", {"rows": [{"tenant": "shop", "ref": "c1"}, {"ref": "c2"}]})
    assert [row["outcome"] for row in answer["rows"]] == ["deleted", "rejected"]
    assert shop.made(f"{BASE}/products/delete", {"rows": [{"tenant": "shop", "ref": "p1"}]})["deleted"] == 1
    kept = shop.get(f"{BASE}/carts").json["data"]
    assert [(row["ref"], row["product"], row["product_id"]) for row in kept] == [("c2", "p1", None)]
    stays = shop.made(f"{BASE}/tenants/delete", {"rows": [{"ref": "shop"}]})["rows"][0]
    assert stays == {
        "tenant": None,
        "ref": "shop",
        "outcome": "rejected",
        "detail": "Tenant shop has orders and carts: it stays.",
    }


def test_lists_page_and_filter(shop: Api) -> None:
    rows = [{"tenant": "shop", "ref": f"k{number}"} for number in range(5)]
    shop.made(f"{BASE}/customers", {"rows": rows})
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = shop.get(f"{BASE}/customers", tenant="shop", limit=2, **more).json
        seen += [row["ref"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert seen == ["k4", "k3", "k2", "k1", "k0"]
    assert [row["ref"] for row in shop.get(f"{BASE}/customers", tenant="shop", ref="k3").json["data"]] == ["k3"]
    assert shop.get(f"{BASE}/customers", tenant="nobody").json["errors"] == {"tenant": "There is no tenant nobody."}
    assert list(shop.get(f"{BASE}/customers", ref="k3").json["errors"]) == ["tenant"]
    [tenant] = shop.get(f"{BASE}/tenants", ref="shop").json["data"]
    assert shop.get(f"{BASE}/tenants/{tenant['id']}").json == tenant


@pytest.mark.parametrize("rows", [0, 1_001])
def test_a_call_has_up_to_a_thousand_rows(market: Api, rows: int) -> None:
    given = [{"ref": str(number), "name": "Shop"} for number in range(rows)]
    assert market.post(f"{BASE}/tenants", {"rows": given}).status_code == 422


def test_a_reader_writes_nothing(caller: Caller) -> None:
    reader = caller("read")
    assert reader.get(f"{BASE}/tenants").status_code == 200
    assert reader.post(f"{BASE}/tenants", {"rows": [{"ref": "shop", "name": "Shop"}]}).status_code == 403


def test_a_suspended_tenants_new_orders_are_refused_with_a_sentence(shop: Api, place: Runtime) -> None:
    now = clock.now()
    with place.db.transaction() as session:
        tenant = session.query(Tenant).filter_by(ref="shop").one()
        times = {"expire_date": now - timedelta(days=9), "created_at": now, "changed_at": now}
        session.add(Subscription(tenant_id=tenant.id, status="suspended", **times))
    for ref in ("b", "s"):
        a_party(shop, ref)
    body = {"ref": "o-2", "buyer": "b", "seller": "s", "amount": ngn(100), "terms": "paid", "tenant": "shop"}
    refused = shop.post("/api/v1/orders", body)
    assert refused.status_code == 409
    assert refused.json["detail"].startswith("Tenant shop is suspended: its new orders are refused until")
    assert refused.json["errors"] == {"tenant": "It is suspended."}
    [held] = shop.get("/api/v1/orders", tenant="shop").json["data"]
    assert shop.post(f"/api/v1/orders/{held['id']}/complete").status_code == 200
    with place.db.transaction() as session:
        session.execute(update(Subscription).values(status="expired"))
    assert shop.post("/api/v1/orders", body).status_code == 201
