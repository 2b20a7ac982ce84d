"""Is what came in a provider's name from it? Checked on the raw bytes, compared in constant time.

Paystack: hexadecimal HMAC-SHA512 with the secret key. Flutterwave v4: base64 HMAC-SHA256 with the secret hash (one of
its pages compares the hash itself: FLUTTERWAVE_WEBHOOK_PLAIN); v3: the hash itself. Blnk: hexadecimal HMAC-SHA256 over
the timestamp, a dot and the body, with five minutes' tolerance. (The providers' webhook documentation.)
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime

from webapp.domain.numbers import parse_whole
from webapp.settings import Settings

TOLERANCE = 300
"""Seconds by which a timestamp may be off."""

Headers = Mapping[str, str]


PLAIN = "flutterwave-plain"
"""Under which name Flutterwave's webhooks are counted that carry the secret hash itself for a signature."""


class NotSigned(Exception):
    """It is not from the provider, or can't be told to be. The message is a sentence."""

    def __init__(self, sentence: str, *, counted_as: str = "") -> None:
        super().__init__(sentence)
        self.counted_as = counted_as
        """Under which name it is counted, when that is not its provider's."""


def check_paystack(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Paystack signed it."""
    key = _required(settings.paystack_secret_key, "PAYSTACK_SECRET_KEY")
    _compare(hmac.new(key, raw, hashlib.sha512).hexdigest(), headers.get("x-paystack-signature"))


def check_flutterwave(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Flutterwave signed it, by v4's rule or by v3's."""
    key = _required(settings.flutterwave_webhook_secret, "FLUTTERWAVE_WEBHOOK_SECRET")
    plain = headers.get("verif-hash")
    if plain is not None and "flutterwave-signature" not in headers:
        return _compare(key.decode(), plain)
    given = headers.get("flutterwave-signature")
    if given and hmac.compare_digest(key, given.encode()):
        if settings.flutterwave_webhook_plain:
            return None
        raise NotSigned("It carries the secret hash itself, not a signature.", counted_as=PLAIN)
    return _compare(base64.b64encode(hmac.new(key, raw, hashlib.sha256).digest()).decode(), given)


def check_blnk(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    """Raise NotSigned unless Blnk signed it, lately."""
    key = _required(settings.blnk_webhook_secret, "BLNK_WEBHOOK_SECRET")
    stamp = headers.get("x-blnk-timestamp", "")
    _compare(hmac.new(key, stamp.encode() + b"." + raw, hashlib.sha256).hexdigest(), headers.get("x-blnk-signature"))
    signed = parse_whole(stamp)
    if signed is None or abs(at.timestamp() - signed) > TOLERANCE:
        raise NotSigned("Its timestamp is more than five minutes off.")


CHECKS: dict[str, Callable[[bytes, Headers, Settings, datetime], None]] = {
    "paystack": check_paystack,
    "flutterwave": check_flutterwave,
    "blnk": check_blnk,
}


def _required(secret: str, name: str) -> bytes:
    if not secret:
        raise NotSigned(f"{name} is not set, so nothing in this provider's name can be believed.")
    return secret.encode()


def _compare(wanted: str, given: str | None) -> None:
    if given is None:
        raise NotSigned("It has no signature.")
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise NotSigned("Its signature is wrong.")
