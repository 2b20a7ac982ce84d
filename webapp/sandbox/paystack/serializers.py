"""What Paystack shows of what the store holds."""

from webapp.sandbox.core.request_inputs import format_time
from webapp.sandbox.core.store import Data, Thing

INTEGRATION = 100_043
_REFUND_DAYS = 7 * 24 * 3600
_STAFF = "staff@sandbox.test"
_NO_PHONE = {"international_format_phone": "", "metadata": "{}"}


def _came_in(data: Data) -> bool:
    """What was paid says so still when it went back."""
    return data.get("paid_at") is not None or data["status"] in ("success", "reversed", "reversal-pending")


def transaction(thing: Thing) -> Data:
    """A transaction, as verify, lists and webhooks show it."""
    data = thing.data
    paid = format_time(data.get("paid_at"))
    created = format_time(thing.at)
    return {
        "id": thing.number,
        "domain": "test",
        "status": data["status"],
        "reference": thing.key,
        "receipt_number": None,
        "amount": data["amount"],
        "requested_amount": data.get("requested_amount", data["amount"]),
        "message": None,
        "gateway_response": "Successful" if _came_in(data) else "The transaction was not completed",
        "paid_at": paid,
        "created_at": created,
        "channel": "card",
        "currency": data["currency"],
        "ip_address": "127.0.0.1",
        "metadata": data.get("metadata") or "",
        "log": _log(thing),
        "fees": data.get("fees"),
        "fees_split": None,
        "fees_breakdown": None,
        "pos_transaction_data": None,
        "source": None,
        "connect": None,
        "authorization": _authorization(thing) if paid else {},
        "customer": customer(data.get("email", "")),
        "plan": None,
        "split": {},
        "order_id": None,
        "paidAt": paid,
        "createdAt": created,
        "transaction_date": created,
        "plan_object": {},
        "subaccount": {},
    }


def transaction_listed(thing: Thing) -> Data:
    """A transaction, as lists show it: with less than verify shows."""
    unlisted = ("receipt_number", "fees_breakdown", "transaction_date", "plan_object")
    return {name: value for name, value in transaction(thing).items() if name not in unlisted}


def customer(email: str) -> Data:
    """The customer of an email address."""
    return {
        "id": 1,
        "first_name": None,
        "last_name": None,
        "email": email,
        "customer_code": f"CUS_{email.partition('@')[0]}",
        "phone": None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }


def _log(thing: Thing) -> Data:
    """What the payer did on the page."""
    paid = thing.data["status"] == "success"
    moment = {"type": "success" if paid else "action", "message": "Attempted to pay with card", "time": 3}
    log = {"start_time": int(thing.at), "time_spent": 4, "attempts": 1, "errors": 0, "success": paid}
    return log | {"mobile": False, "input": [], "history": [moment]}


def _authorization(thing: Thing) -> Data:
    return {
        "authorization_code": f"AUTH_{thing.number}",
        "bin": "408408",
        "last4": "4081",
        "exp_month": "12",
        "exp_year": "2030",
        "channel": "card",
        "card_type": "visa ",
        "bank": "TEST BANK",
        "country_code": "NG",
        "brand": "visa",
        "reusable": True,
        "signature": f"SIG_{thing.number}",
        "account_name": None,
    }


def transfer(thing: Thing) -> Data:
    """A transfer, as it is answered when it is made."""
    data = thing.data
    return {
        "transfersessionid": [],
        "domain": "test",
        "amount": data["amount"],
        "currency": data["currency"],
        "reference": thing.key,
        "source": "balance",
        "source_details": None,
        "reason": data.get("reason", ""),
        "status": data["status"],
        "failures": None,
        "transfer_code": f"TRF_{thing.number}",
        "titan_code": None,
        "transferred_at": None,
        "id": thing.number,
        "integration": INTEGRATION,
        "request": thing.number,
        "recipient": data["recipient"],
        "createdAt": format_time(thing.at),
        "updatedAt": format_time(data.get("updated_at") or thing.at),
    }


def transfer_in_full(thing: Thing, to: Thing | None) -> Data:
    """A transfer, as verify, lists and webhooks show it."""
    more = {
        "recipient": recipient(to) if to else thing.data["recipient"],
        "fee_charged": thing.data.get("fee", 0),
        "session": {"provider": None, "id": None},
        "gateway_response": None,
    }
    return transfer(thing) | more


