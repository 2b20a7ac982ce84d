"""How each provider signs what it sends, on the raw bytes."""

import base64
import hashlib
import hmac
from collections.abc import Callable

from webapp.sandbox.core.settings import Keys

Signer = Callable[[Keys, bytes, int], dict[str, str]]


def paystack(keys: Keys, body: bytes, _at: int) -> dict[str, str]:
    """HMAC-SHA512 with the secret key, hexadecimal."""
    return {"x-paystack-signature": hmac.new(keys.paystack_secret_key.encode(), body, hashlib.sha512).hexdigest()}


def flutterwave_v4(keys: Keys, body: bytes, _at: int) -> dict[str, str]:
    """HMAC-SHA256 with the secret hash, base64."""
    digest = hmac.new(keys.flutterwave_webhook_secret.encode(), body, hashlib.sha256).digest()
    return {"flutterwave-signature": base64.b64encode(digest).decode()}


def flutterwave_v3(keys: Keys, _body: bytes, _at: int) -> dict[str, str]:
    """The secret hash itself."""
    return {"verif-hash": keys.flutterwave_webhook_secret}


def blnk(keys: Keys, body: bytes, at: int) -> dict[str, str]:
    """HMAC-SHA256 over the timestamp, a dot and the body, hexadecimal."""
    signed = str(at).encode() + b"." + body
    digest = hmac.new(keys.blnk_webhook_secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Blnk-Signature": digest, "X-Blnk-Timestamp": str(at)}


SIGNERS: dict[str, Signer] = {
    "paystack": paystack,
    "flutterwave": flutterwave_v4,
    "flutterwave_v3": flutterwave_v3,
    "blnk": blnk,
}
