"""What Paystack shows of what the books hold."""

from webapp.sandbox.books import Data, Thing
from webapp.sandbox.inputs import written

INTEGRATION = 100_043
_REFUND_DAYS = 7 * 24 * 3600


def transaction(thing: Thing) -> Data:
    """A transaction, as verify, lists and webhooks show it."""
    data = thing.data
    paid = written(data.get("paid_at"))
    created = written(thing.at)
    return {
        "id": thing.number,
        "domain": "test",
        "status": data["status"],
        "reference": thing.key,
        "receipt_number": None,
        "amount": data["amount"],
        "requested_amount": data.get("requested_amount", data["amount"]),
        "message": None,
        "gateway_response": "Successful" if data["status"] == "success" else "The transaction was not completed",
        "paid_at": paid,
        "created_at": created,
        "channel": "card",
        "currency": data["currency"],
        "ip_address": "127.0.0.1",
        "metadata": data.get("metadata") or "",
        "log": None,
        "fees": data.get("fees"),
        "fees_split": None,
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
    }


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
        "createdAt": written(thing.at),
        "updatedAt": written(data.get("updated_at") or thing.at),
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
        "createdAt": written(thing.at),
        "currency": data["currency"],
        "description": None,
        "domain": "test",
        "email": None,
        "id": thing.number,
        "integration": INTEGRATION,
        "metadata": None,
        "name": data["name"],
        "recipient_code": thing.key,
        "type": data["type"],
        "updatedAt": written(thing.at),
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
    """A refund, as it is answered, fetched and listed."""
    data = thing.data
    deducted = data["amount"] if data["status"] != "pending" else 0
    return {
        "id": thing.number,
        "integration": INTEGRATION,
        "domain": "test",
        "transaction": paid.number,
        "transaction_reference": paid.key,
        "dispute": data.get("dispute"),
        "settlement": None,
        "amount": data["amount"],
        "deducted_amount": deducted,
        "fully_deducted": bool(deducted),
        "currency": data["currency"],
        "channel": "card",
        "status": data["status"],
        "refunded_by": "desk@sandbox.test",
        "refunded_at": written(data.get("refunded_at")),
        "expected_at": written(thing.at + _REFUND_DAYS),
        "customer_note": data.get("customer_note", ""),
        "merchant_note": data.get("merchant_note", ""),
        "createdAt": written(thing.at),
        "updatedAt": written(data.get("refunded_at") or thing.at),
    }


def refund_event(thing: Thing, paid: Thing) -> Data:
    """A refund, as its webhooks show it."""
    return {
        "id": str(thing.number),
        "status": thing.data["status"],
        "transaction_reference": paid.key,
        "refund_reference": thing.key,
        "amount": str(thing.data["amount"]),
        "currency": thing.data["currency"],
        "processor": "instant-transfer",
        "customer": customer(paid.data.get("email", "")),
        "integration": INTEGRATION,
        "domain": "test",
    }
