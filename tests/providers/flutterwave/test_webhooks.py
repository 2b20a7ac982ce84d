"""What Flutterwave's webhooks are about: in every form in which they come."""

import json
from typing import Any

import pytest

from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload
from webapp.providers.webhooks.reader import read

V3 = {"id": 7002, "tx_ref": "pay-1", "status": "successful", "amount": 100, "currency": "NGN"}
FLAT = {"id": 7002, "txRef": "pay-1", "flwRef": "F", "status": "successful", "amount": 100, "event.type": "CARD"}
V4 = {"id": "chg_1", "reference": "pay-1", "status": "succeeded", "amount": 175, "currency": "NGN"}


def told(body: Any) -> WebhookPayload:
    return read("flutterwave", json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        {"event": "charge.completed", "data": V3, "event.type": "BANK_TRANSFER_TRANSACTION"},
        FLAT,
        {"webhook_id": "wbk_1", "type": "charge.completed", "data": V4},
        {"id": "wbk_1", "type": "charge.completed", "data": V4},
    ],
    ids=["v3", "flat v3", "v4", "v4 with an id"],
)
def test_a_charge_is_about_the_payment_of_its_reference(body: Any) -> None:
    found = told(body)
    assert (found.subject_type, found.reference, found.unreadable) == (SubjectType.PAYMENT, "pay-1", "")


@pytest.mark.parametrize(
    ("kind", "data", "about"),
    [
        ("refund.completed", {"id": "rfd_1", "status": "succeeded", "charge_id": "chg_1"}, SubjectType.REFUND),
        ("refund.completed", {"id": 1, "status": "completed", "TransactionId": 9002}, SubjectType.REFUND),
        ("chargeback.created", {"id": "chb_1", "status": "initiated", "charge": {"id": "chg_1"}}, SubjectType.PAYMENT),
        ("chargeback.created", {"id": "chb_1", "reference": "own", "charge_id": "chg_1"}, SubjectType.PAYMENT),
    ],
)
def test_a_refund_and_a_chargeback_name_the_charge(kind: str, data: Any, about: SubjectType) -> None:
    found = told({"webhook_id": "wbk_1", "type": kind, "data": data})
    assert (found.subject_type, found.reference) == (about, None)
    assert found.number in ("chg_1", "9002")


@pytest.mark.parametrize(
    "body",
    [
        {"event": "transfer.completed", "data": {"id": 1, "reference": "pay-1", "status": "SUCCESSFUL"}},
        {"webhook_id": "w", "type": "transfer.disburse", "data": {"id": "trf_1", "reference": "pay-1"}},
        {"event": "subscription.cancelled", "data": {"status": "deactivated"}},
    ],
)
def test_what_the_desk_does_not_do_through_flutterwave_is_about_nothing(body: Any) -> None:
    assert told(body).subject_type == SubjectType.NOTHING


@pytest.mark.parametrize(
    "make",
    [
        lambda status: {"event": "charge.completed", "data": V3 | {"status": status}},
        lambda status: FLAT | {"status": status},
        lambda status: {"webhook_id": "w", "type": "charge.completed", "data": V4 | {"status": status}},
        lambda status: {"id": "w", "type": "charge.completed", "data": V4 | {"status": status}},
    ],
)
def test_the_same_again_has_the_same_key_and_another_status_another(make: Any) -> None:
    assert told(make("failed")).key == told(make("failed")).key
    assert told(make("failed")).key != told(make("successful")).key


def test_two_transactions_under_one_reference_have_two_keys() -> None:
    assert told(FLAT).key != told(FLAT | {"id": 7003}).key
