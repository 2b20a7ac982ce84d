"""Setting up the second factor: an authenticator app and recovery codes."""

from typing import Any

from flask import make_response
from flask import session as cookie
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.account.forms import ConfirmForm, FirstCodeForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.screen import Screen, page
from webapp.errors import Conflict
from webapp.security import current_actor, runtime
from webapp.security.access import SIGNED_IN
from webapp.security.context import current_person
from webapp.security.reauthentication import reauthenticate
from webapp.services.users import two_factor
from webapp.services.users.two_factor import Codes

_OFFERED = "offered_totp_secret"


class TwoFactorScreen(Screen):
    """One's own second factor."""

    slug = "second-factor"
    title = _l("Second factor")
    permission = SIGNED_IN
    group = "desk"
    in_menu = False
    address = "/profile/second-factor"

    @page("/")
    def index(self, forms: dict[str, FirstCodeForm] | None = None, refusal: Any = None) -> Any:
        """The code to scan, and the form for the first code."""
        user, _signed_in = current_person()
        codes = Codes(runtime().settings)
        cookie.setdefault(_OFFERED, codes.new_secret())
        secret = cookie[_OFFERED]
        picture, key = codes.qr_code(user.email, secret), codes.key_to_type(secret)
        form = (forms or {}).get("enable") or FirstCodeForm(formdata=None)
        required = runtime().settings.second_factor_required and not user.has_second_factor
        return self.render(
            "account/two_factor.html",
            user=user,
            required=required,
            picture=picture,
            key=key,
            form=form,
            refusal=refusal,
        )

    @action("/enable", permission=SIGNED_IN, form=FirstCodeForm, shown_on=index)
    def enable(self, form: FirstCodeForm) -> Done:
        """Turn it on with the first code."""
        user, signed_in = current_person()
        if user.totp_secret is not None:
            raise Conflict(_("Your authenticator app is set up already. Turn it off first to use another."))
        reauthenticate(form.password.data)
        with self.transaction() as session:
            codes = two_factor.enable(
                session,
                user.id,
                cookie.get(_OFFERED, ""),
                form.code.data or "",
                codes=Codes(runtime().settings),
                current_session_id=signed_in.id,
                at=clock.now(),
                actor=current_actor(),
            )
        cookie.pop(_OFFERED, None)
        return self._shown(codes)

    @enable.confirmation
    def _confirm_enable(self) -> ActionPage:
        summary = _("Every other sign-in of yours ends.")
        return ActionPage(_("Turn on the second factor"), "/profile/", summary, _("Turn on"))

    @action("/disable", permission=SIGNED_IN, form=ConfirmForm)
    def disable(self, form: ConfirmForm) -> Done:
        """Turn it off."""
        user, _signed_in = current_person()
        reauthenticate(form.password.data)
        with self.transaction() as session:
            two_factor.disable(session, user.id, at=clock.now(), actor=current_actor())
        return _("Your authenticator app is off."), "/profile/"

    @disable.confirmation
    def _confirm_disable(self) -> ActionPage:
        user, _signed_in = current_person()
        summary = (
            _("Its codes sign you in no more. Your passkeys and your recovery codes go on working.")
            if user.has_passkeys
            else _("Your password alone will sign you in. Your recovery codes stop working.")
        )
        return ActionPage(_("Turn off the authenticator app"), "/profile/", summary, _("Turn off"), danger=True)

    @action("/recovery-codes", permission=SIGNED_IN, form=ConfirmForm)
    def recovery_codes(self, form: ConfirmForm) -> Done:
        """New recovery codes."""
        user, _signed_in = current_person()
        reauthenticate(form.password.data)
        with self.transaction() as session:
            codes = two_factor.renew_recovery_codes(session, user.id, at=clock.now(), actor=current_actor())
        return self._shown(codes)

    @recovery_codes.confirmation
    def _confirm_codes(self) -> ActionPage:
        return ActionPage(
            _("New recovery codes"), "/profile/", _("The codes you have now stop working."), _("Make new codes")
        )

    def _shown(self, codes: list[str]) -> Any:
        intro = _(
            "Keep these recovery codes somewhere safe, not on your phone. Each signs you in once when the app is out "
            "of reach. They are shown once."
        )
        title = _("Your second factor is on")
        return make_response(
            self.render("components/shown_once.html", heading=title, intro=intro, secrets=codes, back="/profile/")
        )
