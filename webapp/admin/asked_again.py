"""The form that asks for the password or the code again, before what matters."""

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import DataRequired, Length

from webapp.admin.forms import DeskForm


class AgainForm(DeskForm):
    """Proves that it is still the same person."""

    secret = PasswordField(
        _l("Your password, or a code of your second factor"),
        [DataRequired(_l("Needed to approve.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
