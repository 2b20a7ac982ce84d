"""The sandbox as a whole: it survives its own restart, keeps away from production, and is quick."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.sandbox.conftest import Paystack, until
from tests.support import forked
from webapp.errors import Invalid
from webapp.sandbox import Options, SandboxSettings, serving
from webapp.sandbox.core.settings import SANDBOX_KEYS, Keys


def test_books_and_what_is_due_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite3"
    with serving(SandboxSettings(file=file, options=Options(settle_seconds=0.4))) as served:
        Paystack(served).transfer("payout-1")
    with serving(SandboxSettings(file=file)) as served:
        paystack = Paystack(served)
        until(lambda: status(paystack) == "success")


def status(paystack: Paystack) -> str:
    return str(paystack("GET", "/paystack/transfer/verify/payout-1").json()["data"]["status"])


def test_it_does_not_start_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_ENV", "production")
    with pytest.raises(Invalid), serving():
        pass


def test_keys_come_from_the_environment() -> None:
    keys = Keys.from_environment({"PAYSTACK_SECRET_KEY": "sk_test_mine", "BLNK_API_KEY": ""})
    assert (keys.paystack_secret_key, keys.blnk_api_key) == ("sk_test_mine", SANDBOX_KEYS["BLNK_API_KEY"])


def test_one_reference_from_many_threads_is_one_transfer(paystack: Paystack) -> None:
    answers: list[tuple[int, str]] = []
    before = paystack("GET", "/paystack/balance").json()["data"][0]["balance"]

    def send() -> None:
        answer = paystack.transfer("payout-1")
        answers.append((answer.status_code, answer.json().get("code", "")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {(200, ""): 1, (400, "duplicate_transfer_reference"): 7}
    assert paystack("GET", "/paystack/balance").json()["data"][0]["balance"] == before - 90_000


def test_a_hundred_thousand_transactions_are_filled_at_once_and_found(paystack: Paystack) -> None:
    filled = {"provider": "paystack", "count": 100_000, "prefix": "f-", "amount": 5, "currency": "NGN"}
    assert paystack.control("fill", filled)["added"] == 100_000
    assert paystack.verify("f-99999").json()["data"]["status"] == "success"
    assert len(paystack.control("store?limit=10", method="GET")["paystack.transaction"]) == 10


def test_latency_and_reset(paystack: Paystack) -> None:
    paystack.start("order-1")
    paystack.control("latency", {"provider": "paystack", "milliseconds": 120})
    began = time.monotonic()
    paystack.verify("order-1")
    assert time.monotonic() - began >= 0.12
    paystack.control("reset")
    assert paystack.verify("order-1").status_code == 400


def test_only_this_machine_is_answered(paystack: Paystack) -> None:
    assert paystack("GET", "/health", headers={"Host": "evil.example"}).status_code == 400


def test_the_command_answers_and_ends_when_told(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DESK_ENV"}
    words = ["sandbox", "--port", "0", "--smtp-port", "0", "--file", str(tmp_path / "s.sqlite3")]
    said = tmp_path / "said"
    process = forked.desk(*words, environment=environment, log=said)
    try:
        until(lambda: said.exists() and "\n" in said.read_text(), 30)
        url = said.read_text().split()[4].rstrip(",")
        assert requests.get(f"{url}/health", timeout=5).json() == {"status": "UP"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
