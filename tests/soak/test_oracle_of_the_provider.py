"""Where the provider's books and ours differ, the oracle says so."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from soak.oracle.findings import DOUBLED, LOST, WRONG, Finding
from tests.soak.conftest import Judged

Change = Callable[[Judged], None]


def payment(judged: Judged, status: str = "succeeded", amount: int = 500, provider: str = "paystack") -> None:
    """A payment of ours under the reference `pay-1`."""
    judged.change(f"""INSERT INTO payment (id, order_id, provider, reference, status, amount, currency, created_at,
        checks, payer_fee, taken_back_amount, taken_back_decided, version, settled_at)
        VALUES (1, 1, '{provider}', 'pay-1', '{status}', {amount}, 'NGN', now(), 0, 0, 0, 0, 1,
        CASE WHEN '{status}' = 'succeeded' THEN now() END)""")


def payout(judged: Judged, ref: str = "out-1", status: str = "succeeded", amount: int = 500) -> None:
    """A payout of ours, planned by schedule 7."""
    judged.change(f"""INSERT INTO payout (ref, party_id, destination_id, schedule_id, provider, currency, amount,
        status, attempts, created_at, created_by, needs_person, is_unconfirmed, version)
        VALUES ('{ref}', 1, 1, 7, 'paystack', 'NGN', {amount}, '{status}', 1, now(), 'x', false, false, 1)""")


def refund(judged: Judged, status: str = "processed", amount: int = 500) -> None:
    """A refund of ours of that payment."""
    judged.change(f"""INSERT INTO refund (payment_id, party_id, provider, amount, currency, status, attempts,
        times_sent, created_at, version) VALUES (1, 1, 'paystack', {amount}, 'NGN', '{status}', 1, 1, now(), 1)""")


def thing(judged: Judged, kind: str, key: str, parent: str = "", **data: Any) -> None:
    """A thing in the provider's books."""
    body = json.dumps({"status": "success", "amount": 500, "currency": "NGN"} | data)
    row = f"'{kind}', '{key}', '{parent}', 0, '{body}'"
    judged.theirs(f"INSERT INTO things (kind, key, parent, at, data) VALUES ({row})")


def chargeback(judged: Judged, status: str, booked: int) -> None:
    """A dispute of the payer's bank about that payment, on record here."""
    judged.change(f"""INSERT INTO chargeback (provider, number, payment_id, status, amount, currency, covered_amount,
        booked_amount, created_at) VALUES ('paystack', '1', 1, '{status}', 500, 'NGN', 0, {booked}, now())""")


def taken(judged: Judged, resolution: str | None = "auto-accepted") -> None:
    """The bank's dispute in the provider's books, the first thing there, and what it took."""
    thing(judged, "paystack.dispute", "d", "pay-1", status="resolved", resolution=resolution, refund_amount=500)
    thing(judged, "paystack.transaction", "pay-1", status="reversed")
    thing(judged, "paystack.refund", "DIS_1", "pay-1", status="processed", dispute=1)


def clearing(judged: Judged, balance: int, provider: str = "paystack") -> None:
    """What our account with the provider says, whatever its entries are."""
    judged.change(f"""INSERT INTO account (id, kind, owner, currency, balance, created_at)
        VALUES (900, 'clearing', '{provider}', 'NGN', {balance}, now())""")
    if balance:
        row = f"900, 900, 'NGN', {balance}"
        judged.change(f"INSERT INTO entry (transfer_id, account_id, currency, amount) VALUES ({row})")


def of_the_provider(judged: Judged) -> list[tuple[str, str]]:
    """What the oracle says but for the books, which these rows alone don't balance."""

    def is_of_books(finding: Finding) -> bool:
        return "entries" in finding.rule or "transfer of its currency" in finding.rule

    return [(each.rule, each.counts_as) for each in judged.findings() if not is_of_books(each)]


TAKEN = "what a bank decided is known"
COLLECTED, PAID = "a payment that was made is known", "a payout is paid once"
GIVEN_BACK, CLEARING = "a refund is given once", "clearing is what the provider has of ours"


def test_books_that_agree_are_fine(judged: Judged) -> None:
    payment(judged)
    payout(judged)
    refund(judged)
    thing(judged, "paystack.transaction", "pay-1")
    thing(judged, "paystack.transfer", "out-1")
    thing(judged, "paystack.refund", "RFD_1", "pay-1", status="processed")
    clearing(judged, 500)
    assert of_the_provider(judged) == []


@pytest.mark.parametrize(
    ("ours", "status", "amount", "expected"),
    [
        ("pending", "success", 500, [(COLLECTED, LOST)]),
        ("failed", "success", 500, [(COLLECTED, LOST)]),
        ("needs_review", "success", 1, []),
        ("failed", "failed", 500, []),
        ("succeeded", "failed", 500, [(COLLECTED, WRONG)]),
    ],
)
def test_payments(ours: str, status: str, amount: int, expected: list[tuple[str, str]], judged: Judged) -> None:
    payment(judged, ours)
    thing(judged, "paystack.transaction", "pay-1", status=status, amount=amount)
    assert of_the_provider(judged) == expected


