"""Tokens of machines: made, shown once, revoked."""

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, exists, func, select
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import Choices, DeskForm, MoneyField, checked_currency
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.domain.permissions import SCOPES
from webapp.errors import Invalid
from webapp.models import ApiToken, User
from webapp.security import current_actor
from webapp.services.users import api_tokens

_PERSON = select(User.name).where(User.id == ApiToken.person_id)
_OWNER = _PERSON.correlate(ApiToken).scalar_subquery()
_IS_DISABLED = exists().where(User.id == ApiToken.person_id, User.active.is_(False))
_LIVES = [("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("a year")), ("0", _l("until revoked"))]


class TokenForm(DeskForm):
    """A new token."""

    name = StringField(_l("What is it for?"), [DataRequired(_l("Say what it is for.")), Length(max=200)])
    scopes = Choices(_l("Scopes"), choices=[(scope, scope) for scope in SCOPES])
    limit_currency = StringField(_l("Currency of its daily limit"), [Length(max=3)])
    limit = MoneyField(
        _l("Daily limit"),
        description=_l("Most that it may book a day with the scope parties:money. None set: nothing."),
    )
    days = SelectField(_l("Valid for"), choices=_LIVES, default="90")


class TokenScreen(ListScreen):
    """What machines sign in with."""

    slug = "tokens"
    title = _l("API tokens")
    permission = "token:manage"
    group = "desk"
    icon = "key"
    order = 20
    list_template = "system/api_tokens.html"
    intro = _l("What machines sign in with. Only a hash is kept; a secret is shown once, when it is made.")
    empty = _l("No token yet. Make one for each machine that calls the API, with the fewest scopes it needs.")
    listing = Listing(
        key=ApiToken.id,
        columns=(
            Column("name", _l("Name"), ApiToken.name),
            Column("id", _l("Number"), ApiToken.id, sort=True, shown=False),
            Column("prefix", _l("Begins with"), ApiToken.prefix),
            Column("scopes", _l("Scopes"), ApiToken.scopes),
            Column("owner", _l("Owner"), func.coalesce(_OWNER, ApiToken.owner)),
            Column(
                "state",
                _l("State"),
                kind="badge",
                value=case(
                    (ApiToken.revoked_at.is_not(None), "revoked"),
                    (ApiToken.expires_at < func.now(), "expired"),
                    (_IS_DISABLED, "disabled"),
                    else_="active",
                ),
            ),
            Column("last_used_at", _l("Last used"), ApiToken.last_used_at, kind="when"),
            Column("expires_at", _l("Expires"), ApiToken.expires_at, kind="when"),
            Column("created_at", _l("Made"), ApiToken.created_at, kind="when"),
        ),
        filters=(flag("live", _l("Not revoked"), ApiToken.revoked_at.is_(None)),),
        search=lambda words: func.lower(ApiToken.name).startswith(words.lower(), autoescape=True),
        search_hint=_l("Name"),
    )

    @action("/add", permission="token:manage", form=TokenForm, reauthenticate=True)
    def add(self, form: TokenForm) -> Done:
        """Make a token; its secret is shown once."""
        at, days = clock.now(), int(form.days.data)
        with self.transaction() as session:
            token, secret = api_tokens.create(
                session,
                name=form.name.data or "",
                scopes=form.scopes.data or [],
                at=at,
                actor=current_actor(),
                expires_at=at + timedelta(days=days) if days else None,
                daily_limits=_limits(form),
            )
        intro = _("Copy the token now: it is shown once. The machine sends it as “Authorization: Bearer …”.")
        return self.shown_once(_("%(name)s is ready", name=token.name), intro, secret, self.at())

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        summary = _(
            "Give it the fewest scopes it needs. It never has more than you have, and ends when you are disabled. "
            "No token can approve another person's proposal."
        )
        return ActionPage(_("Make a token"), self.at(), summary, _("Make token"))

    @action("/<int:token_id>/revoke", permission="token:manage")
    def revoke(self, token_id: int, form: DeskForm) -> Done:
        """End a token."""
        with self.transaction() as session:
            token = api_tokens.revoke(session, token_id, at=clock.now(), actor=current_actor())
        return _("%(name)s is revoked.", name=token.name)

    @revoke.confirmation
    def _confirm_revoke(self, token_id: int) -> ActionPage:
        with self.reading() as session:
            token = api_tokens.get(session, token_id)
        summary = _(
            "Requests with it, and with every token made with it, are refused from this moment. "
            "This can't be undone; a new token can be made."
        )
        return ActionPage(_("Revoke %(name)s", name=token.name), self.at(), summary, _("Revoke"), danger=True)


def _limits(form: TokenForm) -> dict[str, int]:
    """The daily limit that was typed, in minor units by currency; nothing when none was."""
    typed = form.text("limit_currency")
    if not typed and not form.limit._value().strip():
        return {}
    try:
        currency = checked_currency(typed)
    except Invalid as unknown:
        raise Invalid(unknown.detail, fields={"limit_currency": unknown.detail}) from None
    return {currency: form.limit.minor(currency)}
