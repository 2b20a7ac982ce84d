"""Figures over the API, on both databases."""

from typing import Any

import pytest

from tests.api.conftest import Api, Caller
from tests.services.analytics.rows import AT, DAY, JOB, a_customer, a_tenant, an_order
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation

ADDRESS = "/api/v1/analytics"
PERIOD = {"from": "2026-11-25", "to": "2026-11-26"}


@pytest.fixture
def shops(place: Runtime) -> None:
    """Two shops, one of which sells in two currencies."""
    with place.db.transaction() as session:
        first, second = a_tenant(session, "first"), a_tenant(session, "second")
        an_order(session, first, "2026-11-26 10:00", "2026-11-26 11:00", amount=700, pieces=3)
        an_order(session, first, "2026-11-26 10:00", currency="RWF")
        an_order(session, second, "2026-11-26 10:00", "2026-11-26 11:00", amount=50)
        a_customer(session, second, "2026-11-26 10:00")
        aggregation.aggregate(session, DAY, at=AT, settings=place.settings, actor=JOB)


def sales(currency: str, orders: int, revenue: int, products_sold: int) -> dict[str, Any]:
    amount = {"amount": revenue, "currency": currency}
    return {"currency": currency, "orders": orders, "revenue": amount, "products_sold": products_sold}


@pytest.mark.usefixtures("shops")
def test_a_tenant_and_all_of_them_day_by_day(caller: Caller) -> None:
    api = caller("analytics")
    own = api.get(ADDRESS, tenant="first", **PERIOD).json
    expected = [sales("NGN", 1, 700, 3), sales("RWF", 1, 0, 0)]
    assert own == {
        "tenant": "first",
        "first_day": "2026-11-25",
        "last_day": "2026-11-26",
        "new_customers": 0,
        "totals": expected,
        "data": [
            {"day": "2026-11-25", "closed": False, "new_customers": 0, "sales": []},
            {"day": "2026-11-26", "closed": True, "new_customers": 0, "sales": expected},
        ],
    }
    together = api.get(ADDRESS, **PERIOD).json
    assert (together["tenant"], together["new_customers"]) == (None, 1)
    assert together["totals"] == [sales("NGN", 2, 750, 3), sales("RWF", 1, 0, 0)]


def test_thirty_days_until_yesterday_unless_it_is_said(api: Api) -> None:
    usual = api.get(ADDRESS).json
    assert len(usual["data"]) == 30
    assert len(api.get(ADDRESS, **{"from": usual["last_day"]}).json["data"]) == 1
    assert api.get(ADDRESS, to="2026-03-31").json["first_day"] == "2026-03-02"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2025-01-01", "to": "2026-01-02"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "2300-01-01"}, "to"),
        ({"shop": "x"}, "shop"),
    ],
)
def test_what_cannot_be_asked_is_said_by_field(api: Api, query: dict[str, str], field: str) -> None:
    refused = api.get(ADDRESS, **query)
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [field]


def test_a_tenant_that_nobody_knows_and_a_token_without_the_scope(caller: Caller) -> None:
    assert caller("read").get(ADDRESS, tenant="nobody").status_code == 404
    assert caller("orders").get(ADDRESS).status_code == 403
    assert caller().get(ADDRESS).status_code == 401
