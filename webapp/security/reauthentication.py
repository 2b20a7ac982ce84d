"""Asking again before what matters: a session that was left open is not enough."""

from flask import request

from webapp.security.context import current_person, runtime
from webapp.security.device_cookies import device
from webapp.security.login import Browser, check_again


def reauthenticate(word: str | None, *, field: str = "password") -> None:
    """Raise unless the word is the password, or a code, of who is signed in. Guesses count towards the lock-out."""
    user, signed_in = current_person()
    check_again(runtime(), user, signed_in, word or "", _address(), field)


def this_browser() -> Browser:
    """Where the request under way comes from."""
    return Browser(_address(), request.headers.get("User-Agent", ""), device(runtime().settings))


def _address() -> str:
    return request.remote_addr or "unknown"
