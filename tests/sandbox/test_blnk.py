"""Blnk in the sandbox: unique references, two sides of every row, splits as its source does them."""

import hashlib
import hmac
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Caller, until
from webapp.sandbox import Served


class Blnk(Caller):
    """One that has Blnk's key, and a ledger."""

    ledger: str

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        if path.startswith("/blnk"):
            more.setdefault("headers", {"X-Blnk-Key": "sandbox-blnk-key"})
        return super().__call__(method, path, json, **more)

    def balance(self) -> str:
        """A new balance."""
        return str(self("POST", "/blnk/balances", {"ledger_id": self.ledger, "currency": "NGN"}).json()["balance_id"])

    def holds(self, balance: str) -> int:
        return int(self("GET", f"/blnk/balances/{balance}").json()["balance"])

    def move(self, reference: str, source: str, destination: str, amount: float, **more: Any) -> requests.Response:
        asked = {"precise_amount": amount, "precision": 100, "reference": reference, "currency": "NGN"}
        asked |= {"description": "Test", "source": source, "destination": destination, "skip_queue": True}
        return self("POST", "/blnk/transactions", {key: value for key, value in (asked | more).items() if value})

    def row(self, reference: str) -> requests.Response:
        return self("GET", f"/blnk/transactions/reference/{reference}")


@pytest.fixture
def blnk(served: Served) -> Blnk:
    caller = Blnk(served)
    caller.ledger = caller("POST", "/blnk/ledgers", {"name": "Desk"}).json()["ledger_id"]
    return caller


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_detail"]["code"]


def test_health_needs_no_key_and_the_rest_does(blnk: Blnk) -> None:
    assert blnk("GET", "/blnk/health", headers={}).json() == {"status": "UP"}
    assert code(blnk("GET", "/blnk/ledgers", headers={})) == (401, "AUTH_MISSING_API_KEY")
    assert code(blnk("GET", "/blnk/ledgers", headers={"X-Blnk-Key": "no"})) == (401, "AUTH_INVALID_API_KEY")


def test_a_reference_moves_money_once(blnk: Blnk) -> None:
    purse = blnk.balance()
    first = blnk.move("t-1", "@World", purse, 10_001, allow_overdraft=True)
    assert (first.status_code, first.json()["status"], first.json()["precise_amount"]) == (201, "APPLIED", 10_001)
    assert code(blnk.move("t-1", "@World", purse, 10_001, allow_overdraft=True)) == (409, "TXN_DUPLICATE_REFERENCE")
    assert blnk.holds(purse) == 10_001
    world = blnk("GET", "/blnk/balances/indicator/@World/currency/NGN").json()
    assert (world["balance"], world["debit_balance"]) == (-10_001, 10_001)
    shown = blnk.row("t-1").json()
    assert (shown["precise_amount"], shown["precision"], shown["hash"]) == (10_001, 0, "")


def test_amounts_beyond_sixty_four_bits_stay_whole(blnk: Blnk) -> None:
    purse = blnk.balance()
    blnk.move("t-1", "@World", purse, 10**20 + 1, allow_overdraft=True)
    assert blnk.holds(purse) == 10**20 + 1


def test_nobody_pays_what_is_not_there(blnk: Blnk) -> None:
    empty, other = blnk.balance(), blnk.balance()
    assert code(blnk.move("t-1", empty, other, 1)) == (400, "TXN_INSUFFICIENT_FUNDS")
    assert code(blnk.row("t-1")) == (404, "TXN_NOT_FOUND")
    assert code(blnk.move("t-2", empty, "bln_999", 1, allow_overdraft=True)) == (404, "TXN_NOT_FOUND")
    assert code(blnk.move("t-3", empty, other, 1.5)) == (400, "GEN_MALFORMED_REQUEST")


