"""People who sign in: their roles, and getting them in and out."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, or_, select
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import Choices, DeskForm
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.domain.permissions import ROLES, of_roles
from webapp.models import ApiToken, Role, User
from webapp.models.user import user_roles
from webapp.security import current_actor, runtime
from webapp.services.users import api_tokens, identities, passkeys, passwords, sessions, users

_ROLES_OF = (
    select(func.aggregate_strings(Role.name, ", "))
    .join(user_roles, user_roles.c.role_id == Role.id)
    .where(user_roles.c.user_id == User.id)
    .scalar_subquery()
)
_HAS_SECOND_FACTOR = or_(User.totp_secret.is_not(None), User.has_passkeys)
EACH_ROLE = [(role, role) for role in ROLES]
"""To choose roles of."""


class UserForm(DeskForm):
    """A new user."""

    name = StringField(_l("Name"), [DataRequired(_l("Say who this is.")), Length(max=200)])
    email = StringField(_l("Email"), [DataRequired(_l("Write an address.")), Length(max=200)])
    roles = Choices(_l("Roles"), choices=EACH_ROLE)


class RolesForm(DeskForm):
    """Which roles a user has."""

    roles = Choices(_l("Roles"), choices=EACH_ROLE)


class AccountReasonForm(DeskForm):
    """Why it is done."""

    reason = TextAreaField(_l("Reason"), [DataRequired(_l("Say why.")), Length(max=500)])


class ResetForm(DeskForm):
    """What the person has lost besides the password."""

    second_factor = BooleanField(_l("Turn the second factor off as well: app, passkeys and recovery codes are lost"))


class UserScreen(ListScreen):
    """Who may sign in, and as what."""

    slug = "users"
    title = _l("Users")
    permission = "user:manage"
    group = "desk"
    icon = "people"
    order = 10
    list_template = "system/users.html"
    intro = _l("Who may sign in, and as what.")
    empty = _l("Nobody matches. Clear the filters, or add a user.")
    listing = Listing(
        key=User.id,
        sort="name",
        columns=(
            Column("name", _l("Name"), User.name, kind="ref", sort=True, link=lambda row: f"/users/{row.id}"),
            Column("id", _l("Number"), User.id, shown=False),
            Column("email", _l("Email"), User.email, sort=True),
            Column("roles", _l("Roles"), _ROLES_OF),
            Column("state", _l("State"), case((User.active, "active"), else_="disabled"), kind="badge"),
            Column(
                "second_factor",
                _l("Second factor"),
                case((_HAS_SECOND_FACTOR, "on"), else_="off"),
                kind="badge",
            ),
            Column("created_at", _l("Added"), User.created_at, kind="when"),
        ),
        filters=(
            flag("disabled", _l("Disabled only"), User.active.is_(False)),
            flag("no_second_factor", _l("Without a second factor"), ~_HAS_SECOND_FACTOR),
        ),
        search=lambda words: or_(
            User.email == words.lower(), func.lower(User.name).startswith(words.lower(), autoescape=True)
        ),
        search_hint=_l("Name or email"),
    )

    @page("/<int:user_id>")
    def one(self, user_id: int) -> Any:
        """A user: roles, state and open sign-ins."""
        with self.reading() as session:
            at, user = clock.now(), users.find(session, user_id)
            open_sessions, held = sessions.of_user(session, user_id, at), api_tokens.of_person(session, user_id, at)
            of_theirs, known_as = passkeys.of_user(session, user_id), identities.of_user(session, user_id)
        shown = {"open": open_sessions, "tokens": held, "passkeys": of_theirs, "identities": known_as}
        return self.render("system/user.html", user=user, **shown)

    @action("/add", permission="user:manage", form=UserForm, reauthenticate=True)
    def add(self, form: UserForm) -> Done:
        """Add a user with a password that is shown once."""
        password = passwords.generated()
        with self.transaction() as session:
            user = users.create(
                session,
                email=form.email.data or "",
                name=form.name.data or "",
                roles=form.roles.data or [],
                password=password,
                must_change_password=True,
                at=clock.now(),
                actor=current_actor(),
            )
        return self._once(_("%(name)s can sign in now", name=user.name), user.id, password)

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        made = _("A password is made for them and shown to you once. They choose their own at the first sign-in.")
        has_provider = runtime().settings.has_identity_provider
        other = _(" Through the identity provider they sign in with this address, without it.") if has_provider else ""
        return ActionPage(
            _("Add a user"),
            self.at(),
            verb=_("Add user"),
            summary=made + other,
        )

    @action("/<int:user_id>/roles", permission="user:manage", form=RolesForm, reauthenticate=True)
    def roles(self, user_id: int, form: RolesForm) -> Done:
        """Give a user other roles."""
        at, chosen = clock.now(), form.roles.data or []
        with self.transaction() as session:
            over = api_tokens.beyond(session, user_id, of_roles(chosen), at)
            user = users.change_roles(session, user_id, chosen, at=at, actor=current_actor())
        return _("%(name)s has other roles now.", name=user.name) + _ended(over)

    @roles.confirmation
    def _confirm_roles(self, user_id: int) -> ActionPage:
        with self.reading() as session:
            user = users.find(session, user_id)
        held = [role.name for role in user.roles]
        return ActionPage(
            _("Roles of %(name)s", name=user.name),
            self.at("one", user_id=user_id),
            _("API tokens of theirs that could do more than the new roles allow end at once."),
            _("Save roles"),
            values={"roles": held},
            facts=self._tokens_of(user_id),
        )

    @action("/<int:user_id>/disable", permission="user:manage", form=AccountReasonForm)
    def disable(self, user_id: int, form: AccountReasonForm) -> Done:
        """Let a user in no more."""
        at = clock.now()
        with self.transaction() as session:
            over = api_tokens.beyond(session, user_id, frozenset(), at)
            user = users.disable(session, user_id, at=at, actor=current_actor(), reason=form.reason.data)
        return _("%(name)s is disabled and signed out everywhere.", name=user.name) + _ended(over)

    @disable.confirmation
    def _confirm_disable(self, user_id: int) -> ActionPage:
        summary = _(
            "Every sign-in and every API token of theirs ends at once. They can't sign in until enabled again, "
            "and their tokens stay ended."
        )
        return ActionPage(
            _("Disable %(name)s", name=self._named(user_id)),
            self.at("one", user_id=user_id),
            summary,
            _("Disable"),
            danger=True,
            facts=self._tokens_of(user_id),
        )

    @action("/<int:user_id>/enable", permission="user:manage", reauthenticate=True)
    def enable(self, user_id: int, form: DeskForm) -> Done:
        """Let a user in again."""
        with self.transaction() as session:
            user = users.enable(session, user_id, at=clock.now(), actor=current_actor())
        return _("%(name)s may sign in again.", name=user.name)

    @enable.confirmation
    def _confirm_enable(self, user_id: int) -> ActionPage:
        summary = _("They can sign in again with the password they had.")
        return ActionPage(
            _("Enable %(name)s", name=self._named(user_id)), self.at("one", user_id=user_id), summary, _("Enable")
        )

    @action("/<int:user_id>/reset", permission="user:manage", form=ResetForm, reauthenticate=True)
    def reset(self, user_id: int, form: ResetForm) -> Done:
        """A new password, shown once."""
        lost = bool(form.second_factor.data)
        with self.transaction() as session:
            password = users.reset(session, user_id, at=clock.now(), actor=current_actor(), second_factor_too=lost)
        return self._once(_("The password was reset"), user_id, password)

    @reset.confirmation
    def _confirm_reset(self, user_id: int) -> ActionPage:
        summary = _(
            "They get a new password, which is shown to you once, and every sign-in of theirs ends. Make sure that it "
            "is them who ask, above all when the second factor goes too."
        )
        title = _("Reset the sign-in of %(name)s", name=self._named(user_id))
        return ActionPage(title, self.at("one", user_id=user_id), summary, _("Reset"), danger=True)

    @action("/<int:user_id>/passkeys/<int:passkey_id>/remove", permission="user:manage", reauthenticate=True)
    def remove_passkey(self, user_id: int, passkey_id: int, form: DeskForm) -> Done:
        """Remove a passkey that is lost."""
        with self.transaction() as session:
            name = passkeys.remove_for(session, user_id, passkey_id, at=clock.now(), actor=current_actor())
        return _("%(name)s opens nothing any more.", name=name)

    @remove_passkey.confirmation
    def _confirm_remove_passkey(self, user_id: int, passkey_id: int) -> ActionPage:
        with self.reading() as session:
            user, passkey = users.find(session, user_id), passkeys.find(session, user_id, passkey_id)
            is_last = user.totp_secret is None and len(passkeys.of_user(session, user_id)) == 1
        summary = _("It opens nothing any more, and they are told. Make sure that it is them who ask.")
        last = _(" It is their only second factor: their password alone will sign them in.") if is_last else ""
        title = _("Remove %(passkey)s of %(name)s", passkey=passkey.name, name=user.name)
        back = self.at("one", user_id=user_id)
        return ActionPage(title, back, summary + last, _("Remove"), danger=True)

    @action("/<int:user_id>/identities/<int:identity_id>/unlink", permission="user:manage", reauthenticate=True)
    def unlink(self, user_id: int, identity_id: int, form: DeskForm) -> Done:
        """Forget who a user is at the identity provider."""
        with self.transaction() as session:
            user = users.find(session, user_id)
            identities.unlink(session, user_id, identity_id, at=clock.now(), actor=current_actor())
        return _("%(name)s is unlinked and signed out everywhere.", name=user.name), self.at("one", user_id=user_id)

    @unlink.confirmation
    def _confirm_unlink(self, user_id: int, identity_id: int) -> ActionPage:
        with self.reading() as session:
            linked = identities.find(session, user_id, identity_id)
        summary = _(
            "Every sign-in of theirs ends. Whoever comes next with their verified address is linked anew: to keep the "
            "person out, disable the account instead."
        )
        return ActionPage(
            _("Unlink %(name)s", name=self._named(user_id)),
            self.at("one", user_id=user_id),
            summary,
            _("Unlink"),
            danger=True,
            facts=[(_("Issuer"), linked.issuer), (_("Subject"), linked.subject)],
        )

    def _once(self, title: str, user_id: int, password: str) -> Any:
        intro = _(
            "Hand this password over in person or by phone. It is shown once, works for seven days, and must be "
            "changed at the first sign-in."
        )
        return self.shown_once(title, intro, password, self.at("one", user_id=user_id))

    def _named(self, user_id: int) -> str:
        with self.reading() as session:
            return users.find(session, user_id).name

    def _tokens_of(self, user_id: int) -> list[tuple[str, str]]:
        """What machines sign in with in this person's name, as a fact beside the form."""
        with self.reading() as session:
            held = api_tokens.of_person(session, user_id, clock.now())
        named = "; ".join(f"{token.name} ({', '.join(token.scopes)})" for token in held)
        return [(_("API tokens"), named)] if held else []


def _ended(ended: list[ApiToken]) -> str:
    """Which tokens a change has ended, as one more sentence."""
    if not ended:
        return ""
    return " " + _("Ended API tokens: %(names)s.", names=", ".join(token.name for token in ended))
