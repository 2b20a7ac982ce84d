"""The number of a form: it makes a second sending harmless, and says whose form it was when the sign-in is gone."""

import hmac
import secrets

from webapp.security.context import current_principal, runtime


def new() -> str:
    """A number for a form of whoever is signed in."""
    number = secrets.token_urlsafe(12)
    principal = current_principal()
    user = principal.user if principal is not None else None
    return number if user is None else f"{number}.{_mark(runtime().settings.form_keys[0], number, user.id)}"


def is_of_another(submission: str, user_id: int) -> bool:
    """Whether the form was made for somebody else; False of one that nobody was signed in at."""
    number, dot, mark = submission.partition(".")
    if not dot:
        return False
    keys = runtime().settings.form_keys
    return not any(hmac.compare_digest(mark.encode(), _mark(key, number, user_id).encode()) for key in keys)


def _mark(key: bytes, number: str, user_id: int) -> str:
    return hmac.digest(key, f"{number} {user_id}".encode(), "sha256").hex()[:16]
