"""The password or the code asked again, before what matters; or the identity provider's having asked the person."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import Field, Form, PasswordField, ValidationError
from wtforms.validators import Length

from webapp.admin.ui.actions.forms import DeskForm
from webapp.security.identity_provider import confirmation


class AgainField(PasswordField):
    """A password or a code; who came through the identity provider may be asked there instead, and leaves it empty."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.description = _hint()


def again_field(label: Any, sentence: Any) -> Any:
    """What proves that it is still the same person; the sentence is for who leaves it empty."""

    def check_written(_form: Form, field: Field) -> None:
        confirmed = confirmation()
        if not field.data and (confirmed is None or not confirmed.is_fresh):
            raise ValidationError(str(sentence))

    return AgainField(label, [check_written, Length(max=200)], render_kw={"autocomplete": "current-password"})


def secret_field() -> Any:
    """The same, as the forms of actions ask it."""
    return again_field(_l("Your password, or a code of your second factor"), _l("Type it once more."))


def _hint() -> str:
    confirmed = confirmation()
    if confirmed is None:
        return ""
    if confirmed.is_fresh:
        return _("You have just confirmed that it is you at the identity provider: leave this empty.")
    link = Markup('<a href="{}">{}</a>').format(
        url_for("provider.again", next=confirmed.back_to), _("Confirm at the identity provider")
    )
    return link + " " + _("instead, before you fill this in: what is written here is not kept.")


class ReauthenticationForm(DeskForm):
    """Proves that it is still the same person."""

    secret = secret_field()


def with_reauthentication(form: type[DeskForm]) -> type[DeskForm]:
    """The form, with the question at its end."""
    return type(form.__name__, (form,), {"__doc__": form.__doc__, "secret": secret_field()})
