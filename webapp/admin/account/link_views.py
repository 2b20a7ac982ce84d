"""The pages behind one-time links: whoever has one chooses a name and a password, and is signed in."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from webapp import clock
from webapp.errors import Refusal
from webapp.security import login
from webapp.security.access import public
from webapp.security.context import request_id, runtime
from webapp.security.reauthentication import this_browser
from webapp.security.views import begin
from webapp.services.users import first_administrator
from webapp.services.users.login_throttle import Purpose
from webapp.services.users.one_time_links import Newcomer
from webapp.services.users.sessions import Means

links = Blueprint("links", __name__)

_NEW = {"autocomplete": "new-password"}


class NewcomerForm(FlaskForm):
    """Who comes, and the password that lets them in from now on."""

    name = StringField(
        _l("Your name"),
        [DataRequired(_l("Write your name, as colleagues know you.")), Length(max=200)],
        render_kw={"autocomplete": "name"},
    )
    email = StringField(
        _l("Email"),
        [DataRequired(_l("Write your email address.")), Length(max=200)],
        render_kw={"autocomplete": "username", "type": "email"},
    )
    password = PasswordField(
        _l("Password"),
        [DataRequired(_l("Choose a password.")), Length(max=200)],
        description=_l("At least 12 characters; a few words are fine."),
        render_kw=_NEW,
    )
    again = PasswordField(_l("Password again"), [EqualTo("password", _l("The two differ."))], render_kw=_NEW)

    def newcomer(self) -> Newcomer:
        """Who comes, with where the request is from."""
        browser = this_browser()
        return Newcomer(
            self.name.data or "", self.email.data or "", self.password.data or "", request_id(), browser.address
        )

    def add_errors(self, refusal: Refusal) -> None:
        """Put a refusal's errors at their fields."""
        for name, sentence in refusal.fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]


@links.route("/first-administrator", methods=["GET", "POST"])
@public
def first() -> ResponseReturnValue:
    """Become the first administrator of an empty desk, by the link that was printed where it was started."""
    form, secret = NewcomerForm(), request.args.get("link", "")
    try:
        _count()
        with runtime().db.reading() as session:
            first_administrator.check(session, secret, clock.now())
        _forget()
    except Refusal as refusal:
        return _refused(refusal)
    title, intro = (
        _("First administrator"),
        _("Nobody can sign in to this desk yet. You will be its administrator, and invite your colleagues."),
    )
    if not form.validate_on_submit():
        return _show(form, title, intro, 422 if request.method == "POST" else 200)
    try:
        with runtime().db.transaction() as session:
            user = first_administrator.accept(session, secret, form.newcomer(), at=clock.now())
    except Refusal as refusal:
        form.add_errors(refusal)
        return _show(form, title, intro, refusal.status, refusal) if refusal.fields else _refused(refusal)
    flash(_("You are the administrator of this desk."), "success")
    return begin(user, Means(), "/")


def _count() -> None:
    """Whoever tries links is counted before one is looked up."""
    login.register_return(runtime(), this_browser().address, Purpose.LINK)


def _forget() -> None:
    login.forget_returns(runtime(), this_browser().address, Purpose.LINK)


def _show(form: FlaskForm, title: str, intro: str, status: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    page = render_template("security/newcomer.html", form=form, title=title, intro=intro, refusal=refusal)
    return page, status


def _refused(refusal: Refusal) -> ResponseReturnValue:
    page = render_template(
        "security/link_refused.html", refusal=refusal, sign_in=url_for("security.sign_in"), request_id=request_id()
    )
    return page, refusal.status
