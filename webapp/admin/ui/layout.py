"""What surrounds every page: who is signed in, the menu, the environment, and whether money is stopped."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_babel import get_locale

from webapp.admin.ui.badges import icon
from webapp.admin.ui.menu import menu
from webapp.admin.ui.run_bars import run_bars
from webapp.security.access import SIGNED_IN, permission_of
from webapp.security.context import current_principal, runtime
from webapp.security.headers import nonce
from webapp.security.views import THEME_COOKIE, THEMES
from webapp.services.common import kill_switch


def register_context(app: Flask) -> None:
    """Give templates what they need for the page around their content."""
    app.jinja_env.globals.update(
        icon=icon,
        nonce=nonce,
        menu=menu,
        principal=current_principal,
        colours=colours,
        money_stopped=money_stopped,
        may=may,
        environment=environment,
        passkey_host=passkey_host,
        needs_passkey=needs_passkey,
        has_passkeys=has_passkeys,
        run_bars=run_bars,
        get_locale=get_locale,
    )


def colours() -> str:
    """The reader's choice of colours."""
    chosen = request.cookies.get(f"__Host-{THEME_COOKIE}") or request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def money_stopped() -> Any:
    """Who stopped outgoing money, when and why; None while it flows."""
    with runtime().db.reading() as session:
        return kill_switch.stopped(session)


def may(permission: str) -> bool:
    """Whether who is asking holds the permission."""
    principal = current_principal()
    return principal is not None and principal.actor.may(permission)


def may_open(endpoint: str) -> bool:
    """Whether who is asking may see the page."""
    permission = permission_of(current_app.view_functions[endpoint])
    return permission == SIGNED_IN or may(permission or "")


def needs_passkey() -> bool:
    """Whether nothing but a passkey approves on this desk."""
    return runtime().settings.approvals_need_passkey


def has_passkeys() -> bool:
    """Whether who is asking has a passkey."""
    principal = current_principal()
    return principal is not None and principal.user is not None and principal.user.has_passkeys


def passkey_host() -> str:
    """Host and port at which browsers can use passkeys of this desk."""
    return urlsplit(runtime().settings.public_origin).netloc


def environment() -> str:
    """The name of this installation's environment."""
    return runtime().settings.env
