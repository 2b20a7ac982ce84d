"""Browsers that signed in to an account before, by a signed cookie: strangers can't lock them out of it.

The protocol is OWASP's: "Slow Down Online Guessing Attacks with Device Cookies". The cookie opens nothing: it only
counts the failures of this browser apart from everybody else's.
"""

import hashlib
import secrets
from dataclasses import dataclass

from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from webapp.services.users.login_throttle import fingerprint
from webapp.settings import Settings

COOKIE = "desk_device"
_KEPT_SECONDS = 180 * 86_400
_MOST_ACCOUNTS = 5
_SALT = "known-device"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser, and the accounts that it signed in to; the newest last."""

    number: str
    accounts: tuple[str, ...] = ()

    def known_to(self, email: str) -> str | None:
        """What its failures at this account are counted under; None when it never signed in to it."""
        return f"device:{self.number}" if fingerprint(email) in self.accounts else None


def device(settings: Settings) -> Device:
    """The browser of the request under way; a new one when it has no cookie of ours."""
    try:
        content = _signer(settings).loads(request.cookies.get(_name(settings), ""), max_age=_KEPT_SECONDS)
        return Device(str(content[0]), tuple(str(account) for account in content[1]))
    except (BadSignature, IndexError, TypeError):
        return Device(secrets.token_hex(8))


def remember(response: Response, settings: Settings, email: str) -> None:
    """From now on this browser is known to the account."""
    found, account = device(settings), fingerprint(email)
    accounts = [*(known for known in found.accounts if known != account), account][-_MOST_ACCOUNTS:]
    response.set_cookie(
        _name(settings),
        _signer(settings).dumps([found.number, accounts]),
        max_age=_KEPT_SECONDS,
        secure=settings.is_production,
        httponly=True,
        samesite="Lax",
    )


def _name(settings: Settings) -> str:
    return f"__Host-{COOKIE}" if settings.is_production else COOKIE


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    keys = [*reversed(settings.secret_key_fallbacks), settings.secret_key]
    return URLSafeTimedSerializer(keys, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256})
