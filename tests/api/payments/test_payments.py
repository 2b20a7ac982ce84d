"""Payments over HTTP, against the sandbox over HTTP."""

from typing import Any

import pytest

from tests.api.conftest import ON_SQLITE, Api, Caller, ngn
from tests.support.sandbox import Sandbox, pg_runtime, sandbox, sqlite_runtime, world  # noqa: F401
from webapp.sandbox.core import fault_modes


@pytest.fixture
def shop(caller: Caller) -> Api:
    return caller("read", "orders", "parties", "payments", "escrows")


def unpaid(shop: Api, ref: str = "o-1", amount: int = 50_000, email: str | None = "ama@example.com") -> Any:
    shop.made("/api/v1/parties", {"ref": f"{ref}-b", "name": "Ama", "currencies": ["NGN"], "email": email})
    shop.made("/api/v1/parties", {"ref": f"{ref}-s", "name": "Kofi", "currencies": ["NGN"]})
    order = {"ref": ref, "buyer": f"{ref}-b", "seller": f"{ref}-s", "amount": ngn(amount), "terms": "unpaid"}
    return shop.made("/api/v1/orders", order)


def started(shop: Api, ref: str = "o-1", key: str | None = None) -> Any:
    return shop.post("/api/v1/payments", {"order": ref, "provider": "paystack"}, key)


def test_a_checkout_is_started_paid_and_verified(shop: Api, world: Sandbox) -> None:
    unpaid(shop)
    answer = started(shop)
    assert answer.status_code == 201
    payment = answer.json
    assert answer.headers["Location"] == f"/api/v1/payments/{payment['id']}"
    assert payment["checkout_url"].startswith(world.served.url)
    asked = shop.made(f"/api/v1/payments/{payment['id']}/verify", {})
    assert asked["status"] == "pending"
    world.pay(payment["reference"])
    asked = shop.made(f"/api/v1/payments/{payment['id']}/verify", {})

    assert asked["status"] == "succeeded"
    assert shop.get("/api/v1/orders", ref="o-1").json["data"][0]["status"] == "in_progress"
    assert shop.get("/api/v1/payments", order="o-1").json["data"] == [asked]
    assert shop.get(f"/api/v1/payments/{payment['id']}").json == asked


def test_the_same_key_starts_one_checkout(shop: Api, world: Sandbox) -> None:
    unpaid(shop)
    first, again = started(shop, key="k"), started(shop, key="k")

    assert first.json == again.json
    assert len(shop.get("/api/v1/payments").json["data"]) == 1


def test_a_checkout_that_times_out_stays_pending_and_the_same_key_finds_it(shop: Api, world: Sandbox) -> None:
    unpaid(shop)
    world.set_fault("initialize", fault_modes.TIMEOUT_AFTER, times=1)
    answer = started(shop, key="k")
    assert answer.status_code == 503
    assert "stays pending" in answer.json["detail"]
    [payment] = shop.get("/api/v1/payments").json["data"]
    assert (payment["status"], payment["checkout_url"]) == ("pending", None)


def test_a_checkout_that_is_refused_fails_the_attempt_and_another_can_be_made(shop: Api, world: Sandbox) -> None:
    unpaid(shop)
    world.set_fault("initialize", fault_modes.REFUSE, times=1)
    assert started(shop).status_code == 409
    assert started(shop).status_code == 201
    assert [row["status"] for row in shop.get("/api/v1/payments").json["data"]] == ["pending", "failed"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"order": "nowhere", "provider": "paystack"}, 404),
        ({"order": "o-1", "provider": "stripe"}, 503),
        ({"order": "o-1"}, 422),
        ({"order": "o-1", "provider": "paystack", "x": 1}, 422),
    ],
)
def test_what_cannot_be_started_is_refused(shop: Api, body: Any, status: int) -> None:
    unpaid(shop)
    assert shop.post("/api/v1/payments", body).status_code == status


def test_a_buyer_without_an_address_is_named(shop: Api) -> None:
    unpaid(shop, email=None)
    answer = started(shop)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["order"])
    assert shop.get("/api/v1/payments").json["data"] == []


def test_a_payment_in_review_is_accepted_and_its_decision_is_answered(shop: Api, world: Sandbox) -> None:
    unpaid(shop)
    payment = started(shop).json
    world.pay(payment["reference"])
    world.set_fault("verify", fault_modes.WRONG_AMOUNT)
    found = shop.made(f"/api/v1/payments/{payment['id']}/verify", {})
    assert found["status"] == "needs_review"
    assert found["seen"]["amount"] != 50_000
    action = "accept" if found["seen"]["amount"] > 50_000 else "refund"
    done = shop.made(f"/api/v1/payments/{payment['id']}/{action}", {"reason": "Looked at it."})

    assert done["executed"] is True
    assert done["payment"]["status"] in ("succeeded", "failed")
    assert shop.post(f"/api/v1/payments/{payment['id']}/{action}", {"reason": "Again."}).status_code == 409


def test_marking_paid_needs_a_reason_and_the_right_scope(shop: Api, caller: Caller) -> None:
    unpaid(shop)
    payment = started(shop).json
    path = f"/api/v1/payments/{payment['id']}/mark-paid"
    assert shop.post(path, {}).status_code == 422
    assert caller("read").post(path, {"reason": "x"}).status_code == 403
    assert caller().post(path, {"reason": "x"}).status_code == 401
    assert shop.made(path, {"reason": "Cash at the counter."})["payment"]["status"] == "succeeded"
