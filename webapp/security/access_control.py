"""Before a view runs: its declared permission, a password that must be changed, and the CSRF token."""

import time
from typing import Any

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from webapp import logs
from webapp.domain.words import phrase
from webapp.errors import NotAllowed, NotSignedIn, Unavailable
from webapp.models import User
from webapp.security import caller_address, kept_forms
from webapp.security.access import OF_CRON, PUBLIC, SIGNED_IN, is_for_machines, largest_body_of, needs, permission_of
from webapp.security.content_negotiation import SAFE_METHODS, answers_in_json, bearer_secret, is_for_programs
from webapp.security.context import current_actor, current_principal, request_id, runtime
from webapp.services.users import api_tokens

_OPEN_TO_A_NEW_PASSWORD = frozenset({"profile.index", "profile.password", "security.sign_out"})

_OPEN_WITHOUT_A_SECOND_FACTOR = _OPEN_TO_A_NEW_PASSWORD | {
    "provider.again",
    "second-factor.index",
    "second-factor.enable",
    "passkeys.index",
    "passkeys.options",
    "passkeys.add",
}

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_QUIET = frozenset({"static", "livez"})

csrf = CSRFProtect()


def register_access_control(app: Flask) -> None:
    """Deny by default: every request is held against what its view declares (see `access`), and against CSRF."""
    csrf.init_app(app)
    needs(PUBLIC)(app.view_functions["static"])
    app.before_request(_name_the_request)
    app.before_request(_check_permission)
    app.before_request(_make_room)
    app.before_request(_check_csrf)
    app.before_request(_refuse_nul)
    app.after_request(_log)
    app.teardown_request(lambda _error: logs.unbind())


def _name_the_request() -> None:
    g.began = time.perf_counter()
    logs.bind(request_id=request_id())


def _refuse_nul() -> None:
    """No text that we keep or look for holds NUL, and PostgreSQL can't be asked with one. The API names its fields."""
    if request.path.startswith("/api/"):
        return
    if "\x00" in request.path:
        abort(404)
    if b"%00" in request.query_string:
        abort(400)
    if request.mimetype in _FORMS and any("\x00" in value for _name, value in request.form.items(multi=True)):
        abort(400)


def _log(response: Response) -> Response:
    if request.endpoint not in _QUIET:
        took = round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1)
        logs.get_logger().info(
            "request", method=request.method, path=request.path, status=response.status_code, ms=took
        )
    return response


def _check_permission() -> ResponseReturnValue | None:
    view = _view()
    declared = permission_of(view)
    if view is None or declared == PUBLIC:
        return None
    if declared == OF_CRON:
        _require_cron()
        return None
    if bearer_secret() is not None and not is_for_programs():
        raise NotAllowed(phrase("Pages are for people. A token calls the addresses below /api."))
    actor = current_actor()
    logs.bind(actor=actor.key)
    if declared is None:
        raise NotAllowed(phrase("This address has not said who may use it, so nobody may."))
    if declared != SIGNED_IN:
        actor.require(declared)
    return _ask_for_a_new_password()


def _require_cron() -> None:
    """These addresses have an effect by GET too, so that a browser's session never counts: another site could ask."""
    expected = runtime().settings.cron_secret_token
    if not expected:
        raise Unavailable(phrase("No CRON_SECRET_TOKEN is set, so nobody may start this. Set one, and send it."))
    if not api_tokens.same_secret(bearer_secret() or "", expected):
        raise NotSignedIn(phrase("Send the token of CRON_SECRET_TOKEN: Authorization: Bearer <token>."))
    logs.bind(actor=current_actor().key)


def _ask_for_a_new_password() -> ResponseReturnValue | None:
    user = _person()
    # Who came through the identity provider did not use the password that an administrator chose, nor need to know it.
    is_wanted = user is not None and user.must_change_password and not _came_through_the_provider()
    if not is_wanted or request.endpoint in _OPEN_TO_A_NEW_PASSWORD:
        return _ask_for_a_second_factor(user)
    if answers_in_json():
        raise NotAllowed(phrase("Choose a password of your own first."))
    return redirect(url_for("profile.index", _anchor="password"))


def _ask_for_a_second_factor(user: User | None) -> ResponseReturnValue | None:
    is_wanted = (
        user is not None
        and not user.has_second_factor
        and runtime().settings.second_factor_required
        and not _has_the_providers_factor()
    )
    if not is_wanted or request.endpoint in _OPEN_WITHOUT_A_SECOND_FACTOR:
        return None
    if answers_in_json():
        raise NotAllowed(phrase("Set up a second factor first."))
    return redirect(url_for("second-factor.index"))


def _came_through_the_provider() -> bool:
    principal = current_principal()
    here = principal.session if principal is not None else None
    return here is not None and here.method == "identity_provider"


def _has_the_providers_factor() -> bool:
    """Whether the identity provider asked a second factor at this sign-in, and an operator has said that it counts."""
    principal = current_principal()
    here = principal.session if principal is not None else None
    return here is not None and here.second_factor == "identity_provider"


def _make_room() -> None:
    """Only now, for those who may: before the form is read."""
    most = largest_body_of(_view())
    if most is not None:
        request.max_content_length = most


def _check_csrf() -> ResponseReturnValue | None:
    if request.method in SAFE_METHODS or request.endpoint is None or is_for_machines(_view()):
        return None
    if not _declares_public() and not _is_person():
        return None
    try:
        csrf.protect()
    except CSRFError as problem:
        logs.get_logger().warning("csrf.refused", path=request.path, reason=problem.description)
        again = None if caller_address.is_port_lost(problem) else _shown_again()
        if again is None:
            raise
        return again
    return None


def _shown_again() -> ResponseReturnValue | None:
    """The same form, filled and with a fresh token, when a page of the desk sent it. The view itself is not run."""
    view: Any = _view()
    kept = kept_forms.written()
    if kept is None:
        return None
    return view.desk_shows_again(view.__self__, kept, **(request.view_args or {})), 400


def _declares_public() -> bool:
    return permission_of(_view()) == PUBLIC


def _is_person() -> bool:
    return _person() is not None


def _person() -> User | None:
    principal = current_principal()
    return principal.user if principal is not None else None


def _view() -> object | None:
    return current_app.view_functions.get(request.endpoint) if request.endpoint else None
