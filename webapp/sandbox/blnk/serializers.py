"""What Blnk shows of what the store holds. Amounts are whole minor units; the same row looks different by each way."""

import hashlib
from datetime import UTC, datetime

from webapp.sandbox.core.store import Data, Thing

_NEVER = "0001-01-01T00:00:00Z"


def ledger(thing: Thing) -> Data:
    """A ledger."""
    return {
        "ledger_id": f"ldg_{thing.number}",
        "name": thing.data["name"],
        "created_at": _at(thing),
        "meta_data": thing.data.get("meta_data"),
    }


def listed_balance(thing: Thing) -> Data:
    """A balance as a filter shows it, with what came in and what went out."""
    data = thing.data
    inward, outward = data.get("inflight_credit", 0), data.get("inflight_debit", 0)
    shown = {
        "balance": data["credit"] - data["debit"],
        "version": data["version"],
        "inflight_balance": inward - outward,
        "credit_balance": data["credit"],
        "inflight_credit_balance": inward,
        "debit_balance": data["debit"],
        "inflight_debit_balance": outward,
        "ledger_id": data["ledger_id"],
        "identity_id": data.get("identity_id") or "",
        "balance_id": f"bln_{thing.number}",
        "currency": data["currency"],
        "created_at": _at(thing),
        "inflight_expires_at": _NEVER,
        "meta_data": data.get("meta_data"),
        "track_fund_lineage": False,
    }
    return shown | ({"indicator": data["indicator"]} if data.get("indicator") else {})


def balance(thing: Thing) -> Data:
    """A balance by itself."""
    return listed_balance(thing) | {"allocation_strategy": "FIFO"}


def made(thing: Thing) -> Data:
    """A row in the answer to the call that made it."""
    data = thing.data
    exact = {"amount_string": _text(data)} if data.get("was_precise", True) else {}
    options = {"allow_overdraft": data["allow_overdraft"], "skip_queue": data.get("skip_queue", True)}
    return listed(thing) | exact | options | {"inflight": data["status"] == "INFLIGHT"}


def webhook_row(thing: Thing) -> Data:
    """A row in the webhook about it: one that is held says so twice."""
    held = {"inflight": True} if thing.data["status"] == "INFLIGHT" else {}
    return made(thing) | {"meta_data": _meta(thing) | held}


def listed(thing: Thing) -> Data:
    """A row as a filter shows it."""
    return by_id(thing) | {"effective_date": thing.data.get("effective_date") or _at(thing)}


def by_id(thing: Thing) -> Data:
    """A row by its id: it forgets how it was asked for, and since when it counts."""
    data = thing.data
    named = f"{thing.key}|{data['precise_amount']}|{data['currency']}"
    return by_reference(thing) | {
        "precision": data["precision"],
        "hash": hashlib.sha256(named.encode()).hexdigest(),
        "inflight": data["status"] == "INFLIGHT",
    }


def by_reference(thing: Thing) -> Data:
    """A row by its reference: without its precision and its hash; each state is a row of its own."""
    data = thing.data
    return {
        "precise_amount": data["precise_amount"],
        "amount": _number(data),
        "precision": 0,
        "overdraft_limit": data.get("overdraft_limit") or 0,
        "transaction_id": f"txn_{thing.number}",
        "parent_transaction": thing.parent,
        "source": data["source"],
        "destination": data["destination"],
        "reference": thing.key,
        "currency": data["currency"],
        "description": data["description"],
        "status": data["status"],
        "hash": "",
        "allow_overdraft": False,
        "inflight": False,
        "skip_queue": False,
        "atomic": False,
        "created_at": _at(thing),
        "scheduled_for": _NEVER,
        "inflight_expiry_date": _NEVER,
        "inflight_commit_date": _NEVER,
        "meta_data": _meta(thing),
    }


def _meta(thing: Thing) -> Data:
    data = thing.data
    queued = {"QUEUED_PARENT_TRANSACTION": f"txn_{thing.number}"} if data["status"] == "QUEUED" else {}
    allowed = {"allow_overdraft": True} if data["allow_overdraft"] else {}
    return (data.get("meta_data") or {}) | queued | allowed


def _number(data: Data) -> int | float:
    """Its amount in major units, as Go writes a float."""
    amount = float(data["precise_amount"] / data["precision"])
    return int(amount) if amount.is_integer() else amount


def _text(data: Data) -> str:
    whole, part = divmod(data["precise_amount"], data["precision"])
    digits = len(str(data["precision"])) - 1
    return f"{whole}.{part:0{digits}}".rstrip("0").rstrip(".") if part else str(whole)


def _at(thing: Thing) -> str:
    return f"{datetime.fromtimestamp(thing.at, tz=UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