def recipient(thing: Thing) -> Data:
    """Whom a transfer goes to."""
    data = thing.data
    return {
        "active": True,
        "createdAt": format_time(thing.at),
        "currency": data["currency"],
        "domain": "test",
        "id": thing.number,
        "integration": INTEGRATION,
        "name": data["name"],
        "recipient_code": thing.key,
        "type": data["type"],
        "updatedAt": format_time(thing.at),
        "is_deleted": False,
        "details": {
            "authorization_code": None,
            "account_number": data["account_number"],
            "account_name": data["name"],
            "bank_code": data["bank_code"],
            "bank_name": "Test Bank",
        },
    }


def refund(thing: Thing, paid: Thing) -> Data:
    """A refund, as it is fetched and listed: no reference of its maker, only the payment's."""
    data = thing.data
    whole = data["amount"] == paid.data["amount"]
    return {
        "integration": INTEGRATION,
        "transaction": paid.number,
        "dispute": data.get("dispute"),
        "settlement": None,
        "id": thing.number,
        "domain": "test",
        "currency": data["currency"],
        "amount": data["amount"],
        "status": data["status"],
        "refunded_at": None,
        "refunded_by": _STAFF,
        "customer_note": data.get("customer_note") or f"Refund for transaction {paid.key}",
        "merchant_note": data.get("merchant_note", ""),
        "deducted_amount": data["amount"] if data["status"] != "pending" else 0,
        "fully_deducted": int(data["status"] != "pending"),
        "createdAt": format_time(thing.at),
        "bank_reference": None,
        "transaction_reference": paid.key,
        "reason": data["status"].upper(),
        "customer": customer(paid.data.get("email", "")) | {"first_name": "Ada", "last_name": "Payer"} | _NO_PHONE,
        "refund_type": "full" if whole else "partial",
        "transaction_amount": paid.data["amount"],
        "initiated_by": _STAFF,
        "refund_channel": "card",
        "session_id": None,
        "collect_account_number": False,
    }


def refund_made(thing: Thing, paid: Thing) -> Data:
    """A refund, as it is answered when it is made: in another shape than it is listed in."""
    data, at = thing.data, format_time(thing.at)
    return {
        "transaction": _refunded(paid),
        "integration": INTEGRATION,
        "deducted_amount": 0,
        "channel": None,
        "merchant_note": data.get("merchant_note", ""),
        "customer_note": data.get("customer_note") or f"Refund for transaction {paid.key}",
        "status": data["status"],
        "refunded_by": _STAFF,
        "expected_at": format_time(thing.at + _REFUND_DAYS),
        "currency": data["currency"],
        "domain": "test",
        "amount": data["amount"],
        "fully_deducted": False,
        "id": thing.number,
        "createdAt": at,
        "updatedAt": at,
    }


def _refunded(paid: Thing) -> Data:
    """The payment, as the answer to its refund shows it."""
    at = format_time(paid.data.get("paid_at"))
    names = {"id": paid.number, "domain": "test", "reference": paid.key, "amount": paid.data["amount"]}
    nothing = {"order_id": None, "pos_transaction_data": None, "source": None, "fees_breakdown": None}
    parts = {
        "authorization": {"exp_month": None, "exp_year": None, "account_name": None},
        "customer": {"international_format_phone": None},
        "plan": {},
        "subaccount": {"currency": None},
        "split": {},
    }
    return names | {"paid_at": at, "paidAt": at, "channel": "card", "currency": paid.data["currency"]} | parts | nothing


def refund_event(thing: Thing, paid: Thing) -> Data:
    """A refund, as its webhooks show it: found by its payment; an id of its own only when it needs somebody."""
    status = thing.data["status"]
    event = {
        "status": status,
        "transaction_reference": paid.key,
        "refund_reference": None if status in ("pending", "processing") else thing.key,
        "amount": str(thing.data["amount"]),
        "currency": thing.data["currency"],
        "customer": {"first_name": "Ada", "last_name": "Payer", "email": paid.data.get("email", "")},
        "integration": INTEGRATION,
        "domain": "test",
    }
    if status != "needs-attention":
        return event | {"processor": "instant-transfer"}
    notes = {name: thing.data.get(name, "") for name in ("customer_note", "merchant_note")}
    return event | notes | {"id": str(thing.number)}
