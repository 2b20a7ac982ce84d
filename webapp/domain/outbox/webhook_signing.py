"""How outgoing webhooks are signed: HMAC-SHA256 over id, time and body, as Standard Webhooks has it."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_MARK = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A secret of 256 bits, in the form that receivers' libraries take."""
    return _MARK + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(secret: str, message_id: str, timestamp: int, body: str, former: Sequence[str] = ()) -> dict[str, str]:
    """The three headers that prove who sent this body, and when. Signed under the former secrets too, after the present
    one: receivers take either, so that they have time to change to a new secret.
    """
    signed = f"{message_id}.{timestamp}.{body}".encode()
    signatures = " ".join(f"v1,{_signature(each, signed)}" for each in (secret, *former))
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_MARK))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
