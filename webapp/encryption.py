"""Secrets at rest: encrypted and authenticated (Fernet) under a key derived from the secret key."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

UNREADABLE = "none of the present keys decrypts this secret"
"""What the ValueError says; for logs."""


def encrypt(text: str, keys: Sequence[bytes]) -> str:
    """The text, encrypted under the first key (32 bytes)."""
    return _cipher(keys).encrypt(text.encode()).decode()


def decrypt(text: str, keys: Sequence[bytes], *, ttl: int | None = None) -> str:
    """What was encrypted under any of the keys. Raises ValueError when none fits, or after `ttl` seconds."""
    try:
        return _cipher(keys).decrypt(text.encode(), ttl=ttl).decode()
    except InvalidToken:
        raise ValueError(UNREADABLE) from None


def _cipher(keys: Sequence[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
