"""A device with passkeys, made of software: what it says is what a browser sends, right or wrong as a test wants it."""

import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url, encode_cbor

HOST, ORIGIN = "localhost", "http://localhost:8000"
_PRESENT, _VERIFIED, _ATTESTED = 1, 4, 64


class Authenticator:
    """One credential of one device."""

    def __init__(self, host: str = HOST, origin: str = ORIGIN, *, counts: bool = True, verifies: bool = True) -> None:
        self.host, self.origin, self.counts, self.verifies = host, origin, counts, verifies
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.count = 0

    def create(self, options: str | dict[str, Any]) -> str:
        """What `navigator.credentials.create` gives for these options, as JSON."""
        public = self.key.public_key().public_numbers()
        x, y = public.x.to_bytes(32, "big"), public.y.to_bytes(32, "big")
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        length = struct.pack(">H", len(self.credential_id))
        attested = bytes(16) + length + self.credential_id + cose
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested}
        response = {
            "clientDataJSON": bytes_to_base64url(self._client_data("webauthn.create", _challenge(options))),
            "attestationObject": bytes_to_base64url(encode_cbor(statement)),
            "transports": ["internal", "hybrid"],
        }
        return self._credential(response)

    def get(self, options: str | dict[str, Any], **wrong: Any) -> str:
        """What `navigator.credentials.get` gives for these options, as JSON."""
        if self.counts:
            self.count += 1
        data = self._data()
        client = self._client_data("webauthn.get", _challenge(options))
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
        }
        return self._credential(response | wrong)

    def _data(self, more: int = 0) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _credential(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _challenge(options: str | dict[str, Any]) -> str:
    read: dict[str, Any] = json.loads(options) if isinstance(options, str) else options
    return str(read["challenge"])