def test_a_split_is_its_legs_and_nothing_under_its_own_reference(blnk: Blnk) -> None:
    pool, seller, fees = blnk.balance(), blnk.balance(), blnk.balance()
    blnk.move("in", "@World", pool, 10_001, allow_overdraft=True)
    legs = [
        {"identifier": seller, "precise_distribution": "9500"},
        {"identifier": fees, "precise_distribution": "501"},
    ]
    split = blnk.move("out", pool, "", 10_001, destinations=legs).json()
    assert (blnk.holds(pool), blnk.holds(seller), blnk.holds(fees)) == (0, 9_500, 501)
    assert code(blnk.row("out")) == (404, "TXN_NOT_FOUND")
    asked = {"filters": [{"field": "parent_transaction", "operator": "eq", "value": split["transaction_id"]}]}
    rows = blnk("POST", "/blnk/transactions/filter", asked | {"sort_order": "asc", "include_count": True}).json()
    assert [each["reference"] for each in rows["data"]] == ["out-1", "out-2"]
    assert rows["total_count"] == 2
    assert code(blnk.move("out", pool, "", 10_001, destinations=legs)) == (409, "TXN_DUPLICATE_REFERENCE")


def test_percents_and_what_is_left_divide_every_unit(blnk: Blnk) -> None:
    purses = [blnk.balance() for _ in range(3)]
    parts = ["33.33%", "1", "left"]
    legs = [{"identifier": each, "distribution": part} for each, part in zip(purses, parts, strict=True)]
    blnk.move("out", "@World", "", 1_000, destinations=legs, allow_overdraft=True)
    assert [blnk.holds(each) for each in purses] == [333, 100, 567]


@pytest.mark.parametrize(("atomic", "left"), [(False, 0), (True, 60)])
def test_a_leg_that_fails_leaves_the_earlier_ones_unless_atomic(blnk: Blnk, atomic: bool, left: int) -> None:
    rich, poor, both = blnk.balance(), blnk.balance(), blnk.balance()
    blnk.move("in", "@World", rich, 60, allow_overdraft=True)
    legs = [{"identifier": rich, "precise_distribution": "60"}, {"identifier": poor, "precise_distribution": "40"}]
    assert code(blnk.move("out", "", both, 100, sources=legs, atomic=atomic))[0] == 400
    assert blnk.holds(rich) == left


def test_the_queue_applies_a_row_of_its_own_or_says_why_not(blnk: Blnk) -> None:
    purse, empty = blnk.balance(), blnk.balance()
    assert blnk.move("t-1", "@World", purse, 7, allow_overdraft=True, skip_queue=False).json()["status"] == "QUEUED"
    blnk.move("t-2", empty, purse, 7, skip_queue=False)
    until(lambda: blnk.row("t-1_q").status_code == 200 and blnk.row("t-2_q").status_code == 200)
    assert (blnk.row("t-1_q").json()["status"], blnk.holds(purse)) == ("APPLIED", 7)
    rejected = blnk.row("t-2_q").json()
    assert rejected["status"] == "REJECTED"
    assert "insufficient funds" in rejected["meta_data"]["blnk_rejection_reason"]


def test_a_refund_goes_back_whole_and_once(blnk: Blnk) -> None:
    purse = blnk.balance()
    made = blnk.move("t-1", "@World", purse, 7, allow_overdraft=True).json()["transaction_id"]
    refund = blnk("POST", f"/blnk/refund-transaction/{made}")
    assert (refund.status_code, refund.json()["reference"], refund.json()["status"]) == (
        201,
        f"{made}_refund",
        "QUEUED",
    )
    until(lambda: blnk.row(f"{made}_refund_q").status_code == 200 and blnk.holds(purse) == 0)
    assert code(blnk("POST", f"/blnk/refund-transaction/{made}")) == (409, "GEN_CONFLICT")


def test_a_bulk_through_the_queue_passes_over_duplicates_in_silence(blnk: Blnk) -> None:
    purse = blnk.balance()
    one = {"precise_amount": 5, "precision": 100, "currency": "NGN", "description": "x", "allow_overdraft": True}
    many = [one | {"reference": f"b-{n}", "source": "@World", "destination": purse} for n in (1, 2, 1)]
    answer = blnk("POST", "/blnk/transactions/bulk", {"transactions": many})
    assert (answer.status_code, answer.json()["status"], answer.json()["transaction_count"]) == (201, "applied", 3)
    until(lambda: blnk.holds(purse) == 10)
    assert code(blnk("POST", "/blnk/transactions/bulk", {"transactions": many, "skip_queue": True}))[0] == 409


