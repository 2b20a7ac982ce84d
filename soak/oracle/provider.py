"""The providers' books and ours: payments, refunds, what banks took, payouts, what is in clearing, and the mirror."""

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from soak.oracle.findings import DOUBLED, LOST, WRONG, Finding

_COLLECTED = "a payment that was made is known"
_PAID = "a payout is paid once"
_GIVEN_BACK = "a refund is given once"
_TAKEN = "what a bank decided is known"
_CLEARING = "clearing is what the provider has of ours"
_MIRROR = "the mirror has our balances"
_UNDERWAY = ("pending", "processing")
_REFUSED = ("failed", "cancelled")


@dataclass(frozen=True)
class _Payment:
    """One that was made, in minor units."""

    provider: str
    reference: str
    amount: int
    currency: str


@dataclass(frozen=True)
class _Refund:
    """One that was not refused; `dispute` is the number of the one by which a bank took it."""

    payment: _Payment
    amount: int
    dispute: int | None


@dataclass(frozen=True)
class _Theirs:
    """The providers' files, read."""

    payments: list[_Payment]
    refunds: list[_Refund]
    disputes: list[dict[str, Any]]
    transfers: list[dict[str, Any]]
    balances: list[dict[str, Any]]


def check(connection: psycopg.Connection, store: Path) -> list[Finding]:
    """Everything on which the two books differ; `store` is the provider's file."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as file:
        theirs = _read(file)
    return [
        *_payments(connection, theirs),
        *_payouts(connection, theirs),
        *_refunds(connection, theirs),
        *_banks(connection, theirs),
        *_clearing(connection, theirs),
        *_mirror(connection, theirs),
    ]


def _read(file: sqlite3.Connection) -> _Theirs:
    made = {
        each["key"]: _Payment("paystack", each["key"], int(each["amount"]), each["currency"])
        for each in _things(file, "paystack.transaction")
        if each["status"] in ("success", "reversed")
    } | {
        each["key"]: _Payment("flutterwave", each["parent"], _minor(each["amount"]), each["currency"])
        for each in _things(file, "flutterwave.charge")
        if each["status"] == "succeeded"
    }
    refunds = [
        _Refund(made[each["parent"]], int(each["amount"]), each.get("dispute"))
        for each in _things(file, "paystack.refund")
        if each["status"] not in _REFUSED and each["parent"] in made
    ] + [
        _Refund(made[each["parent"]], _minor(each["amount"]), None)
        for each in _things(file, "flutterwave.charge_refund")
        if each["status"] not in _REFUSED and each["parent"] in made
    ]
    disputes = _things(file, "paystack.dispute")
    return _Theirs(
        list(made.values()), refunds, disputes, _things(file, "paystack.transfer"), _things(file, "blnk.balance")
    )


def _things(file: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    rows = file.execute("SELECT number, key, parent, data FROM things WHERE kind = ? ORDER BY number", (kind,))
    return [{"number": number, "key": key, "parent": parent} | json.loads(data) for number, key, parent, data in rows]


def _minor(amount: float) -> int:
    """Of an amount with two decimals: the soak's currencies have no others."""
    return round(amount * 100)


