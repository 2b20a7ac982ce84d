"""The session cookie, and Flask-Login over our own sessions."""

import hashlib
from datetime import timedelta

from flask import Flask, Response, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, login_user, logout_user

from webapp import clock
from webapp.models import User
from webapp.runtime import Runtime
from webapp.security.context import request_id
from webapp.security.principal import LoginUser, load_login_user
from webapp.services.orders.order_imports import MOST_BYTES
from webapp.services.users import sessions
from webapp.settings import Settings

_MEGABYTE = 1024 * 1024
COOKIE = "desk_session"


class _Cookies(SecureCookieSessionInterface):
    """Flask's cookie, signed by HMAC with SHA-256 instead of SHA-1."""

    digest_method = staticmethod(hashlib.sha256)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Static files depend on no session: Flask-Login looks into it for each answer, and `Vary: Cookie` would keep
        every cache from keeping them.
        """
        if request.endpoint != "static":
            super().save_session(app, session, response)


def configure(app: Flask, settings: Settings) -> None:
    """Settings of Flask and its extensions that keep the door shut."""
    app.session_interface = _Cookies()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=settings.secret_key_fallbacks,
        SESSION_COOKIE_NAME=f"__Host-{COOKIE}" if settings.is_production else COOKIE,
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=sessions.LONGEST + timedelta(hours=1),
        TRUSTED_HOSTS=settings.trusted_hosts or None,
        MAX_CONTENT_LENGTH=_largest(settings),
        LARGEST_BODY=max(_largest(settings), MOST_BYTES + _MEGABYTE),
        MAX_FORM_MEMORY_SIZE=_MEGABYTE // 2,
        MAX_FORM_PARTS=300,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )


def _largest(settings: Settings) -> int:
    """Bytes of the largest body that is taken everywhere: evidence in base64, which takes a third more."""
    return (settings.evidence_max_megabytes * 4 // 3 + 2) * _MEGABYTE


def register_login_manager(app: Flask, runtime: Runtime) -> None:
    """Let Flask-Login find people by our session rows."""
    manager = LoginManager()
    # Its context processor asks the database for each page, that which says that the database is away included.
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = None
    manager.user_loader(lambda secret: load_login_user(runtime, str(secret), request_id()))


def sign_in(runtime: Runtime, secret: str) -> None:
    """Give the browser a fresh cookie for a sign-in that has begun: nothing of the former session is kept."""
    session.clear()
    login_user(LoginUser(secret))


def sign_out(runtime: Runtime, user: User, session_id: int) -> None:
    """End this sign-in on the server and forget it in the browser."""
    with runtime.db.transaction() as db:
        sessions.end(db, session_id, user_id=user.id, at=clock.now())
    logout_user()
    session.clear()
