"""Tokens of v4: short-lived, and none is ever renewed."""

import secrets

from webapp import clock
from webapp.sandbox.core.sandbox import Box

KIND = "flutterwave.token"


def issue(box: Box) -> str:
    """A new token."""
    token = secrets.token_urlsafe(32)
    box.books.add(KIND, token, {})
    return token


def is_alive(box: Box, token: str) -> bool:
    """Whether a token was issued, and not too long ago by what the options say now."""
    thing = box.books.get(KIND, token)
    return thing is not None and clock.now().timestamp() - thing.at < box.options.token_seconds


def revoke_all(box: Box) -> None:
    """Let no token be good any more."""
    box.books.execute("DELETE FROM things WHERE kind = ?", (KIND,))
