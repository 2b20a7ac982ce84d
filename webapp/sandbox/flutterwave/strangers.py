"""Rows of other people's business, which stand in every list of an account that is used for more than the desk."""

from typing import Any

from webapp import clock
from webapp.sandbox.core.request_inputs import format_time
from webapp.sandbox.core.store import Data


def transaction_v3() -> list[Data]:
    """A stablecoin through a payment page of another product, and one without a reference."""
    now = format_time(clock.now().timestamp())
    common = {"flw_ref": "FLW-PAGE-1", "status": "successful", "created_at": now, "meta": None, "app_fee": None}
    return [
        common | {"id": 900000001, "tx_ref": "Flutterwave-Pages919998081709", "amount": 1000, "currency": "USDT"},
        common | {"id": 900000002, "tx_ref": None, "amount": "1000.50", "currency": "NGN"},
    ]


def refund_v3() -> list[Data]:
    """A refund of a transaction that is not the desk's."""
    return [
        {
            "id": 900000003,
            "amount_refunded": 100,
            "status": "completed-mpgs",
            "flw_ref": "FLW-PAGE-1",
            "comment": "By hand",
            "settlement_id": "NEW",
            "meta": "{}",
            "created_at": format_time(clock.now().timestamp()),
            "account_id": 1,
            "transaction_id": 900000002,
        }
    ]


def charge_v4() -> list[Data]:
    """A charge in a currency that the desk does not know."""
    return [
        {
            "id": "chg_stranger",
            "amount": 12.5,
            "currency": "USDT",
            "customer_id": "cus_stranger",
            "meta": {},
            "reference": "another-shop",
            "status": "succeeded",
            "processor_response": {"type": "approved", "code": "00"},
            "created_datetime": format_time(clock.now().timestamp()),
        }
    ]


def refund_v4() -> list[Data]:
    """A refund of a charge that is not the desk's."""
    refund: dict[str, Any] = {"id": "rfd_stranger", "amount_refunded": 12.5, "meta": {}, "reason": "duplicate"}
    at = format_time(clock.now().timestamp())
    return [refund | {"status": "succeeded", "charge_id": "chg_stranger", "created_datetime": at}]
