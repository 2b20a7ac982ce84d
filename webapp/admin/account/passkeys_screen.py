"""One's own passkeys: added by the browser's own dialog, named and removed."""

from typing import Any

from flask import Response, make_response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.account.forms import AddPasskeyForm, ConfirmForm, PasskeyNameForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.screen import Screen, page, script_page
from webapp.models import Passkey
from webapp.security import current_actor, passkey_checks, runtime
from webapp.security.access import SIGNED_IN
from webapp.security.context import current_person
from webapp.security.reauthentication import reauthenticate
from webapp.services.users import passkeys


class PasskeysScreen(Screen):
    """One's own passkeys."""

    slug = "passkeys"
    title = _l("Passkeys")
    permission = SIGNED_IN
    group = "desk"
    in_menu = False
    address = "/profile/passkeys"

    @page("/")
    def index(self, forms: dict[str, AddPasskeyForm] | None = None, refusal: Any = None) -> Any:
        """Those one has, and the form for another."""
        user, _signed_in = current_person()
        with self.reading() as session:
            held = passkeys.of_user(session, user.id)
        form = (forms or {}).get("add") or AddPasskeyForm(formdata=None)
        required = runtime().settings.second_factor_required and not user.has_second_factor
        return self.render("account/passkeys.html", held=held, form=form, refusal=refusal, required=required)

    @script_page("/options")
    def options(self) -> Response:
        """What the browser makes a passkey by; the password is asked for here, before the device is."""
        name, password = request.form.get("name", ""), request.form.get("password", "")
        reauthenticate(password)
        return passkey_checks.options_to_add(name)

    @action("/add", permission=SIGNED_IN, form=AddPasskeyForm, shown_on=index)
    def add(self, form: AddPasskeyForm) -> Done:
        """Keep the passkey that the browser made. The password was asked for with its challenge."""
        codes = passkey_checks.add(form.text("name"), form.credential.data or "")
        if not codes:
            return _("%(name)s is a passkey of yours now.", name=form.text("name"))
        intro = _(
            "Keep these recovery codes somewhere safe, not on the device with the passkey. Each signs you in once when "
            "no passkey is at hand. They are shown once."
        )
        heading = _("Your second factor is on")
        return make_response(
            self.render("components/shown_once.html", heading=heading, intro=intro, secrets=codes, back=self.at())
        )

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        return ActionPage(_("Add a passkey"), self.at(), verb=_("Add a passkey"))

    @action("/<int:passkey_id>/rename", permission=SIGNED_IN, form=PasskeyNameForm)
    def rename(self, passkey_id: int, form: PasskeyNameForm) -> Done:
        """Call it something else."""
        user, _signed_in = current_person()
        with self.transaction() as session:
            about: dict[str, Any] = {"at": clock.now(), "actor": current_actor()}
            passkey = passkeys.rename(session, user.id, passkey_id, form.text("name"), **about)
            return _("It is called %(name)s now.", name=passkey.name)

    @rename.confirmation
    def _confirm_rename(self, passkey_id: int) -> ActionPage:
        passkey = self._mine(passkey_id)
        title = _("Rename %(name)s", name=passkey.name)
        return ActionPage(title, self.at(), verb=_("Rename"), values={"name": passkey.name})

    @action("/<int:passkey_id>/remove", permission=SIGNED_IN, form=ConfirmForm)
    def remove(self, passkey_id: int, form: ConfirmForm) -> Done:
        """Forget it."""
        user, _signed_in = current_person()
        reauthenticate(form.password.data)
        with self.transaction() as session:
            name = passkeys.remove(session, user.id, passkey_id, at=clock.now(), actor=current_actor())
        return _("%(name)s opens nothing any more.", name=name)

    @remove.confirmation
    def _confirm_remove(self, passkey_id: int) -> ActionPage:
        user, _signed_in = current_person()
        passkey = self._mine(passkey_id)
        with self.reading() as session:
            is_last = user.totp_secret is None and len(passkeys.of_user(session, user.id)) == 1
        summary = (
            _("It is your only second factor: your password alone will sign you in, and your recovery codes end.")
            if is_last
            else _("It opens nothing any more. The device may still offer it: delete it there as well.")
        )
        title = _("Remove %(name)s", name=passkey.name)
        return ActionPage(title, self.at(), summary, _("Remove"), danger=True)

    def _mine(self, passkey_id: int) -> Passkey:
        user, _signed_in = current_person()
        with self.reading() as session:
            return passkeys.find(session, user.id, passkey_id)
