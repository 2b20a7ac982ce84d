"""The second factor: codes from an authenticator app, each taken once, and recovery codes."""

import base64
import hashlib
import secrets
from datetime import datetime

import qrcode
from passlib.exc import TokenError
from passlib.totp import TOTP, AppWallet
from qrcode.image.svg import SvgImage
from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.encryption import UNREADABLE
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import Passkey, User
from webapp.services.audit import trail
from webapp.services.users import sessions
from webapp.settings import Settings, derived

ISSUER = "Escrow Desk"
_CLOCK_DRIFT = 30
_RECOVERY_CODES = 10
_OFF = phrase("Your second factor is off. Set it up first: recovery codes come with it.")
_GROUPS, _LETTERS = 7, "abcdefghjkmnpqrstuvwxyz23456789"
"""Of four letters each: 138 bits, so that a plain hash of a code can't be searched."""


class Codes:
    """Time-based codes (TOTP, RFC 6238): secrets are encrypted at rest, the last time step is kept with the user."""

    def __init__(self, settings: Settings) -> None:
        keys = [derived(key, "totp").hex() for key in (settings.secret_key, *settings.secret_key_fallbacks)]
        tagged = {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
        self._totp = TOTP.using(issuer=ISSUER, wallet=AppWallet(tagged, default_tag=next(iter(tagged))))

    def new_secret(self) -> str:
        """A secret for an authenticator app, encrypted: it may lie in a cookie and in the database."""
        return str(self._totp.new().to_json(encrypt=True))

    def key_to_type(self, secret: str) -> str:
        """The secret as it is typed into an app that can't scan."""
        return str(self._totp.from_source(secret).pretty_key())

    def qr_code(self, email: str, secret: str) -> str:
        """The secret as a picture to scan, as a data URI of an SVG."""
        picture = qrcode.make(self._totp.from_source(secret).to_uri(email), image_factory=SvgImage)
        return "data:image/svg+xml;base64," + base64.b64encode(picture.to_string()).decode("ascii")

    def renewed(self, secret: str) -> str | None:
        """The secret under the present key; None when it is so already. Raises ValueError when no key reads it."""
        try:
            found = self._totp.from_source(secret)
        except (KeyError, TypeError):
            raise ValueError(UNREADABLE) from None
        return str(found.to_json(encrypt=True)) if found.changed else None

    def fits(self, user: User, secret: str, code: str) -> bool:
        """Whether the app shows this code now, give or take half a minute; if so, the code is spent."""
        try:
            match = self._totp.verify(_digits(code), secret, window=_CLOCK_DRIFT, last_counter=user.totp_counter)
        except TokenError:
            return False
        user.totp_counter = match.counter
        return True


def enable(
    session: Session,
    user_id: int,
    secret: str,
    code: str,
    *,
    codes: Codes,
    current_session_id: int | None,
    at: datetime,
    actor: Actor,
) -> list[str]:
    """Turn the second factor on with the secret the app was given; returns the recovery codes, shown once.

    Every other sign-in than `keep` ends: it was begun without the factor.
    """
    user = _locked(session, user_id)
    if not codes.fits(user, secret, code):
        wrong = phrase("That code does not fit. Check the clock of your phone, and type the code it shows now.")
        raise Invalid(wrong, fields={"code": wrong})
    user.totp_secret = secret
    sessions.end_all(session, user_id, at=at, but=current_session_id)
    trail.record(session, actor, "user.second_factor_on", ("user", user_id), at=at)
    return _new_recovery_codes(user)


def disable(session: Session, user_id: int, *, at: datetime, actor: Actor) -> None:
    """Turn the authenticator app off; the caller has asked for the password. Raises Conflict when it is off."""
    user = _locked(session, user_id)
    if user.totp_secret is None:
        raise Conflict(phrase("You have no authenticator app to turn off. Set it up first."))
    user.totp_secret = user.totp_counter = None
    forget_unused_codes(user)
    trail.record(session, actor, "user.second_factor_off", ("user", user_id), at=at)


def renew_recovery_codes(session: Session, user_id: int, *, at: datetime, actor: Actor) -> list[str]:
    """New recovery codes; the old ones end. Raises Conflict when the second factor is off: they would open nothing."""
    user = _locked(session, user_id)
    if not user.has_second_factor:
        raise Conflict(_OFF)
    trail.record(session, actor, "user.recovery_codes_renewed", ("user", user_id), at=at)
    return _new_recovery_codes(user)


def first_recovery_codes(user: User) -> list[str]:
    """The recovery codes that come with a first second factor; none for who has some."""
    return _new_recovery_codes(user) if user.recovery_codes is None else []


def forget_unused_codes(user: User) -> None:
    """Recovery codes go with the last second factor: without one they would open nothing."""
    if not user.has_second_factor:
        user.recovery_codes = None


def accepts(session: Session, user_id: int, code: str, *, codes: Codes) -> bool:
    """Whether the code fits, from the app or a recovery code; whichever it is, it is spent."""
    user = _locked(session, user_id)
    if not user.has_second_factor:
        return False
    digits = _digits(code)
    if user.totp_secret is not None and digits.isdecimal() and len(digits) == 6:
        return codes.fits(user, user.totp_secret, digits)
    return _spend_recovery_code(user, code)


def clear(session: Session, user: User) -> None:
    """Forget the second factor of a user: the app, the passkeys and the recovery codes."""
    user.totp_secret = user.totp_counter = user.recovery_codes = None
    session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    session.flush()
    session.expire(user)


def _new_recovery_codes(user: User) -> list[str]:
    plain = [_recovery_code() for _ in range(_RECOVERY_CODES)]
    user.recovery_codes = [_fingerprint(code) for code in plain]
    return plain


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))


def _spend_recovery_code(user: User, code: str) -> bool:
    left, spent = user.recovery_codes or [], _fingerprint(code)
    user.recovery_codes = [kept for kept in left if kept != spent]
    return spent in left


def _fingerprint(code: str) -> str:
    return hashlib.sha256(code.replace("-", "").replace(" ", "").lower().encode()).hexdigest()


def _digits(code: str) -> str:
    return code.replace(" ", "")


def _locked(session: Session, user_id: int) -> User:
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound(phrase("There is no such user."))
    return user
