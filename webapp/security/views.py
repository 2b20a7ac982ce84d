"""The pages before one is signed in: password, second factor, and out again."""

import secrets
import time
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, SubmitField
from wtforms.validators import DataRequired, Length

from webapp.errors import Conflict, Refusal
from webapp.models import User
from webapp.security import cookies, device_cookies, identity_provider, kept_forms, login, passkey_checks
from webapp.security.access import for_scripts, public
from webapp.security.context import current_principal, request_id, runtime
from webapp.security.kept_forms import KeptForm
from webapp.security.reauthentication import this_browser
from webapp.services.users import users
from webapp.services.users.sessions import Means

views = Blueprint("security", __name__)

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "desk_theme"
"""Over https with the prefix `__Host-`; the script of the pages writes it too."""

_HALFWAY = "halfway"
_KEPT = "kept"
_HALFWAY_SECONDS = 300
_SHORT = Length(max=200)
_FILLED: dict[str, dict[str, object]] = {
    "email": {"autocomplete": "username", "type": "email"},
    "word": {"autocomplete": "current-password"},
    "code": {"autocomplete": "one-time-code", "autofocus": True},
}
"""What browsers and password managers fill in."""


class SignInForm(FlaskForm):
    """Address and password."""

    email = StringField(
        _l("Email"), [DataRequired(_l("Write your email address.")), _SHORT], render_kw=_FILLED["email"]
    )
    password = PasswordField(
        _l("Password"), [DataRequired(_l("Write your password.")), _SHORT], render_kw=_FILLED["word"]
    )
    submit = SubmitField(_l("Sign in"))


class CodeForm(FlaskForm):
    """The second factor."""

    code = StringField(_l("Code"), [DataRequired(_l("Type the code.")), _SHORT], render_kw=_FILLED["code"])
    submit = SubmitField(_l("Continue"))


@views.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Ask for address and password."""
    form = SignInForm()
    if not form.validate_on_submit():
        return _show("security/sign_in.html", form, 422 if request.method == "POST" else 200)
    try:
        user = login.check_password(runtime(), form.email.data or "", form.password.data or "", this_browser())
    except Refusal as refusal:
        return _show("security/sign_in.html", form, refusal.status, refusal)
    if not user.has_second_factor:
        return begin(user, Means(), wanted(), _kept())
    go_halfway(user, Means().method)
    if _kept():
        return _ask_for_code(user)
    return redirect(url_for("security.code", next=wanted()), 303)


def go_halfway(user: User, method: str) -> None:
    """Keep in the browser, for five minutes, who has only the second factor left to show."""
    _end_the_one_before()
    session.clear()
    session[_HALFWAY] = [user.id, int(time.time()), method]
    session[passkey_checks.HALFWAY_BROWSER] = secrets.token_urlsafe(16)


def sign_in_page(kept: KeptForm) -> ResponseReturnValue:
    """The answer to a form that came without a sign-in: the way in, which carries what was written."""
    text = kept.encrypted(runtime().settings)
    form = SignInForm(formdata=None)
    page = render_template("security/sign_in.html", form=form, refusal=None, next=kept.path, kept=text, **_ways_in())
    return page, 401, {"WWW-Authenticate": "Bearer"}


@views.route("/sign-in/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for the second factor, within five minutes of the password."""
    form, (user, method) = CodeForm(), _halfway()
    if user is None:
        return _start_again()
    if not form.validate_on_submit():
        return _show_code(form, user, 422 if request.method == "POST" else 200)
    try:
        login.check_code(runtime(), user, form.code.data or "", this_browser())
    except Refusal as refusal:
        return _show_code(form, user, refusal.status, refusal)
    return begin(user, Means(method, "code"), wanted(), _kept())


@views.route("/sign-in/passkey/options", methods=["POST"])
@for_scripts
@public
def passkey_options() -> ResponseReturnValue:
    """What the browser has a passkey sign, in place of a code."""
    user, _method = _halfway()
    if user is None:
        raise Conflict(_("This took too long. Start again with your password."))
    return passkey_checks.options_to_use(passkey_checks.to_sign_in(user))


@views.route("/sign-in/passkey", methods=["POST"])
@public
def passkey() -> ResponseReturnValue:
    """Take what a passkey signed as the second factor, within five minutes of the password."""
    user, method = _halfway()
    if user is None:
        return _start_again()
    try:
        passkey_checks.check_at_sign_in(user, request.form.get("credential", ""), this_browser())
    except Refusal as refusal:
        return _show_code(CodeForm(formdata=None), user, refusal.status, refusal)
    return begin(user, Means(method, "passkey"), wanted(), _kept())


