"""The pages behind one-time links: whoever has one chooses a name and a password, and is signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from webapp import clock
from webapp.errors import NotAllowed, Refusal
from webapp.models import User
from webapp.security import login
from webapp.security.access import public
from webapp.security.context import request_id, runtime
from webapp.security.reauthentication import this_browser
from webapp.security.views import begin
from webapp.services.users import first_administrator, invitations
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
        address = str(self["email"].data or "") if "email" in self else ""
        return Newcomer(self.name.data or "", address, self.password.data or "", request_id(), browser.address)

    def add_errors(self, refusal: Refusal) -> None:
        """Put a refusal's errors at their fields."""
        for name, sentence in refusal.fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]


class FirstForm(NewcomerForm):
    """The same for whose address nobody knows yet."""

    email = StringField(
        _l("Email"),
        [DataRequired(_l("Write your email address.")), Length(max=200)],
        render_kw={"autocomplete": "username", "type": "email"},
    )


class Accept(Protocol):
    """Makes who has the link with this secret a user."""

    def __call__(self, session: Session, secret: str, newcomer: Newcomer, *, at: datetime) -> User:
        """The user; a Refusal names what is wrong."""


@links.route("/first-administrator", methods=["GET", "POST"])
@public
def first() -> ResponseReturnValue:
    """Become the first administrator of an empty desk, by the link that was printed where it was started."""
    secret = request.args.get("link", "")
    try:
        with _counted() as session:
            first_administrator.check(session, secret, clock.now())
    except Refusal as refusal:
        return _refused(refusal)
    intro = _("Nobody can sign in to this desk yet. You will be its administrator, and invite your colleagues.")
    welcome = _("You are the administrator of this desk.")
    return _let_in(FirstForm(), first_administrator.accept, _("First administrator"), intro, welcome)


@links.route("/invitation", methods=["GET", "POST"])
@public
def invitation() -> ResponseReturnValue:
    """Accept an invitation: choose a name and a password, and be signed in."""
    secret = request.args.get("link", "")
    try:
        with _counted() as session:
            invited = invitations.check(session, secret, clock.now())
    except Refusal as refusal:
        return _refused(refusal)
    intro = _(
        "%(maker)s invites you, at %(address)s. You sign in with this address from now on.",
        maker=invited.made_by,
        address=invited.email,
    )
    return _let_in(NewcomerForm(), invitations.accept, _("You are invited"), intro, _("Welcome to the desk."))


@contextmanager
def _counted() -> Iterator[Session]:
    """A session to look a link up in: whoever tries one is counted first, and forgotten when it is good."""
    address = this_browser().address
    login.register_return(runtime(), address, Purpose.LINK)
    with runtime().db.reading() as session:
        yield session
    login.forget_returns(runtime(), address, Purpose.LINK)


def _let_in(form: NewcomerForm, accept: Accept, title: str, intro: str, welcome: str) -> ResponseReturnValue:
    """Show the form, or make who sent it a user and sign them in."""
    refusal, status = None, 422 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            with runtime().db.transaction() as session:
                user = accept(session, request.args.get("link", ""), form.newcomer(), at=clock.now())
        except Refusal as refused:
            if not refused.fields.keys() & form.data.keys():
                return _refused(refused)
            form.add_errors(refused)
            refusal, status = refused, refused.status
        else:
            flash(welcome, "success")
            return begin(user, Means(), "/")
    page = render_template("security/newcomer.html", form=form, title=title, intro=intro, refusal=refusal)
    return page, status


def _refused(refusal: Refusal) -> ResponseReturnValue:
    """Says why; who tried too many is not refused for who they are (RFC 6585, section 4)."""
    status = HTTPStatus.TOO_MANY_REQUESTS if isinstance(refusal, NotAllowed) else refusal.status
    page = render_template("security/link_refused.html", refusal=refusal, sign_in=url_for("security.sign_in"))
    return page, status
