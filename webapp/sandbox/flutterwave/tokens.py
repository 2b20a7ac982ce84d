"""Tokens of v4: short-lived, and none is ever renewed."""

import secrets

from webapp import clock
from webapp.sandbox.core.sandbox import Sandbox

KIND = "flutterwave.token"


def issue(box: Sandbox) -> str:
    """A new token."""
    token = secrets.token_urlsafe(32)
    box.books.add(KIND, token, {})
    return token


def is_alive(box: Sandbox, token: str) -> bool:
    """Whether a token was issued, and not too long ago by what the options say now."""
    thing = box.books.get(KIND, token)
    return thing is not None and clock.now().timestamp() - thing.at < box.options.token_seconds


def revoke_all(box: Sandbox) -> None:
    """Let no token be good any more."""
    box.books.execute("DELETE FROM things WHERE kind = ?", (KIND,))
