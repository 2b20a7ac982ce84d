"""What a provider's webhook is about: read from its body, which is kept as it came."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

UNREADABLE = "unreadable"
"""The event of a webhook that is none."""
_DEEPEST = 50
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
_MENDED = "\N{REPLACEMENT CHARACTER}"


class SubjectType(StrEnum):
    """What is to be looked at because of it."""

    PAYMENT = "payment"
    PAYOUT = "payout"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    TRANSFER = "transfer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class WebhookPayload:
    """One webhook in the desk's words. `key` is the same for every repetition of it."""

    event: str
    key: str
    subject_type: SubjectType
    reference: str | None
    data: dict[str, Any]
    number: str = ""
    """The payment's number at the provider, where no reference of ours is named; a chargeback's own."""
    unreadable: str = ""
    """Why it could not be read, in a sentence."""


def read(provider: str, raw: bytes) -> WebhookPayload:
    """What it is about. One that can't be read is about nothing, and says why in `unreadable`."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        payload = _READERS[provider](_body(raw), digest)
    except ValueError as wrong:
        return WebhookPayload(UNREADABLE, digest, SubjectType.NOTHING, None, {}, unreadable=str(wrong))
    # Two keys that had to be mended may look alike: only the whole body tells those webhooks apart.
    return replace(payload, key=digest) if _MENDED in payload.key else payload


def as_text(raw: bytes) -> str:
    """The body as it is kept, and read: what is no UTF-8, and NUL, is replaced."""
    return raw.decode("utf-8-sig", "replace").replace("\x00", "\N{SYMBOL FOR NULL}")


def _body(raw: bytes) -> dict[str, Any]:
    """The object, its texts such as every database can keep. Raises ValueError with a sentence."""
    try:
        body = json.loads(_shallow(as_text(raw)))
    except (ValueError, RecursionError):
        raise ValueError("Its body is not JSON.") from None
    if not isinstance(body, dict):
        raise ValueError("Its body is not an object.")
    return {_kept(name): _kept(value) for name, value in body.items()}


def _shallow(text: str) -> str:
    """The JSON with null for what is nested too deep to be read, which is nothing that we look at."""
    depth, cut, parts, place = 0, None, [], 0
    for found in _TOKENS.finditer(text):
        if found.group() in "[{":
            depth += 1
            cut = found.start() if depth == _DEEPEST + 1 else cut
        elif found.group() in "]}":
            depth -= 1
            if depth == _DEEPEST and cut is not None:
                parts += [text[place:cut], "null"]
                cut, place = None, found.end()
    return "".join([*parts, text[place:]])


def _kept(value: Any) -> Any:
    """The value without NUL and halves of characters, which no database keeps."""
    if isinstance(value, str):
        return _NOT_KEPT.sub(_MENDED, value)
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return {_kept(name): _kept(each) for name, each in value.items()} if isinstance(value, dict) else value


def _paystack(body: dict[str, Any], digest: str) -> WebhookPayload:
    """No id of its own: an event about one thing in one state is the same however often it comes."""
    event, data = _text(body, "event"), _part(body, "data")
    kind, _, _rest = event.partition(".")
    transaction = _part(data, "transaction")
    if event.startswith("charge.dispute."):
        number = _text(data, "id")
        state = f"{_text(data, 'status')}:{_text(data, 'resolution')}"
        reference = _text(transaction, "reference") or _text(data, "transaction_reference")
        return WebhookPayload(
            event, f"{event}:{number}:{state}", SubjectType.CHARGEBACK, reference or None, data, number
        )
    subject_type = {"charge": SubjectType.PAYMENT, "transfer": SubjectType.PAYOUT, "refund": SubjectType.REFUND}.get(
        kind, SubjectType.NOTHING
    )
    reference = _text(data, "transaction_reference") if subject_type == SubjectType.REFUND else _text(data, "reference")
    parts = [_text(data, "refund_reference"), _text(data, "amount")] if subject_type == SubjectType.REFUND else []
    thing = _text(data, "id") or ":".join(filter(None, [reference, *parts])) or digest
    return WebhookPayload(event, f"{event}:{thing}:{_text(data, 'status')}", subject_type, reference or None, data)


def _flutterwave(body: dict[str, Any], digest: str) -> WebhookPayload:
    """v4 has an id of its own and a type, v3 an event or, when it is flat, the transaction itself.

    A webhook that comes again with another status is another one, whatever its id. Refunds and chargebacks name the
    charge; a reference besides is their own, as a transfer's is.
    """
    flat = "data" not in body and "txRef" in body
    event = _first(body, "type", "event", "event.type")
    data = body if flat else _part(body, "data")
    kind = "charge" if flat else event.partition(".")[0]
    known = {"charge": SubjectType.PAYMENT, "chargeback": SubjectType.PAYMENT, "refund": SubjectType.REFUND}
    subject_type = known.get(kind, SubjectType.NOTHING)
    charge = _first(data, *_CHARGE_NAMES) or _first(_part(data, "charge"), "id")
    reference = "" if charge and kind != "charge" else _first(data, "tx_ref", "txRef", "reference")
    thing = _first(body, "webhook_id") or ("" if flat else _first(body, "id")) or _first(data, "id") or digest
    return WebhookPayload(
        event, f"{event}:{thing}:{_text(data, 'status')}", subject_type, reference or None, data, charge
    )


def _blnk(body: dict[str, Any], digest: str) -> WebhookPayload:
    event, data = _text(body, "event"), _part(body, "data")
    subject_type = SubjectType.TRANSFER if event.startswith("transaction.") else SubjectType.NOTHING
    thing = _text(data, "transaction_id") or digest
    return WebhookPayload(event, f"{event}:{thing}", subject_type, _text(data, "reference") or None, data)


_CHARGE_NAMES = ("charge_id", "transaction_id", "TransactionId", "tx_id")
_READERS: Mapping[str, Callable[[dict[str, Any], str], WebhookPayload]] = {
    "paystack": _paystack,
    "flutterwave": _flutterwave,
    "blnk": _blnk,
}


def _text(body: dict[str, Any], key: str) -> str:
    found = body.get(key)
    return str(found)[:150] if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _first(body: dict[str, Any], *names: str) -> str:
    """The first of these that is there."""
    return next(filter(None, (_text(body, name) for name in names)), "")


def _part(body: dict[str, Any], key: str) -> dict[str, Any]:
    found = body.get(key)
    return found if isinstance(found, dict) else {}
