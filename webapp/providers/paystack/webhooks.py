"""Paystack's webhooks: hexadecimal HMAC-SHA512 of the raw body by the secret key; events without an id of their own."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload, part, text
from webapp.providers.webhooks.signatures import Headers, accepted, compare_any
from webapp.settings import Settings

HEADERS = {"x-paystack-signature": "Hexadecimal HMAC-SHA512 of the raw body."}


def check_signature(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Paystack signed it."""
    keys = accepted(settings.paystack_secret_key, settings.paystack_secret_key_fallbacks, "PAYSTACK_SECRET_KEY")
    wanted = [hmac.new(key, raw, hashlib.sha512).hexdigest() for key in keys]
    compare_any(wanted, headers.get("x-paystack-signature"), "PAYSTACK_SECRET_KEY_FALLBACKS")


def parse(body: dict[str, Any], digest: str) -> WebhookPayload:
    """No id of its own: an event about one thing in one state is the same however often it comes."""
    event, data = text(body, "event"), part(body, "data")
    kind, _, _rest = event.partition(".")
    transaction = part(data, "transaction")
    if event.startswith("charge.dispute."):
        number = text(data, "id")
        state = f"{text(data, 'status')}:{text(data, 'resolution')}"
        reference = text(transaction, "reference") or text(data, "transaction_reference")
        return WebhookPayload(
            event, f"{event}:{number}:{state}", SubjectType.CHARGEBACK, reference or None, data, number
        )
    subject_type = {"charge": SubjectType.PAYMENT, "transfer": SubjectType.PAYOUT, "refund": SubjectType.REFUND}.get(
        kind, SubjectType.NOTHING
    )
    reference = text(data, "transaction_reference") if subject_type == SubjectType.REFUND else text(data, "reference")
    parts = [text(data, "refund_reference"), text(data, "amount")] if subject_type == SubjectType.REFUND else []
    thing = text(data, "id") or ":".join(filter(None, [reference, *parts])) or digest
    return WebhookPayload(event, f"{event}:{thing}:{text(data, 'status')}", subject_type, reference or None, data)
