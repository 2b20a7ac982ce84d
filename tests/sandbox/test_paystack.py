"""Paystack in the sandbox: one effect per reference, amounts in minor units, signatures on raw bytes."""

import hashlib
import hmac
from typing import Any

from tests.sandbox.conftest import Paystack, until


def signature(raw: str) -> str:
    return hmac.new(b"sk_sandbox_paystack", raw.encode(), hashlib.sha512).hexdigest()


def transfer_status(paystack: Paystack, reference: str) -> Any:
    return paystack("GET", f"/paystack/transfer/verify/{reference}").json()["data"]["status"]


def test_a_checkout_is_abandoned_until_it_is_paid_and_its_success_is_told_signed(paystack: Paystack) -> None:
    started = paystack.start("order-1").json()["data"]
    assert started["reference"] == "order-1"
    assert paystack.verify("order-1").json()["data"]["status"] == "abandoned"

    pressed = paystack("POST", started["authorization_url"].removeprefix(paystack.url), data={"outcome": "success"})

    assert pressed.status_code == 303
    paid = paystack.verify("order-1").json()
    assert (paid["status"], paid["data"]["status"]) == (True, "success")
    assert (paid["data"]["amount"], paid["data"]["requested_amount"], paid["data"]["currency"]) == (
        250_000,
        250_000,
        "NGN",
    )
    (hook,) = paystack.webhooks("paystack", 1)
    assert hook["headers"]["X-Paystack-Signature"] == signature(hook["body"])
    assert '"event":"charge.success"' in hook["body"]


def test_a_reference_starts_one_checkout(paystack: Paystack) -> None:
    assert paystack.start("order-1").status_code == 200
    again = paystack.start("order-1")
    assert (again.status_code, again.json()["code"]) == (400, "duplicate_reference")
    assert len(paystack.control("store", method="GET")["paystack.transaction"]) == 1


def test_a_number_is_no_reference(paystack: Paystack) -> None:
    paystack.start("order-1")
    number = paystack.verify("order-1").json()["data"]["id"]
    assert paystack.verify(str(number)).status_code == 400
    assert paystack("GET", f"/paystack/transaction/{number}").json()["data"]["reference"] == "order-1"


def test_what_is_unknown_is_400_and_a_wrong_key_is_401(paystack: Paystack) -> None:
    unknown = paystack.verify("nobody")
    assert (unknown.status_code, unknown.json()["message"]) == (400, "Transaction reference not found")
    assert paystack("GET", "/paystack/transfer/verify/nobody").json()["message"] == "Transfer not found"
    assert paystack.verify("nobody", headers={"Authorization": "Bearer sk_live"}).status_code == 401
    assert unknown.headers["X-RateLimit-Limit"]


def test_a_transfer_is_called_a_success_while_it_is_queued_and_moves_money_once(paystack: Paystack) -> None:
    paystack.control("options", {"settle_seconds": 0.5})
    before = paystack("GET", "/paystack/balance").json()["data"][0]["balance"]
    first, again = paystack.transfer("payout-1").json(), paystack.transfer("payout-1").json()
    assert (first["message"], first["data"]["status"]) == ("Transfer has been queued", "success")
    assert (again["status"], again["code"]) == (False, "duplicate_transfer_reference")
    assert transfer_status(paystack, "payout-1") == "pending"
    until(lambda: transfer_status(paystack, "payout-1") == "success")
    assert paystack("GET", "/paystack/balance").json()["data"][0]["balance"] == before - 90_000
    assert '"event":"transfer.success"' in paystack.webhooks("paystack", 1)[0]["body"]


def test_transfers_wait_for_a_password_for_a_business_that_may_and_for_a_recipient(paystack: Paystack) -> None:
    paystack.control("options", {"transfer_answer": "otp"})
    assert paystack.transfer("payout-1").json()["data"]["status"] == "otp"
    assert transfer_status(paystack, "payout-1") == "otp"
    paystack.control("options", {"may_pay_out": False})
    assert paystack.transfer("payout-2").json()["code"] == "transfer_unavailable"
    assert paystack.control("recipients/forget")["count"] == 1
    body = {"source": "balance", "amount": 1, "reference": "payout-3", "currency": "NGN", "recipient": "RCP_gone"}
    assert paystack("POST", "/paystack/transfer", body).json()["code"] == "invalid_transfer_recipient"


