"""Flutterwave in the sandbox: v4 with tokens and idempotency keys, v3 with one secret; amounts in major units."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Caller
from webapp.sandbox import Served

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret", "grant_type": "client_credentials"}
CHARGE = {"reference": "order-1", "amount": 2500.5, "currency": "NGN", "customer_id": "cus_1"}
LINK = {
    "tx_ref": "order-1",
    "amount": "2500",
    "currency": "RWF",
    "redirect_url": "http://127.0.0.1:8000/back",
    "customer": {"email": "ama@example.com"},
}


class Flutterwave(Caller):
    """One that has a token for v4, and the key of v3."""

    def token(self) -> Any:
        return self("POST", "/flutterwave/idp/token", data=CLIENT).json()

    def v4(self, method: str, path: str, json: Any = None, **headers: str) -> requests.Response:
        bearer = {"Authorization": f"Bearer {self.token()['access_token']}"}
        return self(method, f"/flutterwave{path}", json, headers=bearer | headers)

    def v3(self, method: str, path: str, json: Any = None) -> requests.Response:
        return self(method, f"/flutterwave/v3{path}", json, headers={"Authorization": "Bearer FLWSECK_sandbox"})

    def charge(self, key: str, **more: Any) -> requests.Response:
        return self.v4("POST", "/charges", CHARGE | more, **{"X-Idempotency-Key": key})


@pytest.fixture
def flutterwave(served: Served) -> Flutterwave:
    return Flutterwave(served)


def test_a_token_lives_shortly_and_old_ones_are_refused(flutterwave: Flutterwave):
    token = flutterwave.token()
    assert (token["expires_in"], token["refresh_expires_in"], token["token_type"]) == (600, 0, "Bearer")
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert flutterwave("GET", "/flutterwave/charges", headers=bearer).status_code == 200
    flutterwave.control("options", {"token_seconds": 1})
    time.sleep(1.05)
    refused = flutterwave("GET", "/flutterwave/charges", headers=bearer)
    assert refused.status_code == 401
    assert refused.json() == {
        "status": "failed",
        "error": {"type": "UNAUTHORIZED", "code": "10401", "message": "Unauthorized"},
    }


def test_a_wrong_secret_gets_no_token(flutterwave: Flutterwave):
    refused = flutterwave("POST", "/flutterwave/idp/token", data=CLIENT | {"client_secret": "guess"})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_the_same_idempotency_key_is_one_charge_and_the_first_answer(flutterwave: Flutterwave):
    first, again = flutterwave.charge("key-1"), flutterwave.charge("key-1", amount=9)
    assert first.json() == again.json()
    assert ("X-Idempotency-Cache-Hit" in first.headers, again.headers["X-Idempotency-Cache-Hit"]) == (False, "true")
    assert flutterwave.charge("key-2").json()["error"]["code"] == "10409"
    listed = flutterwave.v4("GET", "/charges?reference=order-1").json()
    assert [each["amount"] for each in listed["data"]] == [2500.5]


def test_a_charge_that_succeeds_is_told_signed_with_the_hash(flutterwave: Flutterwave):
    made = flutterwave.charge("key-1").json()["data"]
    checkout = made["next_action"]["redirect_url"]["url"]
    flutterwave("POST", checkout.removeprefix(flutterwave.url), data={"outcome": "success"})
    assert flutterwave.v4("GET", f"/charges/{made['id']}").json()["data"]["status"] == "succeeded"
    (hook,) = flutterwave.webhooks("flutterwave", 1)
    digest = hmac.new(b"sandbox-flutterwave-hash", hook["body"].encode(), hashlib.sha256).digest()
    assert hook["headers"]["Flutterwave-Signature"] == base64.b64encode(digest).decode()
    body = json.loads(hook["body"])
    assert (body["id"][:4], body["type"], body["data"]["reference"]) == ("wbk_", "charge.completed", "order-1")


def test_too_many_decimals_and_unknown_charges_are_refused(flutterwave: Flutterwave):
    assert flutterwave.charge("key-1", amount=1.5, currency="RWF").json()["error"]["type"] == "REQUEST_NOT_VALID"
    assert flutterwave.v4("GET", "/charges/chg_77").status_code == 404


def test_a_link_is_no_transaction_before_somebody_pays(flutterwave: Flutterwave):
    link, again = (flutterwave.v3("POST", "/payments", LINK).json()["data"]["link"] for _ in range(2))
    assert link == again
    unpaid = flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=order-1")
    assert (unpaid.status_code, unpaid.json()["status"], unpaid.json()["data"]) == (400, "error", None)

    back = flutterwave("POST", link.removeprefix(flutterwave.url), data={"outcome": "success"})

    assert back.headers["Location"].startswith("http://127.0.0.1:8000/back?status=successful&tx_ref=order-1")
    paid = flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=order-1").json()["data"]
    assert (paid["status"], paid["amount"], paid["currency"]) == ("successful", 2500, "RWF")
    assert flutterwave.v3("GET", f"/transactions/{paid['id']}/verify").json()["data"] == paid
    (hook,) = flutterwave.webhooks("flutterwave", 1)
    assert hook["headers"]["Verif-Hash"] == "sandbox-flutterwave-hash"


def test_v3_refunds_no_more_than_was_paid(flutterwave: Flutterwave):
    flutterwave.v3("POST", "/payments", LINK)
    number = flutterwave.control("pay/flutterwave/order-1", {"webhook": False})["number"]
    answers = [flutterwave.v3("POST", f"/transactions/{number}/refund", {"amount": 1500}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 400]
    rest = flutterwave.v3("POST", f"/transactions/{number}/refund", {"comments": "rest"}).json()["data"]
    assert rest["amount_refunded"] == 1000


def test_moods_answer_in_the_shape_of_the_version(flutterwave: Flutterwave):
    flutterwave.mood("flutterwave", "*", "rate_limited", times=None)
    assert flutterwave("POST", "/flutterwave/idp/token", data=CLIENT).status_code == 429
    flutterwave.control("mood", method="DELETE")
    flutterwave.mood("flutterwave", "charges", "error_500")
    assert flutterwave.v4("GET", "/charges").json()["error"]["code"] == "10500"
    flutterwave.mood("flutterwave", "v3_verify_by_reference", "error_500")
    assert flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=x").json()["status"] == "error"


def test_a_payment_may_be_of_another_amount_than_was_asked(flutterwave: Flutterwave):
    flutterwave.charge("key-1")
    flutterwave.control("pay/flutterwave/order-1", {"outcome": "success", "amount": 1, "currency": "USD"})
    (charge,) = flutterwave.v4("GET", "/charges?reference=order-1").json()["data"]
    assert (charge["amount"], charge["currency"], charge["status"]) == (1, "USD", "succeeded")
