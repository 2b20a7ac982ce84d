"""Signing in through the company's identity provider: off to it, back from it, and confirming who one is."""

import json
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp import clock, logs
from webapp.encryption import decrypt, encrypt
from webapp.errors import Refusal
from webapp.providers.oidc import failures
from webapp.providers.oidc.failures import ProviderSignInFailed
from webapp.providers.oidc.identity import Attempt, Identity
from webapp.security import login, views
from webapp.security.access import public, signed_in
from webapp.security.context import current_person, current_principal, request_id, runtime
from webapp.security.reauthentication import this_browser
from webapp.services.users import identities, sessions
from webapp.services.users.identities import Arrival
from webapp.services.users.login_throttle import Purpose
from webapp.services.users.sessions import Means

provider_views = Blueprint("provider", __name__)

METHOD = "identity_provider"
_ATTEMPT = "provider_attempt"
_ATTEMPT_SECONDS = 600
_CALLBACK = "/sign-in/provider/callback"


@provider_views.route("/sign-in/provider")
@public
def start() -> ResponseReturnValue:
    """Go to the provider to sign in; not because another site sent the browser here, but by the person's own click."""
    _need_provider()
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return redirect(url_for("security.sign_in", next=views.wanted()), 303)
    return _off(views.wanted(), None)


@provider_views.route("/sign-in/provider/again")
@signed_in
def again() -> ResponseReturnValue:
    """Go to the provider to be asked once more, in place of a password."""
    _user, here = current_person()
    return _off(views.wanted(), here.id)


@provider_views.route(_CALLBACK)
@public
def come_back() -> ResponseReturnValue:
    """The provider's answer: begin the sign-in, ask for the second factor, or say why not."""
    _need_provider()
    kept, browser = _taken(), this_browser()
    try:
        attempt = Attempt(*kept["attempt"]) if kept else None
        provider = runtime().identity_provider
        code = provider.code(request.args, attempt)
        if kept is None or attempt is None:
            raise failures.not_from_here()
        login.register_return(runtime(), browser.address)
        identity = provider.identity(code, attempt, _redirect_uri())
        if kept["session"] is not None:
            return _confirm(identity, kept["session"], kept["since"], kept["wanted"])
        return _begin(identity, kept["wanted"])
    except Refusal as refusal:
        return _refused(refusal)


def _off(wanted: str | None, session_id: int | None) -> ResponseReturnValue:
    _need_provider()
    try:
        address, attempt = runtime().identity_provider.authorization(_redirect_uri(), again=session_id is not None)
    except ProviderSignInFailed as failure:
        return _refused(failure)
    kept = {
        "attempt": [attempt.state, attempt.nonce, attempt.verifier],
        "wanted": wanted,
        "session": session_id,
        "since": int(clock.now().timestamp()),
    }
    session[_ATTEMPT] = encrypt(json.dumps(kept), runtime().settings.sign_in_keys)
    return redirect(address, 303)


def _begin(identity: Identity, wanted: str | None) -> ResponseReturnValue:
    browser = this_browser()
    arrival = Arrival(clock.now(), request_id(), browser.address)
    with runtime().db.transaction() as db:
        user = identities.person_of(db, identity, runtime().settings, arrival)
    login.forget_returns(runtime(), browser.address)
    if identity.second_factor is not None:
        return views.begin(user, Means(METHOD, METHOD), wanted)
    if not user.has_second_factor:
        return views.begin(user, Means(METHOD), wanted)
    views.go_halfway(user, METHOD)
    return redirect(url_for("security.code", next=wanted), 303)


def _confirm(identity: Identity, session_id: int, since: int, wanted: str | None) -> ResponseReturnValue:
    """The same person was asked again by the provider, after we sent them there: note it in this sign-in of theirs."""
    principal = current_principal()
    here = principal.session if principal is not None else None
    if principal is None or principal.user is None or here is None or here.id != session_id:
        raise failures.not_from_here()
    asked = identity.authenticated_at
    if asked is None or asked.timestamp() < since - failures.LEEWAY_SECONDS:
        raise failures.stale()
    with runtime().db.transaction() as db:
        if not identities.is_theirs(db, principal.user.id, identity):
            raise failures.somebody_else()
        sessions.confirm(db, session_id, clock.now())
    login.forget_returns(runtime(), this_browser().address)
    flash(_("You have confirmed that it is you. For five minutes no password is asked."))
    return redirect(wanted or "/", 303)


def _refused(refusal: Refusal) -> ResponseReturnValue:
    if isinstance(refusal, ProviderSignInFailed):  # too many returns are logged where they are counted
        logs.get_logger().warning(
            "sign_in.failed",
            purpose=Purpose.PROVIDER.value,
            reason=refusal.reason,
            problem=refusal.problem,
            account=None,
            origin=this_browser().address,
        )
    title = _(ProviderSignInFailed.title)
    page = render_template(
        "security/provider_failed.html", title=title, refusal=refusal, request_id=request_id(), status=refusal.status
    )
    return page, refusal.status


def _taken() -> dict[str, Any] | None:
    """The attempt that this browser began within ten minutes, once."""
    try:
        text = decrypt(session.pop(_ATTEMPT, ""), runtime().settings.sign_in_keys, ttl=_ATTEMPT_SECONDS)
    except ValueError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def _need_provider() -> None:
    if not runtime().settings.has_identity_provider:
        abort(404)


def _redirect_uri() -> str:
    """Exactly as it is registered at the provider: by PUBLIC_URL, whatever the request calls this host."""
    return runtime().settings.public_address + _CALLBACK