def test_a_reversed_transfer_is_back_in_the_balance(paystack: Paystack) -> None:
    paystack.control("balance", {"currency": "NGN", "amount": 90_000})
    paystack.transfer("payout-1")
    assert paystack.transfer("payout-2").json()["code"] == "insufficient_balance"
    paystack.control("transfers/payout-1", {"outcome": "reversed"})
    assert paystack("GET", "/paystack/balance").json()["data"][0]["balance"] == 90_000


def test_every_refund_request_is_a_refund_until_nothing_is_left(paystack: Paystack) -> None:
    paystack.control("options", {"strangers": False})
    paystack.start("order-1")
    paystack.control("pay/paystack/order-1", {"webhook": False})
    refund = {"transaction": "order-1", "amount": 125_000}
    first, second, third = (paystack("POST", "/paystack/refund", refund) for _ in range(3))
    assert (first.json()["data"]["status"], second.status_code, third.status_code) == ("pending", 200, 400)
    until(lambda: paystack.verify("order-1").json()["data"]["status"] == "reversed")
    assert paystack("GET", "/paystack/refund?transaction=order-1").json()["data"] == [], "not by our reference"
    number = paystack.verify("order-1").json()["data"]["id"]
    listed = paystack("GET", f"/paystack/refund?transaction={number}").json()
    assert [each["status"] for each in listed["data"]] == ["processed", "processed"]
    assert paystack("GET", f"/paystack/refund/{listed['data'][0]['id']}").json()["data"]["amount"] == 125_000


def test_strangers_stand_in_every_list_first_but_not_in_that_of_a_reference(paystack: Paystack) -> None:
    paystack.start("order-1")
    rows = paystack("GET", "/paystack/transaction").json()["data"]
    assert [row["reference"] for row in rows] == [None, "another-shop", "order-1"]
    for path in ("transfer", "refund", f"refund?transaction={rows[2]['id']}"):
        assert len(paystack("GET", f"/paystack/{path}").json()["data"]) == 1, path
    assert paystack("GET", "/paystack/refund?transaction=order-1").json()["data"] == []


def test_lists_are_read_by_page_by_cursor_and_by_time(paystack: Paystack) -> None:
    paystack.control("options", {"strangers": False})
    filled = {"provider": "paystack", "count": 25, "prefix": "f-", "amount": 5, "currency": "NGN"}
    assert paystack.control("fill", filled)["added"] == 25
    page = paystack("GET", "/paystack/transaction?perPage=10&page=3").json()
    assert (len(page["data"]), page["meta"]["total"], page["meta"]["pageCount"]) == (5, 25, 3)
    seen, cursor = 0, "&use_cursor=true"
    while cursor:
        page = paystack("GET", f"/paystack/transaction?perPage=10{cursor}").json()
        seen += len(page["data"])
        cursor = f"&next={page['meta']['next']}" if page["meta"]["next"] else ""
    assert seen == 25
    assert paystack("GET", "/paystack/transaction?from=2100-01-01").json()["data"] == []


def test_a_dispute_is_told_answered_and_refunded(paystack: Paystack) -> None:
    paystack.control("options", {"strangers": False})
    paystack.start("order-1")
    paystack.control("pay/paystack/order-1", {"webhook": False})
    number = paystack.control("dispute", {"reference": "order-1"})["number"]
    assert '"event":"charge.dispute.create"' in paystack.webhooks("paystack", 1)[0]["body"]
    waiting = paystack("GET", "/paystack/dispute?status=awaiting-merchant-feedback").json()["data"]
    assert [each["id"] for each in waiting] == [number]
    answer = {"resolution": "merchant-accepted", "message": "Sorry", "refund_amount": 5, "uploaded_filename": "a.pdf"}
    resolved = paystack("PUT", f"/paystack/dispute/{number}/resolve", answer).json()["data"]
    assert resolved["status"] == "resolved"
    [refund] = paystack("GET", "/paystack/refund").json()["data"]
    assert (refund["amount"], refund["dispute"]) == (5, number)


def test_autopay_pays_and_every_third_success_is_not_told(paystack: Paystack) -> None:
    paystack.control("options", {"autopay_seconds": 0.05})
    for number in range(3):
        paystack.start(f"order-{number}")
    until(lambda: all(paystack.verify(f"order-{n}").json()["data"]["status"] == "success" for n in range(3)))
    assert len(paystack.webhooks("paystack", 2)) == 2
