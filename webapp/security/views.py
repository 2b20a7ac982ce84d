"""The pages before one is signed in: password, second factor, and out again."""

import time
from urllib.parse import urlsplit

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, SubmitField
from wtforms.validators import DataRequired, Length

from webapp.errors import Refusal
from webapp.models import User
from webapp.security import attempts, cookies, devices
from webapp.security.confirm import this_browser
from webapp.security.context import current_asker, request_id, runtime
from webapp.security.declared import public
from webapp.services import users

views = Blueprint("security", __name__)

THEMES = ("auto", "light", "dark")

_HALFWAY = "halfway"
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
        user = attempts.check_password(runtime(), form.email.data or "", form.password.data or "", this_browser())
    except Refusal as refusal:
        return _show("security/sign_in.html", form, refusal.status, refusal)
    if user.totp_secret is None:
        return _begin(user)
    session.clear()
    session[_HALFWAY] = [user.id, int(time.time())]
    return redirect(url_for("security.code", next=_wanted()), 303)


@views.route("/sign-in/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for the second factor, within five minutes of the password."""
    form, user = CodeForm(), _halfway()
    if user is None:
        return redirect(url_for("security.sign_in", next=_wanted()), 303)
    if not form.validate_on_submit():
        return _show("security/code.html", form, 422 if request.method == "POST" else 200)
    try:
        attempts.check_code(runtime(), user, form.code.data or "", this_browser())
    except Refusal as refusal:
        return _show("security/code.html", form, refusal.status, refusal)
    return _begin(user)


@views.route("/sign-out", methods=["POST"])
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in on the server; twice is harmless."""
    asker = current_asker()
    if asker is not None and asker.user is not None and asker.session is not None:
        cookies.sign_out(runtime(), asker.user, asker.session.id)
    flash(_("You are signed out."))
    return redirect(url_for("security.sign_in"), 303)


@views.route("/theme", methods=["POST"])
@public
def theme() -> ResponseReturnValue:
    """Keep the reader's choice of colours in a cookie."""
    chosen = request.form.get("theme", "auto")
    response = redirect(_wanted() or "/", 303)
    if chosen in THEMES:
        response.set_cookie("desk_theme", chosen, max_age=31_536_000, samesite="Lax", secure=request.is_secure)
    return response


def _begin(user: User) -> ResponseReturnValue:
    wanted = _wanted() or "/"
    cookies.sign_in(runtime(), attempts.begin(runtime(), user, this_browser(), request_id()))
    response = make_response(redirect(wanted, 303))
    devices.remember(response, runtime().settings, user.email)
    return response


def _halfway() -> User | None:
    user_id, since = session.get(_HALFWAY, (None, 0))
    if user_id is None or time.time() - since > _HALFWAY_SECONDS:
        return None
    with runtime().db.reading() as db:
        user = users.find(db, user_id)
    return user if user.active else None


def _show(template: str, form: FlaskForm, status: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    return render_template(template, form=form, refusal=refusal, next=_wanted()), status


def _wanted() -> str | None:
    """Where to go afterwards: only an address of this desk."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if plain and "\\" not in wanted and wanted.isprintable() else None
