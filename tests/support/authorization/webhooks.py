"""The addresses of the providers: only a signature over these very bytes opens them, whoever sends it."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

from tests.support.authorization.callers import WEBHOOK_SECRETS, World
from tests.support.authorization.routes import is_let_in

_BODY = b'{"event": "nothing", "data": {"id": 1}}'


@dataclass(frozen=True)
class Receiver:
    """One provider's address, and whether it took the body unsigned, signed for another body, and signed."""

    address: str
    unsigned: bool
    signed_for_another_body: bool
    signed: bool


def observed(world: World) -> list[Receiver]:
    """Every provider that is known here how to sign for."""
    return [_receiver(world, provider) for provider in sorted(_SIGN)]


def _receiver(world: World, provider: str) -> Receiver:
    path = f"/webhooks/{provider}"

    def takes(headers: dict[str, str]) -> bool:
        return is_let_in(world.nobody.ask(path, "POST", data=_BODY, headers=headers))

    sign = _SIGN[provider]
    return Receiver(path, takes({}), takes(sign(_BODY + b" ")), takes(sign(_BODY)))


def _paystack(body: bytes) -> dict[str, str]:
    key = WEBHOOK_SECRETS["paystack_secret_key"].encode()
    return {"X-Paystack-Signature": hmac.new(key, body, hashlib.sha512).hexdigest()}


def _flutterwave(body: bytes) -> dict[str, str]:
    key = WEBHOOK_SECRETS["flutterwave_webhook_secret"].encode()
    return {"Flutterwave-Signature": base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()}


def _blnk(body: bytes) -> dict[str, str]:
    key, stamp = WEBHOOK_SECRETS["blnk_webhook_secret"].encode(), str(int(time.time()))
    signature = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Blnk-Signature": signature, "X-Blnk-Timestamp": stamp}


_SIGN = {"paystack": _paystack, "flutterwave": _flutterwave, "blnk": _blnk}
