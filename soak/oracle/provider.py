"""The provider's books and ours: payments, refunds, payouts, what is in clearing, and the mirrored ledger."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from soak.oracle.findings import DOUBLED, LOST, WRONG, Finding

_COLLECTED = "a payment that was made is known"
_PAID = "a payout is paid once"
_GIVEN_BACK = "a refund is given once"
_CLEARING = "clearing is what the provider has of ours"
_MIRROR = "the mirror has our balances"
_UNDERWAY = ("pending", "processing")


def check(connection: psycopg.Connection, store: Path) -> list[Finding]:
    """Everything on which the two books differ; `store` is the provider's file."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as theirs:
        return [
            *_payments(connection, theirs),
            *_payouts(connection, theirs),
            *_refunds(connection, theirs),
            *_clearing(connection, theirs),
            *_mirror(connection, theirs),
        ]


def _things(theirs: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    rows = theirs.execute("SELECT key, parent, data FROM things WHERE kind = ? ORDER BY number", (kind,))
    return [{"key": key, "parent": parent} | json.loads(data) for key, parent, data in rows]


def _payments(connection: psycopg.Connection, theirs: sqlite3.Connection) -> list[Finding]:
    query = "SELECT reference, status, amount, provider_amount FROM payment WHERE provider = 'paystack'"
    ours = {reference: rest for reference, *rest in connection.execute(query).fetchall()}
    found: list[Finding] = []
    made = {each["key"]: each for each in _things(theirs, "paystack.transaction")}
    for reference, thing in made.items():
        status, amount, seen = ours.get(reference, ("unknown", 0, None))
        if thing["status"] == "success" and status not in ("succeeded", "needs_review"):
            found.append(Finding(_COLLECTED, LOST, f"{reference} was paid, and is {status} here"))
        elif thing["status"] == "success" and status == "succeeded" and thing["amount"] not in (amount, seen):
            found.append(Finding(_COLLECTED, WRONG, f"{reference} was paid {thing['amount']}, and is {amount} here"))
    for reference, (status, *_) in ours.items():
        if status == "succeeded" and made.get(reference, {}).get("status") != "success":
            found.append(Finding(_COLLECTED, WRONG, f"{reference} is succeeded here, and was not paid"))
    return found


def _payouts(connection: psycopg.Connection, theirs: sqlite3.Connection) -> list[Finding]:
    query = "SELECT ref, status, amount, schedule_id FROM payout WHERE provider = 'paystack'"
    ours = {ref: rest for ref, *rest in connection.execute(query).fetchall()}
    sent = {each["key"]: each for each in _things(theirs, "paystack.transfer")}
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


def _refunds(connection: psycopg.Connection, theirs: sqlite3.Connection) -> list[Finding]:
    query = """SELECT p.reference, r.status, r.amount FROM refund r JOIN payment p ON p.id = r.payment_id
               WHERE r.provider = 'paystack'"""
    ours = {reference: rest for reference, *rest in connection.execute(query).fetchall()}
    given: dict[str, list[dict[str, Any]]] = {}
    for each in _things(theirs, "paystack.refund"):
        if each["status"] not in ("failed",):
            given.setdefault(each["parent"], []).append(each)
    found: list[Finding] = []
    for reference, rows in given.items():
        if len(rows) > 1:
            found.append(Finding(_GIVEN_BACK, DOUBLED, f"{reference} was given back {len(rows)} times"))
        status, amount = ours.get(reference, ("unknown", 0))
        total = sum(int(row["amount"]) for row in rows)
        if status == "unknown" or total != amount:
            found.append(Finding(_GIVEN_BACK, WRONG, f"{reference}: {total} there, {status} {amount} here"))
    for reference, (status, _) in ours.items():
        if status == "processed" and reference not in given:
            found.append(Finding(_GIVEN_BACK, LOST, f"{reference} is given back here, and not there"))
    return found


def _clearing(connection: psycopg.Connection, theirs: sqlite3.Connection) -> list[Finding]:
    """What came in and stays in doubt, or came twice, is booked by a person's decision: the soak makes none."""
    query = """SELECT a.currency, a.balance FROM account a WHERE a.kind = 'clearing' AND a.owner = 'paystack'"""
    ours: dict[str, int] = dict(connection.execute(query).fetchall())
    booked = """SELECT reference FROM payment WHERE provider = 'paystack' AND status = 'succeeded'"""
    references = {reference for (reference,) in connection.execute(booked).fetchall()}
    expected: Counter[str] = Counter()
    for each in _things(theirs, "paystack.transaction"):
        if each["status"] == "success" and each["key"] in references:
            expected[each["currency"]] -= int(each["amount"])
    for each in _things(theirs, "paystack.transfer"):
        if each["status"] in ("success", *_UNDERWAY):
            expected[each["currency"]] += int(each["amount"])
    for each in _things(theirs, "paystack.refund"):
        if each["status"] != "failed":
            expected[str(each.get("currency") or "NGN")] += int(each["amount"])
    return [
        Finding(_CLEARING, WRONG, f"{currency}: {ours.get(currency, 0)} here, {expected[currency]} there")
        for currency in {*ours, *expected}
        if ours.get(currency, 0) != expected[currency]
    ]


def _mirror(connection: psycopg.Connection, theirs: sqlite3.Connection) -> list[Finding]:
    query = """SELECT a.id::text, a.balance FROM account a WHERE EXISTS (
               SELECT FROM mirror_account m WHERE m.account_id = a.id)"""
    ours: dict[str, int] = dict(connection.execute(query).fetchall())
    balances: dict[str, int] = {}
    found: list[Finding] = []
    for each in _things(theirs, "blnk.balance"):
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
