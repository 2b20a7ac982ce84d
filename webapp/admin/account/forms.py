"""The forms of the profile page."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from webapp.admin.ui.actions.forms import ZONE_CHOICES, DeskForm
from webapp.admin.ui.actions.reauthentication_form import again_field
from webapp.domain.languages import AS_THE_BROWSER, LANGUAGES

_PRESENT = {"autocomplete": "current-password"}
_NEW = {"autocomplete": "new-password"}


class ZoneForm(DeskForm):
    """The zone in which times are shown."""

    zone = SelectField(_l("Time zone"), choices=ZONE_CHOICES)


class LanguageForm(DeskForm):
    """The language of words, numbers and money."""

    language = SelectField(_l("Language"), choices=[(AS_THE_BROWSER, _l("As the browser asks")), *LANGUAGES.items()])


class PasswordForm(DeskForm):
    """Another password."""

    old = PasswordField(
        _l("Present password"),
        [DataRequired(_l("Type the password you have now.")), Length(max=200)],
        render_kw=_PRESENT,
    )
    new = PasswordField(
        _l("New password"), [DataRequired(_l("Choose a new password.")), Length(max=200)], render_kw=_NEW
    )
    again = PasswordField(_l("New password again"), [EqualTo("new", _l("The two differ."))], render_kw=_NEW)


class ConfirmForm(DeskForm):
    """The password, asked again."""

    password = again_field(_l("Your password"), _l("Type your password."))


class FirstCodeForm(DeskForm):
    """The first code of an authenticator app."""

    password = again_field(_l("Your password"), _l("Type your password."))
    code = StringField(
        _l("Code from the app"),
        [DataRequired(_l("Type the six digits that the app shows.")), Length(max=12)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


class PasskeyNameForm(DeskForm):
    """What a passkey is called."""

    name = StringField(
        _l("Name"),
        [DataRequired(_l("Give it a name, such as the device's.")), Length(max=80)],
        description=_l("Such as the device: Work phone, Blue key."),
    )


class AddPasskeyForm(PasskeyNameForm):
    """A new passkey, which the browser's script puts into `credential`."""

    password = again_field(_l("Your password"), _l("Type your password."))
    credential = HiddenField(default="")
