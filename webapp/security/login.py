"""An attempt to sign in: counted first, then judged, then begun in one transaction."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp import clock, logs
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotAllowed
from webapp.models import User, UserSession
from webapp.runtime import Runtime
from webapp.security.device_cookies import Device
from webapp.services.audit import trail
from webapp.services.users import login_throttle, passwords, sessions, two_factor, users
from webapp.services.users.identities import DISABLED
from webapp.services.users.login_throttle import Guesser, Purpose
from webapp.services.users.sessions import Means

_WRONG = phrase("The address or the password is wrong.")
_NO_PASSWORDS = phrase(
    "This desk takes no passwords. Sign in with your company account; when its provider is away, an operator "
    "can open your password for a while at the command line."
)
_WRONG_CODE = phrase("That code does not fit, or was used already. Wait for the next one.")


@dataclass(frozen=True, slots=True)
class Browser:
    """Where the attempt comes from."""

    address: str
    agent: str
    device: Device

    def at(self, email: str) -> Guesser:
        """Who tries to sign in to this account."""
        return Guesser(email, self.address, self.device.known_to(email))


def check_password(runtime: Runtime, email: str, password: str, browser: Browser) -> User:
    """The user with this password. Raises NotAllowed while locked out, Invalid when it does not fit."""
    count_attempt(runtime, Purpose.PASSWORD, browser.at(email))
    with runtime.db.reading() as session:
        user = users.by_email(session, email)
    if not runtime.settings.password_sign_in and not users.has_open_password(user, clock.now()):
        log_failure(Purpose.PASSWORD, browser.address, "passwords_off", user)
        raise NotAllowed(_NO_PASSWORDS)
    fits = passwords.matches(user.password if user else None, password)
    if user is None or not fits:
        log_failure(Purpose.PASSWORD, browser.address, "wrong", user)
        raise Invalid(_WRONG)
    if not user.active:
        log_failure(Purpose.PASSWORD, browser.address, "disabled", user)
        raise NotAllowed(DISABLED)
    if user.password_expires_at is not None and user.password_expires_at <= clock.now():
        log_failure(Purpose.PASSWORD, browser.address, "expired", user)
        raise NotAllowed(phrase("This password was given to you too long ago. Ask an administrator for another."))
    if passwords.is_outdated(user.password or ""):
        with runtime.db.transaction() as session:
            users.renew_hash(session, user.id, password)
    return user


def check_code(runtime: Runtime, user: User, code: str, browser: Browser) -> None:
    """Raise unless the code is the second factor's; a code that fits is spent."""
    count_attempt(runtime, Purpose.CODE, browser.at(user.email))
    with runtime.db.transaction() as session:
        fits = two_factor.accepts(session, user.id, code, codes=two_factor.Codes(runtime.settings))
    if not fits:
        log_failure(Purpose.CODE, browser.address, "wrong", user)
        raise Invalid(_WRONG_CODE, fields={"code": _WRONG_CODE})


def check_again(runtime: Runtime, user: User, signed_in: UserSession, word: str, address: str, field: str) -> None:
    """Raise unless the word is the password of who is signed in, or a code of their second factor.

    Nothing need be typed by whom the identity provider has asked again in this sign-in, within five minutes.
    Guesses count for this sign-in alone: a stranger who guesses at the account keeps nobody from working.
    """
    if not word and sessions.is_confirmed(signed_in, clock.now()):
        return
    guesser = Guesser(user.email, address, f"session:{signed_in.id}")
    count_attempt(runtime, Purpose.AGAIN, guesser)
    with runtime.db.transaction() as session:
        known = users.find(session, user.id)
        fits = passwords.matches(known.password, word) or _is_code(session, user, word, runtime)
        if fits:
            login_throttle.reset(session, Purpose.AGAIN, guesser)
    if not fits:
        log_failure(Purpose.AGAIN, address, "wrong", user)
        wrong = (
            phrase("That is neither your password nor a code that fits.")
            if user.totp_secret
            else phrase("That is not your password.")
        )
        raise Invalid(wrong, fields={field: wrong})


def begin(
    runtime: Runtime,
    user: User,
    browser: Browser,
    request_id: str,
    means: Means,
    kept_form: str | None = None,
) -> str:
    """Begin the sign-in, which keeps the encrypted form; returns the secret for its cookie."""
    at = clock.now()
    actor = users.actor_of(user, request_id=request_id, origin=browser.address)
    with runtime.db.transaction() as session:
        for purpose in _passed(means):
            login_throttle.reset(session, purpose, browser.at(user.email))
        secret = sessions.start(
            session, user.id, at=at, origin=browser.address, agent=browser.agent, means=means, kept_form=kept_form
        )
        after = {"method": means.method, "second_factor": means.second_factor}
        trail.record(session, actor, "user.sign_in", ("user", user.id), at=at, after=after)
    return secret


def _passed(means: Means) -> list[Purpose]:
    """What the person was asked on the desk itself: guesses at it are forgotten, and at nothing else."""
    asked = {Purpose.PASSWORD: means.method == "password", Purpose.CODE: means.second_factor in ("code", "passkey")}
    return [purpose for purpose, was_asked in asked.items() if was_asked]


def _is_code(session: Session, user: User, word: str, runtime: Runtime) -> bool:
    return two_factor.accepts(session, user.id, word, codes=two_factor.Codes(runtime.settings))


def register_return(runtime: Runtime, address: str, purpose: Purpose = Purpose.PROVIDER) -> None:
    """Count a return from the identity provider before it is asked about it, or that of a one-time link before it is
    looked up. Raises NotAllowed after very many from this address.
    """
    count_attempt(runtime, purpose, Guesser(address, address))


def forget_returns(runtime: Runtime, address: str, purpose: Purpose = Purpose.PROVIDER) -> None:
    """A return was good: the failures of this address before it are forgotten."""
    with runtime.db.transaction() as session:
        login_throttle.reset(session, purpose, Guesser(address, address))


def count_attempt(runtime: Runtime, purpose: Purpose, guesser: Guesser) -> None:
    """Count an attempt before it is judged. Raises NotAllowed when it may not be made."""
    with runtime.db.transaction() as session:
        refused = login_throttle.register_attempt(session, purpose, guesser, clock.now())
    if refused:
        log_failure(purpose, guesser.address, "locked", None)
        raise NotAllowed(refused)


def log_failure(purpose: Purpose, address: str, reason: str, user: User | None) -> None:
    """One line for each attempt that failed. What was typed is in none, for it may be a password."""
    known = None if user is None else f"user:{user.id}"
    logs.get_logger().warning("sign_in.failed", purpose=purpose.value, reason=reason, account=known, origin=address)
