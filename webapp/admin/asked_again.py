"""The password or the code, asked again before what matters; guesses count as failed sign-ins do."""

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import DataRequired, Length

from webapp.admin.forms import DeskForm
from webapp.errors import Invalid
from webapp.security import attempts
from webapp.security.attempts import Browser
from webapp.security.context import current_person, runtime


class AgainForm(DeskForm):
    """Proves that it is still the same person."""

    secret = PasswordField(
        _l("Your password, or a code of your second factor"),
        [DataRequired(_l("Needed to approve.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


def prove(form: AgainForm) -> None:
    """Raise a Refusal at the field unless the secret is this person's."""
    user, _session = current_person()
    browser = Browser(request.remote_addr or "unknown", request.headers.get("User-Agent", ""))
    secret = form.secret.data or ""
    is_code = user.totp_secret is not None and secret.replace(" ", "").isdigit() and len(secret.replace(" ", "")) == 6
    try:
        if is_code:
            attempts.check_code(runtime(), user, secret, browser)
        else:
            attempts.check_password(runtime(), user.email, secret, browser)
    except Invalid as wrong:
        sentence = wrong.detail if is_code else str(_l("That is not your password."))
        raise Invalid(sentence, fields={"secret": sentence}) from None
