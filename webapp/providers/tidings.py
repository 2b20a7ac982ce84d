"""What a provider's webhook is about: read from its body, which is kept as it came."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class About(StrEnum):
    """What is to be looked at because of it."""

    PAYMENT = "payment"
    PAYOUT = "payout"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    TRANSFER = "transfer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Tidings:
    """One webhook in the desk's words. `key` is the same for every repetition of it."""

    event: str
    key: str
    about: About
    reference: str | None
    data: dict[str, Any]


def read(provider: str, raw: bytes) -> Tidings:
    """What it is about. Raises ValueError with a sentence for a body that can't be read."""
    try:
        body = json.loads(raw)
    except ValueError:
        raise ValueError("Its body is not JSON.") from None
    if not isinstance(body, dict):
        raise ValueError("Its body is not an object.")
    return _READERS[provider](body, hashlib.sha256(raw).hexdigest())


def _paystack(body: dict[str, Any], digest: str) -> Tidings:
    """No id of its own: an event about one thing in one state is the same however often it comes."""
    event, data = _text(body, "event"), _part(body, "data")
    kind, _, _rest = event.partition(".")
    transaction = _part(data, "transaction")
    if event.startswith("charge.dispute."):
        number = _text(data, "id")
        return Tidings(event, f"{event}:{number}", About.CHARGEBACK, _text(transaction, "reference") or None, data)
    about = {"charge": About.PAYMENT, "transfer": About.PAYOUT, "refund": About.REFUND}.get(kind, About.NOTHING)
    reference = _text(data, "transaction_reference") if about == About.REFUND else _text(data, "reference")
    thing = _text(data, "id") or reference or digest
    return Tidings(event, f"{event}:{thing}:{_text(data, 'status')}", about, reference or None, data)


def _flutterwave(body: dict[str, Any], digest: str) -> Tidings:
    """v4 has an id and a type; v3 an event and the transaction's own."""
    event, data = _text(body, "type") or _text(body, "event"), _part(body, "data")
    reference = _text(data, "tx_ref") or _text(data, "reference")
    kind = event.partition(".")[0]
    about = {"charge": About.PAYMENT, "refund": About.REFUND}.get(kind, About.NOTHING)
    key = _text(body, "id") or f"{event}:{_text(data, 'id') or digest}:{_text(data, 'status')}"
    return Tidings(event, key, about, reference or None, data)


def _blnk(body: dict[str, Any], digest: str) -> Tidings:
    event, data = _text(body, "event"), _part(body, "data")
    about = About.TRANSFER if event.startswith("transaction.") else About.NOTHING
    thing = _text(data, "transaction_id") or digest
    return Tidings(event, f"{event}:{thing}", about, _text(data, "reference") or None, data)


_READERS: Mapping[str, Callable[[dict[str, Any], str], Tidings]] = {
    "paystack": _paystack,
    "flutterwave": _flutterwave,
    "blnk": _blnk,
}


def _text(body: dict[str, Any], key: str) -> str:
    found = body.get(key)
    return str(found)[:150] if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _part(body: dict[str, Any], key: str) -> dict[str, Any]:
    found = body.get(key)
    return found if isinstance(found, dict) else {}
