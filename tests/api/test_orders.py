"""Orders over the API, on both databases."""

import pytest

from tests.api.conftest import ON_SQLITE, Api, a_party, an_order, ngn


def test_orders_are_completed_cancelled_and_found(api: Api) -> None:
    paid, unpaid = an_order(api, "a"), an_order(api, "b", terms="unpaid")
    assert api.made(f"/api/v1/orders/{paid['id']}/complete", {})["status"] == "completed"
    assert api.post(f"/api/v1/orders/{paid['id']}/complete").status_code == 409
    cancelled = api.made(f"/api/v1/orders/{unpaid['id']}/cancel", {"reason": "Changed their mind."})
    assert (cancelled["status"], cancelled["escrow"]["status"]) == ("cancelled", "voided")
    assert [each["ref"] for each in api.get("/api/v1/orders", ref="a").json["data"]] == ["a"]
    assert [each["ref"] for each in api.get("/api/v1/orders", status="cancelled").json["data"]] == ["b"]
    found = api.get("/api/v1/escrows", seller="a-seller").json["data"]
    assert [each["order_id"] for each in found] == [paid["id"]]


BAD_ORDERS = [
    ({"amount": {"amount": -5, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 1.5, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": "100", "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": True, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 10**30, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 100, "currency": "XXQ"}}, "amount.currency"),
    ({"amount": 100}, "amount"),
    ({"terms": "barter"}, "terms"),
    ({"policy": "never"}, "policy"),
    ({"buyer": "nobody"}, "buyer"),
    ({"seller": "a-buyer"}, "seller"),
    ({"fee": 10**9}, "fee"),
    ({"ref": ""}, "ref"),
    ({"ref": "a\x00b"}, "ref"),
    ({"ref": "x" * 200}, "ref"),
    ({"ref": "a\u200bb"}, "ref"),
    ({"buyer": "a-\xadbuyer"}, "buyer"),
    ({"seller": "a-seller\u202e"}, "seller"),
    ({"tenant": "shop\u200b"}, "tenant"),
    ({"tenant": ""}, "tenant"),
    ({"colour": "red"}, "colour"),
    ({"release_at": "tomorrow"}, "release_at"),
    ({"release_at": "2030-01-01T00:00:00"}, "release_at"),
]


@ON_SQLITE
@pytest.mark.parametrize(("change", "field"), BAD_ORDERS)
def test_bad_input_is_named_by_its_field_and_changes_nothing(api: Api, change: dict[str, object], field: str) -> None:
    a_party(api, "a-buyer")
    a_party(api, "a-seller")
    good = {"ref": "o", "buyer": "a-buyer", "seller": "a-seller", "amount": ngn(100)}
    answer = api.post("/api/v1/orders", good | change)
    assert answer.status_code == 422, answer.text
    assert list(answer.json["errors"]) == [field]
    assert api.get("/api/v1/orders").json["data"] == []
