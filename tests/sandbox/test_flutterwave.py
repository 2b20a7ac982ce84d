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
SESSION = {"reference": "order-1", "amount": 2500.5, "currency": "NGN"}
KEY = "key0000000001"
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

    def session(self, key: str = KEY, **more: Any) -> requests.Response:
        payer = self.v4("POST", "/customers", {"email": "ama@example.com"}, **{"X-Idempotency-Key": "payer00000001"})
        asked = SESSION | {"customer_id": payer.json()["data"]["id"]} | more
        return self.v4("POST", "/checkout/sessions", asked, **{"X-Idempotency-Key": key})

    def charges(self) -> list[Any]:
        return list(self.v4("GET", "/charges?reference=order-1").json()["data"])


@pytest.fixture
def flutterwave(served: Served) -> Flutterwave:
    return Flutterwave(served)


def test_a_token_lives_shortly_and_old_ones_are_refused(flutterwave: Flutterwave) -> None:
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


def test_a_wrong_secret_gets_no_token(flutterwave: Flutterwave) -> None:
    refused = flutterwave("POST", "/flutterwave/idp/token", data=CLIENT | {"client_secret": "guess"})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_the_same_idempotency_key_is_one_page_and_the_first_answer(flutterwave: Flutterwave) -> None:
    first, again = flutterwave.session(), flutterwave.session(amount=9)
    assert first.json() == again.json()
    assert ("X-Idempotency-Cache-Hit" in first.headers, again.headers["X-Idempotency-Cache-Hit"]) == (False, "true")
    there = flutterwave.session("key0000000002")
    assert (there.status_code, there.json()["error"]["code"]) == (409, "1100409")
    assert flutterwave.session("short").json()["error"]["validation_errors"][0]["field_name"] == "X-Idempotency-Key"


def test_a_charge_that_succeeds_is_told_signed_with_the_hash(flutterwave: Flutterwave) -> None:
    checkout = flutterwave.session().json()["data"]["checkout_url"]
    flutterwave.control("options", {"strangers": False})
    assert flutterwave.charges() == [], "a page is no charge before somebody tried to pay"
    flutterwave("POST", checkout.removeprefix(flutterwave.url), data={"outcome": "success"})
    (made,) = flutterwave.charges()
    assert flutterwave.v4("GET", f"/charges/{made['id']}").json()["data"]["status"] == "succeeded"
    (hook,) = flutterwave.webhooks("flutterwave", 1)
    digest = hmac.new(b"sandbox-flutterwave-hash", hook["body"].encode(), hashlib.sha256).digest()
    assert hook["headers"]["Flutterwave-Signature"] == base64.b64encode(digest).decode()
    body = json.loads(hook["body"])
    assert (body["webhook_id"][:4], body["type"], body["data"]["reference"]) == ("wbk_", "charge.completed", "order-1")


def test_what_is_not_valid_is_refused_by_its_fields(flutterwave: Flutterwave) -> None:
    assert flutterwave.session(amount=1.5, currency="RWF").json()["error"]["type"] == "REQUEST_NOT_VALID"
    refused = flutterwave.v4("POST", "/charges", {"reference": "order-1"}).json()["error"]
    assert [each["field_name"] for each in refused["validation_errors"]] == ["customer_id", "payment_method_id"]
    absent = flutterwave.v4("GET", "/charges/chg_77")
    assert (absent.status_code, absent.json()["error"]["code"]) == (404, "1110404")


def test_a_payer_is_one_and_found_again(flutterwave: Flutterwave) -> None:
    flutterwave.session()
    again = flutterwave.v4("POST", "/customers", {"email": "ama@example.com"}, **{"X-Idempotency-Key": "payer00000002"})
    assert again.status_code == 409
    (found,) = flutterwave.v4("POST", "/customers/search", {"email": "ama@example.com"}).json()["data"]
    assert found["id"].startswith("cus_")


def test_a_refund_of_v4_is_answered_without_a_status_of_the_call_and_goes_through_later(
    flutterwave: Flutterwave,
) -> None:
    flutterwave.control("options", {"refund_seconds": 30})
    flutterwave.session()
    number = flutterwave.control("pay/flutterwave/order-1", {"webhook": False})["number"]
    given = flutterwave.v4("POST", "/refunds", {"charge_id": f"chg_{number}", "amount": 2500.5, "reason": "duplicate"})
    assert set(given.json()) == {"message", "data"}
    refund = given.json()["data"]
    assert refund["status"] == "new"
    flutterwave.control(f"refunds/flutterwave/{refund['id'].removeprefix('rfd_')}")
    assert flutterwave.v4("GET", f"/refunds/{refund['id']}").json()["data"]["status"] == "succeeded"
    again = flutterwave.v4("POST", "/refunds", {"charge_id": f"chg_{number}", "amount": 1, "reason": "duplicate"})
    assert again.json()["error"]["code"] == "1404400"


