"""Blnk's webhooks: hexadecimal HMAC-SHA256 over the timestamp, a dot and the body, with five minutes' tolerance."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from webapp.domain.numbers import parse_whole
from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload, part, text
from webapp.providers.webhooks.signatures import Headers, NotSigned, accepted, compare_any
from webapp.settings import Settings

TOLERANCE = 300
"""Seconds by which a timestamp may be off."""
HEADERS = {
    "x-blnk-signature": "Hexadecimal HMAC-SHA256 of the timestamp, a dot and the raw body.",
    "x-blnk-timestamp": "Seconds since 1970, at most five minutes off.",
}


def check_signature(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Blnk signed it, lately."""
    keys = accepted(settings.blnk_webhook_secret, settings.blnk_webhook_secret_fallbacks, "BLNK_WEBHOOK_SECRET")
    stamp = headers.get("x-blnk-timestamp", "")
    wanted = [hmac.new(key, stamp.encode() + b"." + raw, hashlib.sha256).hexdigest() for key in keys]
    compare_any(wanted, headers.get("x-blnk-signature"), "BLNK_WEBHOOK_SECRET_FALLBACKS")
    signed = parse_whole(stamp)
    if signed is None or abs(at.timestamp() - signed) > TOLERANCE:
        raise NotSigned("Its timestamp is more than five minutes off.")


def parse(body: dict[str, Any], digest: str) -> WebhookPayload:
    """What it tells of: a transaction of ours, or nothing that is to be looked at."""
    event, data = text(body, "event"), part(body, "data")
    subject_type = SubjectType.TRANSFER if event.startswith("transaction.") else SubjectType.NOTHING
    thing = text(data, "transaction_id") or digest
    return WebhookPayload(event, f"{event}:{thing}", subject_type, text(data, "reference") or None, data)
