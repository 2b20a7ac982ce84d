"""Flutterwave's webhooks: v4 signs by base64 HMAC-SHA256 with the secret hash, v3 sends the hash itself.

One of v4's pages compares the hash itself, too: FLUTTERWAVE_WEBHOOK_PLAIN. (The provider's webhook documentation.)
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload, first, part, text
from webapp.providers.webhooks.signatures import Headers, NotSigned, accepted, compare_any
from webapp.settings import Settings

HEADERS = {
    "flutterwave-signature": "v4: base64 HMAC-SHA256 of the raw body.",
    "verif-hash": "v3: the secret hash itself.",
}
PLAIN = "flutterwave-plain"
"""Under which name its webhooks are counted that carry the secret hash itself for a signature."""
_FALLBACKS = "FLUTTERWAVE_WEBHOOK_SECRET_FALLBACKS"
_CHARGE_NAMES = ("charge_id", "transaction_id", "TransactionId", "tx_id")


def check_signature(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Flutterwave signed it, by v4's rule or by v3's."""
    former = settings.flutterwave_webhook_secret_fallbacks
    keys = accepted(settings.flutterwave_webhook_secret, former, "FLUTTERWAVE_WEBHOOK_SECRET")
    hashes = [key.decode() for key in keys]
    plain, given = headers.get("verif-hash"), headers.get("flutterwave-signature")
    if plain is not None and given is None:
        return compare_any(hashes, plain, _FALLBACKS)
    if given and any([hmac.compare_digest(key, given.encode()) for key in keys]):  # noqa: C419 - each, in constant time
        if settings.flutterwave_webhook_plain:
            return compare_any(hashes, given, _FALLBACKS)
        raise NotSigned("It carries the secret hash itself, not a signature.", counted_as=PLAIN)
    signatures = [base64.b64encode(hmac.new(key, raw, hashlib.sha256).digest()).decode() for key in keys]
    return compare_any(signatures, given, _FALLBACKS)


def parse(body: dict[str, Any], digest: str) -> WebhookPayload:
    """v4 has an id of its own and a type, v3 an event or, when it is flat, the transaction itself.

    A webhook that comes again with another status is another one, whatever its id. Refunds and chargebacks name the
    charge; a reference besides is their own, as a transfer's is.
    """
    flat = "data" not in body and "txRef" in body
    event = first(body, "type", "event", "event.type")
    data = body if flat else part(body, "data")
    kind = "charge" if flat else event.partition(".")[0]
    known = {"charge": SubjectType.PAYMENT, "chargeback": SubjectType.PAYMENT, "refund": SubjectType.REFUND}
    subject_type = known.get(kind, SubjectType.NOTHING)
    charge = first(data, *_CHARGE_NAMES) or first(part(data, "charge"), "id")
    reference = "" if charge and kind != "charge" else first(data, "tx_ref", "txRef", "reference")
    thing = first(body, "webhook_id") or ("" if flat else first(body, "id")) or first(data, "id") or digest
    return WebhookPayload(
        event, f"{event}:{thing}:{text(data, 'status')}", subject_type, reference or None, data, charge
    )
