"""Every fault mode, on one call: what the caller sees, and whether it happened."""

import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Paystack, until
from webapp.sandbox.core import fault_modes


@pytest.fixture
def faulty(paystack: Paystack) -> Paystack:
    """Paystack, with one paid order."""
    paystack.start("paid")
    paystack.control("pay/paystack/paid", {"webhook": False})
    return paystack


def happened(paystack: Paystack) -> bool:
    return bool(paystack.verify("new").status_code == 200)


@pytest.mark.parametrize(
    ("fault_mode", "status"),
    [
        (fault_modes.REFUSE, 400),
        (fault_modes.ERROR_500, 500),
        (fault_modes.HTML_502, 502),
        (fault_modes.RATE_LIMITED, 429),
        (fault_modes.REDIRECT, 302),
    ],
)
def test_faults_without_effect_answer_and_do_nothing(faulty: Paystack, fault_mode: str, status: int) -> None:
    faulty.set_fault("paystack", "initialize", fault_mode)
    assert faulty.start("new").status_code == status
    assert not happened(faulty)
    assert faulty.start("new").status_code == 200


def test_an_error_may_come_after_the_effect(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "initialize", fault_modes.ERROR_500, effect=True)
    assert faulty.start("new").status_code == 500
    assert happened(faulty)


@pytest.mark.parametrize(
    ("fault_mode", "is_done"), [(fault_modes.TIMEOUT_BEFORE, False), (fault_modes.TIMEOUT_AFTER, True)]
)
def test_a_timeout_says_nothing(faulty: Paystack, fault_mode: str, is_done: bool) -> None:
    faulty.set_fault("paystack", "initialize", fault_mode, seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        faulty.start("new")
    assert happened(faulty) == is_done


def test_a_rate_limit_says_when_to_come_back(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "*", fault_modes.RATE_LIMITED, seconds=7)
    answer = faulty.verify("paid")
    assert (answer.headers["Retry-After"], answer.json()["code"]) == ("7", "rate_limited")


@pytest.mark.parametrize("fault_mode", [fault_modes.GARBAGE, fault_modes.HTML_200, fault_modes.EMPTY])
def test_some_answers_can_not_be_read(faulty: Paystack, fault_mode: str) -> None:
    faulty.set_fault("paystack", "initialize", fault_mode)
    answer = faulty.start("new")
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert happened(faulty)


def test_a_truncated_answer_breaks_off(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "initialize", fault_modes.TRUNCATED)
    with pytest.raises(requests.RequestException):
        faulty.start("new")
    assert happened(faulty)


def test_a_slow_answer_comes_byte_by_byte(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "verify", fault_modes.SLOW, seconds=0.1)
    with faulty("GET", "/paystack/transaction/verify/paid", stream=True, **key()) as answer:
        began = time.monotonic()
        assert answer.raw.read(3) == b'{"s'
        assert time.monotonic() - began > 0.15


def test_a_huge_answer_is_fifty_megabytes(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "verify", fault_modes.HUGE)
    with faulty("GET", "/paystack/transaction/verify/paid", stream=True, **key()) as answer:
        assert sum(map(len, answer.iter_content(1 << 20))) > 50_000_000


def test_a_wrong_amount_and_a_wrong_currency_are_only_in_the_answer(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "verify", fault_modes.WRONG_AMOUNT)
    faulty.set_fault("paystack", "verify", fault_modes.WRONG_CURRENCY)
    assert [seen(faulty) for _ in range(3)] == [(249_999, "NGN"), (250_000, "USD"), (250_000, "NGN")]


def test_a_fault_lasts_until_it_is_cleared(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "verify", fault_modes.EMPTY, times=None)
    assert [faulty.verify("paid").content for _ in range(3)] == [b"", b"", b""]
    faulty.control("faults", {"provider": "paystack"}, method="DELETE")
    assert seen(faulty) == (250_000, "NGN")


def test_a_redirect_leads_to_a_receiver_under_another_name(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "verify", fault_modes.REDIRECT)
    assert faulty.verify("paid").headers["Location"].startswith("http://localhost:")


@pytest.mark.parametrize(("fault_mode", "count"), [(fault_modes.TWICE, 2), (fault_modes.SUCCESS_TWICE, 2)])
def test_a_success_is_told_twice(faulty: Paystack, fault_mode: str, count: int) -> None:
    faulty.set_fault("paystack", "*", fault_mode)
    faulty.control("pay/paystack/paid", {})
    first, second = faulty.webhooks("paystack", count)
    assert first["body"] == second["body"]


@pytest.mark.parametrize("fault_mode", [fault_modes.UNSIGNED, fault_modes.WRONGLY_SIGNED])
def test_a_webhook_has_no_right_signature(faulty: Paystack, fault_mode: str) -> None:
    faulty.set_fault("paystack", "webhook", fault_mode)
    faulty.control("pay/paystack/paid", {})
    faulty.control("pay/paystack/paid", {})
    hooks = faulty.webhooks("paystack", 2)
    assert len({each["headers"].get("X-Paystack-Signature") for each in hooks}) == 2


def test_a_webhook_comes_late(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "webhook", fault_modes.LATE, seconds=0.4)
    faulty.control("pay/paystack/paid", {})
    assert faulty.webhooks("paystack", 0) == []
    assert len(faulty.webhooks("paystack", 1)) == 1


def test_a_webhook_is_overtaken_by_the_next(faulty: Paystack) -> None:
    faulty.set_fault("paystack", "webhook", fault_modes.OUT_OF_ORDER, seconds=30)
    faulty.control("webhook", {"provider": "paystack", "event": "first", "data": {}})
    faulty.control("webhook", {"provider": "paystack", "event": "second", "data": {}})
    events = [each["body"] for each in faulty.webhooks("paystack", 2)]
    assert ["second" in each for each in events] == [True, False]


def test_a_webhook_is_tried_again(faulty: Paystack) -> None:
    faulty.set_fault("hooks", "receive", fault_modes.ERROR_500, times=2)
    faulty.control("pay/paystack/paid", {})
    faulty.webhooks("paystack", 1)
    until(lambda: sent(faulty)["status"] == "delivered")
    assert sent(faulty)["answers"] == [500, 500, 200]


def test_an_unknown_fault_is_refused_in_words(faulty: Paystack) -> None:
    answer = faulty("POST", "/control/faults", {"provider": "paystack", "call": "*", "fault_mode": "sleepy"})
    assert answer.status_code == 422
    assert "no fault mode 'sleepy'" in answer.json()["error"]
    told = faulty.control("faults", method="GET")
    assert set(told["webhooks"]) == set(fault_modes.OF_WEBHOOKS)
    assert {"verify", "webhook", "transfer"} <= set(told["names"]["paystack"])


def seen(paystack: Paystack) -> tuple[int, str]:
    data = paystack.verify("paid").json()["data"]
    return data["amount"], data["currency"]


def sent(paystack: Paystack) -> dict[str, Any]:
    found: dict[str, Any] = paystack.control("webhooks", method="GET")[0]
    return found


def key() -> dict[str, Any]:
    return {"headers": {"Authorization": "Bearer sk_sandbox_paystack"}}
