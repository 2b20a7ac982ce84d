"""The principal of a request: a person with a session cookie, or a machine with a bearer token. Never both."""

from dataclasses import dataclass

from flask import request
from flask_login import current_user

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.permissions import of_scopes
from webapp.models import User, UserSession
from webapp.runtime import Runtime
from webapp.security.content_negotiation import bearer_secret
from webapp.services.users import api_tokens, sessions, users

POLL_HEADER = "X-Desk-Poll"
"""Sent by live regions: they are not a person who is still there."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent the request: the actor, and for a person the account and this sign-in."""

    actor: Actor
    user: User | None = None
    session: UserSession | None = None

    @property
    def is_person(self) -> bool:
        """Whether a browser's session says who this is, so that CSRF matters."""
        return self.user is not None


class LoginUser:
    """Flask-Login's user: the secret of a sign-in, which is in the cookie, and whose it is."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, secret: str, principal: Principal | None = None) -> None:
        self._secret, self.principal = secret, principal

    def get_id(self) -> str:
        """The cookie carries the secret of this sign-in, not the id of a user."""
        return self._secret


def authenticate(runtime: Runtime, request_id: str) -> Principal | None:
    """The principal by the bearer token or the session cookie; None for a stranger."""
    secret = bearer_secret()
    if secret is not None:
        return _machine(runtime, secret, request_id)
    return current_user.principal if current_user.is_authenticated else None


def load_login_user(runtime: Runtime, secret: str, request_id: str) -> LoginUser | None:
    """Whose sign-in the secret opens; being here is noted, unless the page asked by itself."""
    at = clock.now()
    with runtime.db.reading() as session:
        found = sessions.find(session, secret, at)
    if found is None:
        return None
    signed_in, user = found
    if POLL_HEADER not in request.headers and sessions.needs_touch(signed_in, at):
        with runtime.db.transaction() as session:
            sessions.touch(session, signed_in.id, at)
    actor = users.actor_of(user, request_id=request_id, origin=request.remote_addr)
    return LoginUser(secret, Principal(actor, user, signed_in))


def _machine(runtime: Runtime, secret: str, request_id: str) -> Principal | None:
    if api_tokens.same_secret(secret, runtime.settings.cron_secret_token):
        return Principal(Actor("token", None, "cron", of_scopes(["jobs"]), request_id, request.remote_addr))
    at = clock.now()
    with runtime.db.reading() as session:
        token = api_tokens.find(session, secret, at)
    if token is None:
        return None
    if api_tokens.needs_note(token, at):
        with runtime.db.transaction() as session:
            api_tokens.note_use(session, token.id, at)
    return Principal(api_tokens.actor_of(token, request_id=request_id, origin=request.remote_addr))