def _payments(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    query = "SELECT provider, reference, status, amount, provider_amount FROM payment WHERE reference IS NOT NULL"
    ours = {(provider, reference): rest for provider, reference, *rest in connection.execute(query).fetchall()}
    found: list[Finding] = []
    gone: Counter[_Payment] = Counter()
    for each in theirs.refunds:
        gone[each.payment] += each.amount
    for paid in theirs.payments:
        reference = paid.reference
        status, amount, seen = ours.get((paid.provider, reference), ("unknown", 0, None))
        if status == "failed" and gone[paid] >= paid.amount:
            continue  # it was in review when its payer had it back: nothing was booked, and nothing is left
        if status not in ("succeeded", "needs_review"):
            found.append(Finding(_COLLECTED, LOST, f"{reference} was paid, and is {status} here"))
        elif status == "succeeded" and paid.amount not in (amount, seen):
            found.append(Finding(_COLLECTED, WRONG, f"{reference} was paid {paid.amount}, and is {amount} here"))
    made = {(paid.provider, paid.reference) for paid in theirs.payments}
    for key, (status, *_) in ours.items():
        if status == "succeeded" and key not in made:
            found.append(Finding(_COLLECTED, WRONG, f"{key[1]} is succeeded here, and was not paid"))
    return found


def _payouts(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    query = "SELECT ref, status, amount, schedule_id FROM payout WHERE provider = 'paystack'"
    ours = {ref: rest for ref, *rest in connection.execute(query).fetchall()}
    sent = {each["key"]: each for each in theirs.transfers}
    found: list[Finding] = []
    per_schedule: Counter[int] = Counter()
    for ref, thing in sent.items():
        status, amount, schedule = ours.get(ref, ("unknown", 0, None))
        if thing["status"] != "success":
            continue
        if schedule is not None:
            per_schedule[schedule] += 1
        if status == "unknown" or amount != thing["amount"]:
            found.append(Finding(_PAID, WRONG, f"{ref} paid {thing['amount']} there, and is {status} {amount} here"))
        elif status != "succeeded":
            found.append(Finding(_PAID, LOST, f"{ref} was paid there, and is {status} here"))
    for ref, (status, *_) in ours.items():
        if status == "succeeded" and sent.get(ref, {}).get("status") != "success":
            found.append(Finding(_PAID, LOST, f"{ref} is succeeded here, and was not paid there"))
    return found + [
        Finding(_PAID, DOUBLED, f"schedule {schedule} was paid {times} times")
        for schedule, times in per_schedule.items()
        if times > 1
    ]


def _refunds(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    """What a bank took before a refund of ours was sent stands in its place."""
    query = """SELECT p.provider, p.reference, r.status, r.amount, coalesce((
                 SELECT sum(c.covered_amount) FROM chargeback c WHERE c.payment_id = p.id), 0)
               FROM refund r JOIN payment p ON p.id = r.payment_id"""
    ours = {(provider, reference): rest for provider, reference, *rest in connection.execute(query).fetchall()}
    given: dict[tuple[str, str], list[_Refund]] = defaultdict(list)
    for each in theirs.refunds:
        if each.dispute is None:
            given[each.payment.provider, each.payment.reference].append(each)
    found: list[Finding] = []
    for key, rows in given.items():
        if len(rows) > 1:
            found.append(Finding(_GIVEN_BACK, DOUBLED, f"{key[1]} was given back {len(rows)} times"))
        status, amount, covered = ours.get(key, ("unknown", 0, 0))
        total = sum(row.amount for row in rows)
        if status == "unknown" or total != amount - covered:
            found.append(Finding(_GIVEN_BACK, WRONG, f"{key[1]}: {total} there, {status} {amount} here"))
    for key, (status, amount, covered) in ours.items():
        if status == "processed" and key not in given and covered < amount:
            found.append(Finding(_GIVEN_BACK, LOST, f"{key[1]} is given back here, and not there"))
    return found


def _banks(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    """Each dispute of a bank is on record once, as it stands there."""
    query = "SELECT number, status, amount FROM chargeback WHERE provider = 'paystack'"
    ours: dict[str, tuple[str, int]] = {}
    for number, status, amount in connection.execute(query).fetchall():
        ours[number] = (status, amount)
    ends = {None: "open", "declined": "won", "auto-accepted": "lost", "merchant-accepted": "accepted"}
    return [
        Finding(_TAKEN, LOST, f"dispute {each['number']} of {each['parent']} is {there} there, and {here} here")
        for each in theirs.disputes
        if (there := (ends[each.get("resolution")], int(each["refund_amount"])))
        != (here := ours.get(str(each["number"]), ("unknown", 0)))
    ]


def _clearing(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    """What came in and stays in doubt, or came twice, or a bank took of what is gone already, is booked by a person's
    decision: the soak makes none.
    """
    query = (
        "SELECT owner, currency, balance FROM account WHERE kind = 'clearing' AND owner IN ('paystack', 'flutterwave')"
    )
    ours = {(owner, currency): int(balance) for owner, currency, balance in connection.execute(query).fetchall()}
    booked = set(
        connection.execute(
            "SELECT provider, reference FROM payment WHERE settled_at IS NOT NULL AND status <> 'failed'"
        ).fetchall()
    )
    taken = "SELECT 'paystack', currency, sum(booked_amount + covered_amount) FROM chargeback GROUP BY currency"
    expected: Counter[tuple[str, str]] = Counter()
    for owner, currency, amount in connection.execute(taken).fetchall():
        expected[owner, currency] += int(amount)
    for paid in theirs.payments:
        if (paid.provider, paid.reference) in booked:
            expected[paid.provider, paid.currency] -= paid.amount
    for refund in theirs.refunds:
        if refund.dispute is None:
            expected[refund.payment.provider, refund.payment.currency] += refund.amount
    for each in theirs.transfers:
        if each["status"] in ("success", *_UNDERWAY):
            expected["paystack", each["currency"]] += int(each["amount"])
    return [
        Finding(_CLEARING, WRONG, f"{' '.join(key)}: {ours.get(key, 0)} here, {expected[key]} there")
        for key in {*ours, *expected}
        if ours.get(key, 0) != expected[key]
    ]


def _mirror(connection: psycopg.Connection, theirs: _Theirs) -> list[Finding]:
    query = """SELECT a.id::text, a.balance FROM account a WHERE EXISTS (
               SELECT FROM mirror_account m WHERE m.account_id = a.id)"""
    ours: dict[str, int] = dict(connection.execute(query).fetchall())
    balances: dict[str, int] = {}
    found: list[Finding] = []
    for each in theirs.balances:
        account = str((each.get("meta_data") or {}).get("desk_account") or "")
        if account in balances:
            found.append(Finding(_MIRROR, DOUBLED, f"account {account} has two balances there"))
        if account:
            balances[account] = int(each["credit"]) - int(each["debit"])
    return found + [
        Finding(_MIRROR, WRONG, f"account {account}: {ours.get(account)} here, {balances.get(account)} there")
        for account in {*ours, *balances}
        if ours.get(account) != balances.get(account)
    ]
