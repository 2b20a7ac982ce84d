"""One's own account: zone, password and open sign-ins."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh

from webapp import clock
from webapp.admin.account.forms import LanguageForm, PasswordForm, ZoneForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen, page
from webapp.security import current_actor
from webapp.security.access import SIGNED_IN
from webapp.security.context import current_person
from webapp.security.reauthentication import reauthenticate
from webapp.services.users import passkeys, profile, sessions


class ProfileScreen(Screen):
    """What people see and change about themselves."""

    slug = "profile"
    title = _l("Your profile")
    permission = SIGNED_IN
    group = "desk"
    in_menu = False

    @page("/")
    def index(self, forms: dict[str, DeskForm] | None = None, refusal: Any = None) -> Any:
        """Everything about oneself."""
        user, signed_in = current_person()
        with self.reading() as session:
            open_sessions = sessions.of_user(session, user.id, clock.now())
            held = passkeys.of_user(session, user.id)
        shown: dict[str, DeskForm] = {
            "zone": ZoneForm(formdata=None, zone=user.zone),
            "language": LanguageForm(formdata=None, language=user.language),
            "password": PasswordForm(formdata=None),
        }
        shown.update(forms or {})
        return self.render(
            "account/profile.html",
            user=user,
            open_sessions=open_sessions,
            passkeys=held,
            here=signed_in.id,
            came_by_provider=signed_in.method == "identity_provider",
            forms=shown,
            refusal=refusal,
        )

    @action("/zone", permission=SIGNED_IN, form=ZoneForm, shown_on=index)
    def zone(self, form: ZoneForm) -> Done:
        """Show times in another zone."""
        user, _signed_in = current_person()
        with self.transaction() as session:
            profile.change_zone(session, user.id, form.zone.data, at=clock.now(), actor=current_actor())
        return _("Times are shown in %(zone)s now.", zone=form.zone.data)

    @zone.confirmation
    def _confirm_zone(self) -> ActionPage:
        return ActionPage(_("Time zone"), self.at(), values={"zone": current_person()[0].zone})

    @action("/language", permission=SIGNED_IN, form=LanguageForm, shown_on=index)
    def language(self, form: LanguageForm) -> Done:
        """Show words in another language."""
        user, _signed_in = current_person()
        with self.transaction() as session:
            profile.change_language(session, user.id, form.language.data, at=clock.now(), actor=current_actor())
        user.language = form.language.data
        refresh()
        return _("This is your language on the desk from now on.")

    @language.confirmation
    def _confirm_language(self) -> ActionPage:
        return ActionPage(_("Language"), self.at(), values={"language": current_person()[0].language})

    @action("/password", permission=SIGNED_IN, form=PasswordForm, shown_on=index)
    def password(self, form: PasswordForm) -> Done:
        """Choose another password."""
        user, signed_in = current_person()
        reauthenticate(form.old.data, field="old")
        with self.transaction() as session:
            profile.change_password(
                session,
                user.id,
                form.old.data or "",
                form.new.data or "",
                current_session_id=signed_in.id,
                at=clock.now(),
                actor=current_actor(),
            )
        return _("Your password is changed. Every other sign-in of yours has ended.")

    @password.confirmation
    def _confirm_password(self) -> ActionPage:
        return ActionPage(_("Change your password"), self.at(), verb=_("Change password"))

    @action("/sessions/<int:session_id>/end", permission=SIGNED_IN, reauthenticate=True)
    def end(self, session_id: int, form: DeskForm) -> Done:
        """End one of one's sign-ins."""
        user, _signed_in = current_person()
        with self.transaction() as session:
            sessions.end(session, session_id, user_id=user.id, at=clock.now())
        return _("That sign-in has ended.")

    @end.confirmation
    def _confirm_end(self, session_id: int) -> ActionPage:
        summary = _("The browser it belongs to has to sign in again.")
        return ActionPage(_("End a sign-in"), self.at(), summary, _("End it"), danger=True)