def test_what_is_held_is_committed_or_voided_once(blnk: Blnk) -> None:
    purse = blnk.balance()
    held = blnk.move("i-1", "@World", purse, 7, allow_overdraft=True, inflight=True).json()["transaction_id"]
    shown = blnk("GET", f"/blnk/balances/{purse}").json()
    assert (shown["balance"], shown["inflight_balance"]) == (0, 7)
    assert blnk("PUT", f"/blnk/transactions/inflight/{held}", {"status": "commit"}).json()["queued"]
    assert code(blnk("PUT", f"/blnk/transactions/inflight/{held}", {"status": "void"})) == (409, "GEN_CONFLICT")
    until(lambda: blnk.holds(purse) == 7)
    again = blnk("PUT", f"/blnk/transactions/inflight/{held}", {"status": "commit"})
    assert code(again) == (409, "TXN_ALREADY_COMMITTED")
    voided = blnk.move("i-2", "@World", purse, 5, allow_overdraft=True, inflight=True).json()["transaction_id"]
    done = blnk("PUT", f"/blnk/transactions/inflight/{voided}", {"status": "void", "skip_queue": True})
    assert (done.json()["status"], blnk.holds(purse)) == ("VOID", 7)


def test_a_key_with_scopes_may_do_what_they_name(blnk: Blnk) -> None:
    asked = {"name": "desk", "owner": "desk", "scopes": ["ledgers:read", "balances:read", "balances:write"]}
    key = {"X-Blnk-Key": blnk("POST", "/blnk/api-keys", asked).json()["key"]}
    assert blnk("POST", "/blnk/balances/filter", {"filters": []}, headers=key).status_code == 200
    refused = blnk("POST", "/blnk/transactions/filter", {"filters": []}, headers=key)
    assert code(refused) == (403, "AUTH_INSUFFICIENT_PERMISSIONS")
    assert refused.json()["error"] == "Insufficient permissions for transactions:write"


def test_a_backup_is_put_back_as_if_nothing_came_after_it(blnk: Blnk) -> None:
    purse = blnk.balance()
    blnk.move("t-1", "@World", purse, 10, allow_overdraft=True)
    blnk.control("blnk/backup")
    later = blnk.balance()
    blnk.move("t-2", purse, later, 4)
    blnk.control("blnk/restore")
    assert (blnk.holds(purse), blnk.row("t-2").status_code) == (10, 404)
    assert code(blnk("GET", f"/blnk/balances/{later}")) == (404, "BAL_NOT_FOUND")
    blnk.control("blnk/lose")
    assert code(blnk("GET", f"/blnk/balances/{purse}")) == (404, "BAL_NOT_FOUND")


def test_a_discrepancy_can_be_made_by_hand(blnk: Blnk) -> None:
    purse = blnk.balance()
    blnk.move("t-1", "@World", purse, 10, allow_overdraft=True)
    blnk.control("blnk/adjust", {"balance": purse, "amount": -3})
    blnk.control("blnk/adjust", {"reference": "t-1", "amount": 1})
    assert (blnk.holds(purse), blnk.row("t-1").json()["precise_amount"]) == (7, 11)
    asked = {"filters": [{"field": "balance", "operator": "eq", "value": 7}]}
    assert [each["balance_id"] for each in blnk("POST", "/blnk/balances/filter", asked).json()] == [purse]


def test_webhooks_are_signed_over_timestamp_and_body(blnk: Blnk) -> None:
    (hook, *_) = blnk.webhooks("blnk", 1)
    signed = f"{hook['headers']['X-Blnk-Timestamp']}.{hook['body']}".encode()
    digest = hmac.new(b"sandbox-blnk-webhook", signed, hashlib.sha256).hexdigest()
    assert hook["headers"]["X-Blnk-Signature"] == digest
    assert '"event":"ledger.created"' in hook["body"]


def test_a_row_may_be_there_although_the_answer_never_came(blnk: Blnk) -> None:
    purse = blnk.balance()
    blnk.set_fault("blnk", "transactions", "timeout_after", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        blnk.move("t-1", "@World", purse, 5, allow_overdraft=True)
    assert blnk.row("t-1").json()["precise_amount"] == 5
    blnk.set_fault("blnk", "*", "error_500")
    assert code(blnk.row("t-1")) == (500, "GEN_INTERNAL")
