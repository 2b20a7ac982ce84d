"""Invitations of colleagues: who is invited, by whom, until when; sent again, or withdrawn."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.system.users_screen import EACH_ROLE
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import Choices, DeskForm
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.models import OneTimeLink
from webapp.security import current_actor, runtime
from webapp.services.notifications.messages import invitation_letters
from webapp.services.users import invitations, one_time_links

_STATE = case(
    (OneTimeLink.user_id.is_not(None), "came"),
    (OneTimeLink.ended_at.is_not(None), "withdrawn"),
    (OneTimeLink.expires_at <= func.now(), "expired"),
    else_="waiting",
)


class InvitationForm(DeskForm):
    """Who is invited."""

    email = StringField(
        _l("Email"),
        [DataRequired(_l("Write an address.")), Length(max=200)],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    roles = Choices(_l("Roles"), choices=EACH_ROLE)


class InvitationScreen(ListScreen):
    """Who is invited to the desk."""

    slug = "invitations"
    title = _l("Invitations")
    permission = "user:manage"
    group = "desk"
    icon = "people"
    order = 11
    list_template = "system/invitations.html"
    intro = _l("Who was invited, by whom and until when. A link works once, for a week; only its hash is kept.")
    empty = _l("Nobody is invited. Invite a colleague by address and role: they choose their own password.")
    listing = Listing(
        key=OneTimeLink.id,
        source=lambda query: query.where(invitations.INVITED),
        columns=(
            Column("email", _l("Email"), OneTimeLink.email),
            Column("id", _l("Number"), OneTimeLink.id, sort=True, shown=False),
            Column("roles", _l("Roles"), OneTimeLink.roles),
            Column("state", _l("State"), _STATE, kind="badge"),
            Column("made_by", _l("Invited by"), OneTimeLink.made_by),
            Column("created_at", _l("Invited"), OneTimeLink.created_at, kind="when"),
            Column("expires_at", _l("Works until"), OneTimeLink.expires_at, kind="when"),
        ),
        filters=(flag("waiting", _l("Still open"), OneTimeLink.ended_at.is_(None)),),
        search=lambda words: OneTimeLink.email.startswith(words.strip().lower(), autoescape=True),
        search_hint=_l("Email"),
    )

    @action("/add", permission="user:manage", form=InvitationForm, reauthenticate=True)
    def add(self, form: InvitationForm) -> Done:
        """Invite a colleague."""
        nonce, secret = one_time_links.for_letter(runtime().settings.link_key)
        at = clock.now()
        with self.transaction() as session:
            link = invitations.invite(
                session,
                email=form.email.data or "",
                roles=form.roles.data or [],
                secret=secret,
                at=at,
                actor=current_actor(),
            )
            is_mailed = _write(session, link, nonce)
        return self._handed_over(link, secret, is_mailed)

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        summary = _("They get a link that works once, for a week, and choose their own password. ")
        return ActionPage(_("Invite a colleague"), self.at(), summary + _way_of_letters(), _("Invite"))

    @action("/<int:invitation_id>/again", permission="user:manage", reauthenticate=True)
    def again(self, invitation_id: int, form: DeskForm) -> Done:
        """Make another link in the place of the former."""
        nonce, secret = one_time_links.for_letter(runtime().settings.link_key)
        with self.transaction() as session:
            link = invitations.renew(session, invitation_id, secret=secret, at=clock.now(), actor=current_actor())
            is_mailed = _write(session, link, nonce)
        return self._handed_over(link, secret, is_mailed)

    @again.confirmation
    def _confirm_again(self, invitation_id: int) -> ActionPage:
        summary = _("The link that they have is void from this moment; the new one works for a week. ")
        title = _("Invite %(address)s once more", address=self._address_of(invitation_id))
        return ActionPage(title, self.at(), summary + _way_of_letters(), _("Invite again"))

    @action("/<int:invitation_id>/withdraw", permission="user:manage")
    def withdraw(self, invitation_id: int, form: DeskForm) -> Done:
        """Let nobody in by it."""
        with self.transaction() as session:
            link = invitations.withdraw(session, invitation_id, at=clock.now(), actor=current_actor())
        return _("The invitation of %(address)s is withdrawn: its link opens nothing.", address=link.email)

    @withdraw.confirmation
    def _confirm_withdraw(self, invitation_id: int) -> ActionPage:
        title = _("Withdraw the invitation of %(address)s", address=self._address_of(invitation_id))
        summary = _("Its link opens nothing from this moment. You can invite them anew.")
        return ActionPage(title, self.at(), summary, _("Withdraw"), danger=True)

    def _handed_over(self, link: OneTimeLink, secret: str, is_mailed: bool) -> Done:
        """Say that the letter is on its way, or show the link this once."""
        if is_mailed:
            return _("The invitation of %(address)s is on its way.", address=link.email)
        address = f"{runtime().settings.public_address}{invitation_letters.PATH}{one_time_links.WITH_SECRET}{secret}"
        intro = _("Hand this link to them alone. It is shown once, and works once, for a week.")
        return self.shown_once(_("%(address)s is invited", address=link.email), intro, address, self.at())

    def _address_of(self, invitation_id: int) -> str:
        with self.reading() as session:
            return invitations.get(session, invitation_id).email or ""


def _write(session: Session, link: OneTimeLink, nonce: str) -> bool:
    return invitation_letters.write(session, link, nonce, runtime().settings, at=clock.now())


def _way_of_letters() -> str:
    if runtime().settings.smtp_url:
        return _("It is sent to their address.")
    return _("No mail is set up, so it is shown to you once, to hand over.")
