"""The password or the code asked again, before what matters."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import DataRequired, Length

from webapp.admin.ui.actions.forms import DeskForm


def secret_field() -> Any:
    """What proves that it is still the same person."""
    return PasswordField(
        _l("Your password, or a code of your second factor"),
        [DataRequired(_l("Type it once more.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class ReauthenticationForm(DeskForm):
    """Proves that it is still the same person."""

    secret = secret_field()


def with_reauthentication(form: type[DeskForm]) -> type[DeskForm]:
    """The form, with the question at its end."""
    return type(form.__name__, (form,), {"__doc__": form.__doc__, "secret": secret_field()})
