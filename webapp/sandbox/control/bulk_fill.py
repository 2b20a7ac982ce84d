"""Very many payments in one statement, for those who measure."""

import json
from typing import Any

from webapp import clock
from webapp.errors import Invalid
from webapp.sandbox.core.store import Data, Store
from webapp.sandbox.flutterwave import charges, payments
from webapp.sandbox.paystack import charges as paystack_charges

_MOST = 2_000_000
_KINDS = {"paystack": paystack_charges.KIND, "flutterwave": charges.KIND, "flutterwave_v3": payments.KIND}
_STATUSES = {"flutterwave": {"success": "succeeded"}, "flutterwave_v3": {"success": "successful"}}
_STATEMENT = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)
INSERT INTO things (kind, key, parent, at, data)
SELECT :kind, :prefix || n, :prefix || n, :at, :data FROM numbers WHERE true
ON CONFLICT DO NOTHING
"""


def fill_store(store: Store, body: Data, count: int) -> int:
    """Add payments `<prefix>0`, `<prefix>1` and so on, otherwise alike; how many there are of that kind then."""
    provider = body.get("provider", "paystack")
    if provider not in _KINDS or not 0 < count <= _MOST:
        raise Invalid(f"fill takes a provider of {', '.join(_KINDS)} and a count up to {_MOST:,}.")
    at = clock.now().timestamp()
    status = str(body.get("status", "success"))
    data: dict[str, Any] = {
        "status": _STATUSES.get(provider, {}).get(status, status),
        "amount": body.get("amount", 100_000),
        "currency": body.get("currency", "NGN"),
        "email": "filled@example.com",
        "paid_at": at,
    }
    values = {
        "count": count,
        "kind": _KINDS[provider],
        "prefix": str(body.get("prefix", "filled-")),
        "at": at,
        "data": json.dumps(data),
    }
    store.execute(_STATEMENT, values)
    return store.count(_KINDS[provider])
