"""Tokens of v4: short-lived, and none is ever renewed."""

import secrets

from webapp import clock
from webapp.sandbox.core.sandbox import Sandbox

KIND = "flutterwave.token"


def issue(sandbox: Sandbox) -> str:
    """A new token."""
    token = secrets.token_urlsafe(32)
    sandbox.store.add(KIND, token, {})
    return token


def is_alive(sandbox: Sandbox, token: str) -> bool:
    """Whether a token was issued, and not too long ago by what the options say now."""
    thing = sandbox.store.get(KIND, token)
    return thing is not None and clock.now().timestamp() - thing.at < sandbox.options.token_seconds


def revoke_all(sandbox: Sandbox) -> None:
    """Let no token be good any more."""
    sandbox.store.execute("DELETE FROM things WHERE kind = ?", (KIND,))
