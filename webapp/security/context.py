"""What belongs to the request under way: the runtime, its id, and who is asking."""

import re
import uuid
from datetime import UTC, datetime
from typing import cast

from flask import current_app, g, request
from flask import session as cookie

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import NotAllowed, NotSignedIn
from webapp.models import User, UserSession
from webapp.runtime import Runtime
from webapp.security.principal import Principal, authenticate

_SAVED_AT = "saved_at"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def runtime() -> Runtime:
    """The runtime this application was made with."""
    return cast(Runtime, current_app.extensions["desk"])


def request_id() -> str:
    """The request's id: the caller's own, if it is a decent one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex
    return cast(str, g.request_id)


def current_principal() -> Principal | None:
    """Who is asking, looked up once a request; None for a stranger."""
    if "principal" not in g:
        g.principal = authenticate(runtime(), request_id())
    return cast(Principal | None, g.principal)


def known_principal() -> Principal | None:
    """Who is asking as far as it was looked up: what says why the database is away can't ask it."""
    return cast(Principal | None, g.get("principal"))


def current_actor() -> Actor:
    """Who is asking, as the one who acts. Raises NotSignedIn."""
    principal = current_principal()
    if principal is None:
        raise NotSignedIn(phrase("Sign in, or send a valid token."))
    return principal.actor


def current_person() -> tuple[User, UserSession]:
    """The person who is asking, and this sign-in of theirs. Raises NotAllowed for a machine."""
    principal = current_principal()
    if principal is None:
        raise NotSignedIn(phrase("Sign in first."))
    if principal.user is None or principal.session is None:
        raise NotAllowed(phrase("This is for people: a token has no account."))
    return principal.user, principal.session


def note_saved() -> None:
    """A transaction of this request was committed: what fails after it must not say that nothing was changed."""
    g.saved = True
    principal = g.get("principal")
    if principal is not None and principal.session is not None:
        # In the browser's own cookie: it has to be known to whichever process answers next, with Redis or without.
        cookie[_SAVED_AT] = clock.now().timestamp()


def saved_at() -> datetime | None:
    """When this browser last had something committed; None when it never did, or so long ago that it is forgotten."""
    kept = cookie.get(_SAVED_AT)
    return datetime.fromtimestamp(kept, UTC) if isinstance(kept, float) else None


def was_saved() -> bool:
    """Whether a transaction of this request was committed."""
    return bool(g.get("saved", False))