def test_refunds_of_v4_are_narrowed_by_time(flutterwave: Flutterwave) -> None:
    flutterwave.control("options", {"strangers": False})
    flutterwave.session()
    number = flutterwave.control("pay/flutterwave/order-1", {"webhook": False})["number"]
    flutterwave.v4("POST", "/refunds", {"charge_id": f"chg_{number}", "amount": 1, "reason": "duplicate"})
    for hours, count in ((-1, 1), (1, 0)):
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + hours * 3600))
        assert len(flutterwave.v4("GET", f"/refunds?from={since}").json()["data"]) == count
        assert len(flutterwave.v4("GET", f"/refunds?to={since}").json()["data"]) == 1 - count
    assert flutterwave.v4("GET", "/refunds?from=yesterday").status_code == 400


def test_strangers_stand_in_every_list(flutterwave: Flutterwave) -> None:
    for path in ("/charges?reference=order-1", "/refunds"):
        assert len(flutterwave.v4("GET", path).json()["data"]) == 1
    for path, count in (("/transactions?tx_ref=order-1", 2), ("/refunds", 1)):
        assert len(flutterwave.v3("GET", path).json()["data"]) == count


def test_several_transactions_may_carry_one_tx_ref(flutterwave: Flutterwave) -> None:
    flutterwave.control("options", {"strangers": False})
    flutterwave.v3("POST", "/payments", LINK)
    for outcome in ("failed", "success", "success"):
        flutterwave.control("pay/flutterwave/order-1", {"outcome": outcome, "webhook": False})
    rows = flutterwave.v3("GET", "/transactions?tx_ref=order-1").json()["data"]
    assert [each["status"] for each in rows] == ["successful", "successful", "failed"]
    first = flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=order-1").json()["data"]
    assert first["status"] == "failed", "it answers with the first, however the later ones ended"


def test_a_disabled_link_takes_no_payment(flutterwave: Flutterwave) -> None:
    link = flutterwave.v3("POST", "/payments", LINK).json()["data"]["link"]
    assert flutterwave.v3("POST", "/payments/link/disable", {"link": link}).json()["data"] is None
    flutterwave("POST", link.removeprefix(flutterwave.url), data={"outcome": "success"})
    assert flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=order-1").status_code == 400


def test_a_link_is_no_transaction_before_somebody_pays(flutterwave: Flutterwave) -> None:
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
    told = json.loads(hook["body"])
    assert (told["txRef"], told["status"], "data" in told) == ("order-1", "successful", False)


def test_v3_refunds_no_more_than_was_paid(flutterwave: Flutterwave) -> None:
    flutterwave.v3("POST", "/payments", LINK)
    number = flutterwave.control("pay/flutterwave/order-1", {"webhook": False})["number"]
    answers = [flutterwave.v3("POST", f"/transactions/{number}/refund", {"amount": 1500}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 400]
    rest = flutterwave.v3("POST", f"/transactions/{number}/refund", {"comments": "rest"}).json()["data"]
    assert rest["amount_refunded"] == 1000


def test_faults_answer_in_the_shape_of_the_version(flutterwave: Flutterwave) -> None:
    flutterwave.set_fault("flutterwave", "*", "rate_limited", times=None)
    assert flutterwave("POST", "/flutterwave/idp/token", data=CLIENT).status_code == 429
    flutterwave.control("faults", method="DELETE")
    flutterwave.set_fault("flutterwave", "charges", "error_500")
    assert flutterwave.v4("GET", "/charges").json()["error"]["code"] == "10500"
    flutterwave.set_fault("flutterwave", "v3_verify_by_reference", "error_500")
    assert flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=x").json()["status"] == "error"


def test_a_payment_may_be_of_another_amount_than_was_asked(flutterwave: Flutterwave) -> None:
    flutterwave.session()
    flutterwave.control("options", {"strangers": False})
    flutterwave.control("pay/flutterwave/order-1", {"outcome": "success", "amount": 1, "currency": "USD"})
    (charge,) = flutterwave.charges()
    assert (charge["amount"], charge["currency"], charge["status"]) == (1, "USD", "succeeded")
