"""A passkey in a request: what the browser is asked to sign, and whether that counts. Each attempt is counted first."""

import hashlib

from flask import Response, request, session

from webapp import clock
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Passkey, User
from webapp.security import login
from webapp.security.context import current_actor, current_person, request_id, runtime
from webapp.security.login import Browser
from webapp.services.users import login_throttle, passkey_challenges, passkeys, users
from webapp.services.users.login_throttle import Guesser, Purpose
from webapp.services.users.passkey_challenges import Ceremony, PasskeyUse
from webapp.services.users.passkeys import PasskeyProof
from webapp.services.users.relying_party import RelyingParty

_NOTHING_SENT = phrase("Your browser sent no passkey. That takes JavaScript: switch it on, and load the page again.")
HALFWAY_BROWSER = "halfway_browser"
"""In the cookie of who has given the password: random, so that another browser's answer is not taken for this one's."""


def to_add() -> Ceremony:
    """Who is signed in adds a passkey."""
    return _of_session(PasskeyUse.ADD)


def to_approve(kind: str, subject_id: int) -> Ceremony:
    """Who is signed in approves this one thing."""
    return _of_session(PasskeyUse.APPROVE, (kind, subject_id))


def to_sign_in(user: User) -> Ceremony:
    """Who has given the password signs in."""
    browser = hashlib.sha256(str(session.get(HALFWAY_BROWSER, "")).encode()).hexdigest()
    return Ceremony(PasskeyUse.SIGN_IN, user.id, f"halfway:{browser}")


def options_to_add(name: str) -> Response:
    """What a browser makes a passkey of this name by."""
    with runtime().db.transaction() as db:
        return _json(passkeys.begin_adding(db, to_add(), name, party=_party(), at=clock.now()))


def options_to_use(ceremony: Ceremony) -> Response:
    """What a browser has a passkey sign."""
    with runtime().db.transaction() as db:
        return _json(passkeys.begin_use(db, ceremony, party=_party(), at=clock.now()))


def add(name: str, credential: str) -> list[str]:
    """Keep the passkey that the browser made; the recovery codes that come with a first one are returned."""
    user, signed_in = current_person()
    _require_sent(credential)
    challenge = _taken(to_add())
    with runtime().db.transaction() as db:
        return passkeys.add(
            db,
            user.id,
            name,
            credential,
            challenge,
            party=_party(),
            current_session_id=signed_in.id,
            at=clock.now(),
            actor=current_actor(),
        )


def check_at_sign_in(user: User, assertion: str, browser: Browser) -> None:
    """Raise unless a passkey of who has given the password signed what this browser was asked."""
    _require_sent(assertion)
    login.count_attempt(runtime(), Purpose.CODE, browser.at(user.email))
    _check(user, to_sign_in(user), assertion, Purpose.CODE, browser.address)


def proof(kind: str, subject_id: int, assertion: str) -> PasskeyProof:
    """That a passkey of who is signed in signed for this one thing. Raises otherwise; guesses count as at codes."""
    _require_sent(assertion)
    (user, signed_in), address = current_person(), request.remote_addr or "unknown"
    guesser = Guesser(user.email, address, f"session:{signed_in.id}")
    login.count_attempt(runtime(), Purpose.AGAIN, guesser)
    passkey = _check(user, to_approve(kind, subject_id), assertion, Purpose.AGAIN, address)
    with runtime().db.transaction() as db:
        login_throttle.reset(db, Purpose.AGAIN, guesser)
    return PasskeyProof(passkey.id, passkey.name, user.id, (kind, subject_id))


def _check(user: User, ceremony: Ceremony, assertion: str, purpose: Purpose, address: str) -> Passkey:
    challenge, actor = _taken(ceremony), users.actor_of(user, request_id=request_id(), origin=address)
    try:
        with runtime().db.transaction() as db:
            result = passkeys.use(db, ceremony, assertion, challenge, party=_party(), at=clock.now(), actor=actor)
    except Invalid:
        login.log_failure(purpose, address, "wrong", user)
        raise
    if result.passkey is None:
        login.log_failure(purpose, address, "wrong", user)
        refused = result.refused or ""
        raise Invalid(refused, fields={"credential": refused})
    return result.passkey


def _require_sent(credential: str) -> None:
    if not credential:
        raise Invalid(_NOTHING_SENT, fields={"credential": _NOTHING_SENT})


def _taken(ceremony: Ceremony) -> bytes | None:
    """The challenge, spent for good: what is wrong with the answer does not give it back."""
    with runtime().db.transaction() as db:
        return passkey_challenges.take(db, ceremony, clock.now())


def _of_session(use: PasskeyUse, subject: tuple[str, int] | None = None) -> Ceremony:
    user, signed_in = current_person()
    return Ceremony(use, user.id, f"session:{signed_in.id}", subject)


def _party() -> RelyingParty:
    return RelyingParty.of(runtime().settings)


def _json(options: str) -> Response:
    return Response(options, mimetype="application/json")
