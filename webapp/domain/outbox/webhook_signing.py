"""How outgoing webhooks are signed: HMAC-SHA256 over id, time and body, as Standard Webhooks has it."""

import base64
import hashlib
import hmac
import secrets

_MARK = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A secret of 256 bits, in the form that receivers' libraries take."""
    return _MARK + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(secret: str, message_id: str, timestamp: int, body: str) -> dict[str, str]:
    """The three headers that prove who sent this body, and when."""
    key = base64.b64decode(secret.removeprefix(_MARK))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    proof = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{proof}"}
