"""The sandbox's Flutterwave against recorded answers: status, keys, types, and the values that tell."""

import json
from typing import Any

import pytest

from tests.sandbox.conftest import Caller
from tests.sandbox.test_flutterwave import CLIENT, LINK, Flutterwave
from webapp.conformance import records
from webapp.conformance.comparing import differences
from webapp.sandbox import Served

RECORDED = {row["name"]: row for row in records.of("flutterwave")["bodies"]}
TELLING = ("code", "type", "event.type")
PAYERS_OWN = ("customer", "card", "account", "payment_method", "payment_method_details", "processor_response", "meta")
"""What depends on how somebody paid, and on what was asked for."""


@pytest.fixture
def flutterwave(served: Served) -> Flutterwave:
    made = Flutterwave(served)
    Caller(served).control("options", {"strangers": False, "refund_seconds": 30})
    return made


def same(name: str, answer: Any) -> None:
    assert answer.status_code == RECORDED[name]["status"], answer.text
    shaped(name, answer.json())


def shaped(name: str, got: Any) -> None:
    found = list(differences(bare(RECORDED[name]["says"]), bare(got), TELLING))
    assert found == []


def bare(value: Any) -> Any:
    """Without what is the payer's, numbers as one type: 100 and 107.5 are both amounts."""
    if isinstance(value, dict):
        return {name: bare(each) for name, each in value.items() if name not in PAYERS_OWN}
    if isinstance(value, list):
        return [bare(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_v3_before_anybody_paid(flutterwave: Flutterwave) -> None:
    same("v3-pay-hosted-link", flutterwave.v3("POST", "/payments", LINK))
    same("v3-pay-validation", flutterwave.v3("POST", "/payments", {}))
    same("v3-verify-unknown-400", flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=nobodys"))
    same("v3-list-empty", flutterwave.v3("GET", "/transactions"))
    same("v3-refunds-empty", flutterwave.v3("GET", "/refunds"))
    wrong = {"Authorization": "Bearer guess"}
    same("v3-401-invalid-key", flutterwave("GET", "/flutterwave/v3/refunds", headers=wrong))


def test_v3_after_somebody_paid(flutterwave: Flutterwave) -> None:
    flutterwave.v3("POST", "/payments", LINK)
    number = flutterwave.control("pay/flutterwave/order-1")["number"]
    same("v3-verify-successful", flutterwave.v3("GET", "/transactions/verify_by_reference?tx_ref=order-1"))
    shaped("hook-v3-flat", json.loads(flutterwave.webhooks("flutterwave", 1)[0]["body"]))
    same("v3-refund-completed", flutterwave.v3("POST", f"/transactions/{number}/refund", {}))
    same("v3-refund-409-duplicate", flutterwave.v3("POST", f"/transactions/{number}/refund", {}))
    same("v3-refunds-list", flutterwave.v3("GET", "/refunds"))


def test_v4_before_anybody_paid(flutterwave: Flutterwave) -> None:
    same(
        "v4-checkout-session",
        flutterwave.session(redirect_url="https://x.example", session_duration=60, max_retry_attempts=3),
    )
    same("v4-create-400-missing", flutterwave.v4("POST", "/charges", {"reference": "order-1"}))
    same("v4-404-charge", flutterwave.v4("GET", "/charges/chg_nobodys"))
    same("v4-charges-empty", flutterwave.v4("GET", "/charges?reference=order-1"))
    same("v4-token", flutterwave("POST", "/flutterwave/idp/token", data=CLIENT))
    same("v4-token-invalid-client", flutterwave("POST", "/flutterwave/idp/token", data=CLIENT | {"client_secret": "x"}))
    same("v4-401", flutterwave("GET", "/flutterwave/charges", headers={"Authorization": "Bearer guess"}))


def test_v4_after_somebody_paid(flutterwave: Flutterwave) -> None:
    flutterwave.session()
    number = flutterwave.control("pay/flutterwave/order-1")["number"]
    same("v4-charges-list", flutterwave.v4("GET", "/charges?reference=order-1"))
    shaped("hook-v4-card", json.loads(flutterwave.webhooks("flutterwave", 1)[0]["body"]))
    asked = {"charge_id": f"chg_{number}", "amount": 2500.5, "reason": "duplicate"}
    given = flutterwave.v4("POST", "/refunds", asked)
    same("v4-refund-initiated-no-status", given)
    same("v4-refund-400-already", flutterwave.v4("POST", "/refunds", asked))
    same("v4-refunds-list", flutterwave.v4("GET", "/refunds"))
    flutterwave.control(f"refunds/flutterwave/{given.json()['data']['id'].removeprefix('rfd_')}")
    shaped("hook-v4-refund", json.loads(flutterwave.webhooks("flutterwave", 2)[1]["body"]))
