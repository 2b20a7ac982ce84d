"""What Blnk shows of what the books hold. Amounts are whole minor units."""

import hashlib
from datetime import UTC, datetime

from webapp import clock
from webapp.sandbox.books import Data, Thing

_NEVER = "0001-01-01T00:00:00Z"


def ledger(thing: Thing) -> Data:
    """A ledger."""
    return {
        "ledger_id": f"ldg_{thing.number}",
        "name": thing.data["name"],
        "created_at": _at(thing),
        "meta_data": thing.data.get("meta_data") or {},
    }


def balance(thing: Thing) -> Data:
    """A balance, with what came in and what went out."""
    data = thing.data
    return {
        "balance": data["credit"] - data["debit"],
        "version": data["version"],
        "inflight_balance": 0,
        "credit_balance": data["credit"],
        "inflight_credit_balance": 0,
        "debit_balance": data["debit"],
        "inflight_debit_balance": 0,
        "currency_multiplier": 0,
        "ledger_id": data["ledger_id"],
        "identity_id": data.get("identity_id") or "",
        "balance_id": f"bln_{thing.number}",
        "indicator": data.get("indicator") or "",
        "currency": data["currency"],
        "created_at": _at(thing),
        "inflight_expires_at": _NEVER,
        "meta_data": data.get("meta_data") or {},
    }


def transaction(thing: Thing) -> Data:
    """One row of a transaction; each state is a row of its own."""
    data = thing.data
    amount = data["precise_amount"] / data["precision"]
    return {
        "transaction_id": f"txn_{thing.number}",
        "parent_transaction": thing.parent,
        "source": data["source"],
        "destination": data["destination"],
        "reference": thing.key,
        "amount": amount,
        "amount_string": f"{amount:f}",
        "precise_amount": data["precise_amount"],
        "precision": data["precision"],
        "rate": 1,
        "currency": data["currency"],
        "description": data["description"],
        "status": data["status"],
        "hash": hashlib.sha256(f"{thing.key}|{data['precise_amount']}|{data['currency']}".encode()).hexdigest(),
        "allow_overdraft": data["allow_overdraft"],
        "inflight": False,
        "created_at": _at(thing),
        "effective_date": data.get("effective_date") or _at(thing),
        "scheduled_for": _NEVER,
        "inflight_expiry_date": _NEVER,
        "meta_data": data.get("meta_data") or {},
    }


def _at(thing: Thing) -> str:
    return clock.iso(datetime.fromtimestamp(thing.at, tz=UTC))
