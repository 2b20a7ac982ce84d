"""Every mood, on one call: what the caller sees, and whether it happened."""

import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Paystack, until
from webapp.sandbox.core import fault_modes


@pytest.fixture
def moody(paystack: Paystack) -> Paystack:
    """Paystack, with one paid order."""
    paystack.start("paid")
    paystack.control("pay/paystack/paid", {"webhook": False})
    return paystack


def happened(paystack: Paystack) -> bool:
    return bool(paystack.verify("new").status_code == 200)


@pytest.mark.parametrize(
    ("mood", "status"),
    [
        (fault_modes.REFUSE, 400),
        (fault_modes.ERROR_500, 500),
        (fault_modes.HTML_502, 502),
        (fault_modes.RATE_LIMITED, 429),
        (fault_modes.REDIRECT, 302),
    ],
)
def test_moods_without_effect_answer_and_do_nothing(moody: Paystack, mood: str, status: int) -> None:
    moody.mood("paystack", "initialize", mood)
    assert moody.start("new").status_code == status
    assert not happened(moody)
    assert moody.start("new").status_code == 200


def test_an_error_may_come_after_the_effect(moody: Paystack) -> None:
    moody.mood("paystack", "initialize", fault_modes.ERROR_500, effect=True)
    assert moody.start("new").status_code == 500
    assert happened(moody)


@pytest.mark.parametrize(("mood", "is_done"), [(fault_modes.TIMEOUT_BEFORE, False), (fault_modes.TIMEOUT_AFTER, True)])
def test_a_timeout_says_nothing(moody: Paystack, mood: str, is_done: bool) -> None:
    moody.mood("paystack", "initialize", mood, seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        moody.start("new")
    assert happened(moody) == is_done


def test_a_rate_limit_says_when_to_come_back(moody: Paystack) -> None:
    moody.mood("paystack", "*", fault_modes.RATE_LIMITED, seconds=7)
    answer = moody.verify("paid")
    assert (answer.headers["Retry-After"], answer.json()["code"]) == ("7", "rate_limited")


@pytest.mark.parametrize("mood", [fault_modes.GARBAGE, fault_modes.HTML_200, fault_modes.EMPTY])
def test_some_answers_can_not_be_read(moody: Paystack, mood: str) -> None:
    moody.mood("paystack", "initialize", mood)
    answer = moody.start("new")
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert happened(moody)


def test_a_truncated_answer_breaks_off(moody: Paystack) -> None:
    moody.mood("paystack", "initialize", fault_modes.TRUNCATED)
    with pytest.raises(requests.RequestException):
        moody.start("new")
    assert happened(moody)


def test_a_slow_answer_comes_byte_by_byte(moody: Paystack) -> None:
    moody.mood("paystack", "verify", fault_modes.SLOW, seconds=0.1)
    with moody("GET", "/paystack/transaction/verify/paid", stream=True, **key()) as answer:
        began = time.monotonic()
        assert answer.raw.read(3) == b'{"s'
        assert time.monotonic() - began > 0.15


def test_a_huge_answer_is_fifty_megabytes(moody: Paystack) -> None:
    moody.mood("paystack", "verify", fault_modes.HUGE)
    with moody("GET", "/paystack/transaction/verify/paid", stream=True, **key()) as answer:
        assert sum(map(len, answer.iter_content(1 << 20))) > 50_000_000


def test_a_wrong_amount_and_a_wrong_currency_are_only_in_the_answer(moody: Paystack) -> None:
    moody.mood("paystack", "verify", fault_modes.WRONG_AMOUNT)
    moody.mood("paystack", "verify", fault_modes.WRONG_CURRENCY)
    assert [seen(moody) for _ in range(3)] == [(249_999, "NGN"), (250_000, "USD"), (250_000, "NGN")]


def test_a_mood_lasts_until_it_is_cleared(moody: Paystack) -> None:
    moody.mood("paystack", "verify", fault_modes.EMPTY, times=None)
    assert [moody.verify("paid").content for _ in range(3)] == [b"", b"", b""]
    moody.control("mood", {"provider": "paystack"}, method="DELETE")
    assert seen(moody) == (250_000, "NGN")


def test_a_redirect_leads_to_a_receiver_under_another_name(moody: Paystack) -> None:
    moody.mood("paystack", "verify", fault_modes.REDIRECT)
    assert moody.verify("paid").headers["Location"].startswith("http://localhost:")


@pytest.mark.parametrize(("mood", "count"), [(fault_modes.TWICE, 2), (fault_modes.SUCCESS_TWICE, 2)])
def test_a_success_is_told_twice(moody: Paystack, mood: str, count: int) -> None:
    moody.mood("paystack", "*", mood)
    moody.control("pay/paystack/paid", {})
    first, second = moody.webhooks("paystack", count)
    assert first["body"] == second["body"]


@pytest.mark.parametrize("mood", [fault_modes.UNSIGNED, fault_modes.WRONGLY_SIGNED])
def test_a_webhook_has_no_right_signature(moody: Paystack, mood: str) -> None:
    moody.mood("paystack", "webhook", mood)
    moody.control("pay/paystack/paid", {})
    moody.control("pay/paystack/paid", {})
    hooks = moody.webhooks("paystack", 2)
    assert len({each["headers"].get("X-Paystack-Signature") for each in hooks}) == 2


def test_a_webhook_comes_late(moody: Paystack) -> None:
    moody.mood("paystack", "webhook", fault_modes.LATE, seconds=0.4)
    moody.control("pay/paystack/paid", {})
    assert moody.webhooks("paystack", 0) == []
    assert len(moody.webhooks("paystack", 1)) == 1


def test_a_webhook_is_overtaken_by_the_next(moody: Paystack) -> None:
    moody.mood("paystack", "webhook", fault_modes.OUT_OF_ORDER, seconds=30)
    moody.control("webhook", {"provider": "paystack", "event": "first", "data": {}})
    moody.control("webhook", {"provider": "paystack", "event": "second", "data": {}})
    events = [each["body"] for each in moody.webhooks("paystack", 2)]
    assert ["second" in each for each in events] == [True, False]


def test_a_webhook_is_tried_again(moody: Paystack) -> None:
    moody.mood("hooks", "receive", fault_modes.ERROR_500, times=2)
    moody.control("pay/paystack/paid", {})
    moody.webhooks("paystack", 1)
    until(lambda: sent(moody)["status"] == "delivered")
    assert sent(moody)["answers"] == [500, 500, 200]


def test_an_unknown_mood_is_refused_in_words(moody: Paystack) -> None:
    answer = moody("POST", "/control/mood", {"provider": "paystack", "call": "*", "mood": "sleepy"})
    assert answer.status_code == 422
    assert "no mood 'sleepy'" in answer.json()["error"]
    told = moody.control("moods", method="GET")
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