@views.route("/sign-out", methods=["POST"])
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in on the server; twice is harmless."""
    address = identity_provider.logout_address()
    _end_the_one_before()
    if address is None:
        flash(_("You are signed out."))
        response = make_response(redirect(url_for("security.sign_in"), 303))
    else:  # a link, because the policy lets no form lead to the provider
        response = make_response(render_template("security/signed_out.html", address=address))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@views.route("/theme", methods=["POST"])
@public
def theme() -> ResponseReturnValue:
    """Keep the reader's choice of colours in a cookie."""
    chosen = request.form.get("theme", "auto")
    response = redirect(wanted() or "/", 303)
    if chosen in THEMES:
        name = f"__Host-{THEME_COOKIE}" if request.is_secure else THEME_COOKIE
        response.set_cookie(name, chosen, max_age=31_536_000, samesite="Lax", secure=request.is_secure)
    return response


def _end_the_one_before() -> None:
    """End the sign-in that this browser has, if any: a new one takes its place, and no copy of its cookie lives on."""
    principal = current_principal()
    if principal is not None and principal.user is not None and principal.session is not None:
        cookies.sign_out(runtime(), principal.user, principal.session.id)


def begin(user: User, means: Means, wanted: str | None, text: str = "") -> ResponseReturnValue:
    """Begin the sign-in in this browser, and go where the person wanted to go; `text` is a form that was kept."""
    kept = kept_forms.readable(text, user.id)
    _end_the_one_before()
    secret = login.begin(runtime(), user, this_browser(), request_id(), means, text if kept else None)
    cookies.sign_in(runtime(), secret)
    if kept is not None:
        kept_forms.show_at(kept.path)
    response = make_response(redirect(wanted or "/", 303))
    device_cookies.remember(response, runtime().settings, user.email)
    return response


def _ask_for_code(user: User) -> ResponseReturnValue:
    """The page of the second factor at once: a redirect would lose what was written."""
    g.pop(current_app.config["WTF_CSRF_FIELD_NAME"], None)  # it was made for the session that has just been cleared
    return _show_code(CodeForm(formdata=None), user, 200)


def _start_again() -> ResponseReturnValue:
    """The first step was too long ago; what was written is carried on."""
    if _kept():
        return _show("security/sign_in.html", SignInForm(formdata=None), 200)
    return redirect(url_for("security.sign_in", next=wanted()), 303)


def _show_code(form: CodeForm, user: User, status: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    return _show("security/code.html", form, status, refusal, user=user)


def _halfway() -> tuple[User | None, str]:
    """Who has only the second factor left to show, and how they came so far."""
    match session.get(_HALFWAY):
        case [int(user_id), int(since), *way]:
            method = str(way[0]) if way else Means().method  # a cookie of the version before names none
        case _:
            return None, Means().method
    if time.time() - since > _HALFWAY_SECONDS:
        return None, method
    with runtime().db.reading() as db:
        user = users.find(db, user_id)
    return (user if user.active else None), method


def _show(
    template: str, form: FlaskForm, status: int, refusal: Refusal | None = None, **more: object
) -> ResponseReturnValue:
    page = render_template(template, form=form, refusal=refusal, next=wanted(), kept=_kept(), **_ways_in(), **more)
    return page, status


def _ways_in() -> dict[str, object]:
    """What the sign-in page offers: the provider's button, where one is set, and the password, where it is taken.

    Where it is not, its form is still at `?with=password`, for whom the command line has opened theirs.
    """
    settings = runtime().settings
    asked = request.args.get("with") == "password" or request.method == "POST"
    return {
        "provider": settings.oidc_label if settings.has_identity_provider else "",
        "passwords": settings.password_sign_in or asked,
    }


def _kept() -> str:
    """What was written before the sign-in, encrypted."""
    return request.form.get(_KEPT, "")


def wanted() -> str | None:
    """Where to go afterwards: only an address of this desk."""
    asked = request.args.get("next", "")
    plain = asked.startswith("/") and not asked.startswith("//") and "\\" not in asked and asked.isprintable()
    if not plain:
        return None
    parts = urlsplit(asked)  # an address without a host can always be split, others raise ValueError: http://[
    return None if parts.scheme or parts.netloc else asked