def test_a_payment_of_another_amount_is_found_out(judged: Judged) -> None:
    payment(judged, amount=700)
    thing(judged, "paystack.transaction", "pay-1")
    clearing(judged, -500)
    assert of_the_provider(judged) == [(COLLECTED, WRONG)]


@pytest.mark.parametrize(
    ("ours", "theirs", "amount", "expected"),
    [
        ("succeeded", "success", 600, (PAID, WRONG)),
        ("failed", "success", 500, (PAID, LOST)),
        ("succeeded", "failed", 500, (PAID, LOST)),
    ],
)
def test_payouts(ours: str, theirs: str, amount: int, expected: tuple[str, str], judged: Judged) -> None:
    payout(judged, status=ours)
    thing(judged, "paystack.transfer", "out-1", status=theirs, amount=amount)
    assert expected in of_the_provider(judged)


def test_a_schedule_that_was_paid_twice_is_found_out(judged: Judged) -> None:
    for ref in ("out-1", "out-2"):
        payout(judged, ref)
        thing(judged, "paystack.transfer", ref)
    clearing(judged, 1_000)
    assert of_the_provider(judged) == [(PAID, DOUBLED)]


@pytest.mark.parametrize(
    ("ours", "given", "expected"),
    [("processed", 0, (GIVEN_BACK, LOST)), ("processed", 2, (GIVEN_BACK, DOUBLED))],
)
def test_refunds(ours: str, given: int, expected: tuple[str, str], judged: Judged) -> None:
    payment(judged)
    refund(judged, ours)
    thing(judged, "paystack.transaction", "pay-1")
    for number in range(given):
        thing(judged, "paystack.refund", f"RFD_{number}", "pay-1", status="processed")
    assert expected in of_the_provider(judged)


def test_a_refund_that_nobody_here_knows_is_found_out(judged: Judged) -> None:
    payment(judged)
    thing(judged, "paystack.transaction", "pay-1")
    thing(judged, "paystack.refund", "RFD_1", "pay-1", status="processed")
    clearing(judged, 0)
    assert of_the_provider(judged) == [(GIVEN_BACK, WRONG)]


@pytest.mark.parametrize(("status", "booked", "says"), [("succeeded", 0, []), ("failed", 0, [(COLLECTED, LOST)])])
def test_payments_at_flutterwave(status: str, booked: int, says: list[tuple[str, str]], judged: Judged) -> None:
    payment(judged, status, provider="flutterwave")
    thing(judged, "flutterwave.charge", "pay-1/1", "pay-1", status="succeeded", amount=5)
    if status == "succeeded":
        thing(judged, "flutterwave.charge_refund", "r", "pay-1/1", status="new", amount=5)
        judged.change("""INSERT INTO refund (payment_id, party_id, provider, amount, currency, status, attempts,
            times_sent, created_at, version) VALUES (1, 1, 'flutterwave', 500, 'NGN', 'pending', 1, 1, now(), 1)""")
    clearing(judged, booked, "flutterwave")
    assert of_the_provider(judged) == says


@pytest.mark.parametrize(
    ("here", "booked", "says"),
    [
        ("lost", 500, []),
        ("lost", 0, [(CLEARING, WRONG)]),
        ("open", 500, [(TAKEN, LOST)]),
        ("", 500, [(TAKEN, LOST), (CLEARING, WRONG)]),
    ],
)
def test_what_a_bank_took(here: str, booked: int, says: list[tuple[str, str]], judged: Judged) -> None:
    payment(judged)
    taken(judged)
    if here:
        chargeback(judged, here, booked)
    clearing(judged, 0)
    assert of_the_provider(judged) == says


def test_what_a_bank_took_while_it_was_in_review_was_never_booked(judged: Judged) -> None:
    payment(judged, "failed")
    taken(judged)
    chargeback(judged, "lost", 0)
    clearing(judged, 0)
    judged.change("UPDATE payment SET settled_at = now()")
    assert of_the_provider(judged) == []


def test_clearing_that_differs_is_found_out(judged: Judged) -> None:
    payment(judged)
    thing(judged, "paystack.transaction", "pay-1")
    clearing(judged, -499)
    assert of_the_provider(judged) == [(CLEARING, WRONG)]


@pytest.mark.parametrize(("accounts", "counts_as"), [([1], WRONG), ([900], WRONG), ([900, 900], DOUBLED)])
def test_a_mirror_that_differs_is_found_out(accounts: list[int], counts_as: str, judged: Judged) -> None:
    clearing(judged, 0)
    judged.change("INSERT INTO mirror_account (account_id, balance_id, created_at) VALUES (900, 'bln_1', now())")
    for number, account in enumerate(accounts):
        more: dict[str, Any] = {"meta_data": {"desk_account": str(account)}, "credit": 9, "debit": 5}
        thing(judged, "blnk.balance", f"bln_{number}", **more)
    assert ("the mirror has our balances", counts_as) in of_the_provider(judged)
