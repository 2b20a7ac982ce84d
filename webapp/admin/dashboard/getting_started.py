"""Getting started: what an empty desk needs before its first day, each step with the way to it and who may do it."""

import shlex
from datetime import timedelta
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen, page
from webapp.providers import key_checks
from webapp.providers.key_checks import KeyFinding
from webapp.security import current_actor, runtime
from webapp.services.read_models import first_steps
from webapp.services.users import api_tokens

_LIFETIME = timedelta(days=30)
_SCOPES = ["orders"]


class FirstStep(NamedTuple):
    """One step: whether it is done, what it is about, and the way to it for who may do it."""

    name: str
    is_done: bool
    title: Any
    text: Any
    permission: str
    url: str
    verb: Any


_STEPS: tuple[tuple[str, Any, Any, str, str, Any], ...] = (
    (
        "administrator",
        _l("First administrator"),
        _l("Adds everybody else, and may change every setting."),
        "user:manage",
        "users.index",
        _l("Users"),
    ),
    (
        "providers",
        _l("Providers, or the sandbox"),
        _l("Money is collected and paid out by providers. Ask those that are set up whether they take our keys."),
        first_steps.CHECK,
        "getting-started.providers",
        _l("Ask the providers…"),
    ),
    (
        "limits",
        _l("Currencies and limits"),
        _l("Up to which amount one person decides alone, by currency. Without one a second person always does."),
        "settings:manage",
        "settings.index",
        _l("Set limits"),
    ),
    (
        "colleagues",
        _l("Colleagues"),
        _l("Who proposes can't approve: large decisions need two people."),
        "user:manage",
        "invitations.add",
        _l("Invite a colleague"),
    ),
    (
        "token",
        _l("API token"),
        _l("The marketplace's own systems call the desk with a token. You get a command that works as it stands."),
        "token:manage",
        "getting-started.token",
        _l("Make your first token…"),
    ),
    (
        "orders",
        _l("First orders"),
        _l("Import what the marketplace has today from a CSV file, or send orders over the API."),
        "order:write",
        "imports.add",
        _l("Import orders"),
    ),
    (
        "api",
        _l("The API"),
        _l("Done once a token was used. The page of the API describes every call, to read and to try."),
        "job:read",
        "docs",
        _l("Read the API"),
    ),
)
"""Name, title, text, permission, the view that does it and what its button says, in the order of `FirstSteps`."""


class GettingStartedScreen(Screen):
    """The steps from an empty desk to the first order."""

    slug = "getting-started"
    title = _l("Getting started")
    permission = "job:read"
    group = "desk"
    in_menu = False

    @page("/")
    def index(self, findings: list[KeyFinding] | None = None) -> Any:
        """Every step, ticked by what is true in the database."""
        with self.reading() as session:
            begun = first_steps.read(session)
        return self.render(
            "dashboard/getting_started.html",
            begun=begun,
            steps=_steps(begun.steps),
            roles_with=first_steps.roles_with,
            providers=sorted(runtime().providers.payment_collectors),
            hide=first_steps.HIDE,
        )

    @action("/providers", permission=first_steps.CHECK)
    def providers(self, form: DeskForm) -> Done:
        """Ask each provider that is configured whether it takes our key."""
        collectors = runtime().providers.payment_collectors
        findings = [key_checks.check_key(collectors[name]) for name in sorted(collectors)]
        with self.transaction() as session:
            first_steps.record_check(session, findings, at=clock.now(), actor=current_actor())
        if not findings:
            return _("No provider is set up, so none was asked.")
        return " ".join(each.sentence for each in findings)

    @providers.confirmation
    def _confirm_providers(self) -> ActionPage:
        summary = _("Each is asked about a payment that nobody made. Nothing is changed there.")
        return ActionPage(_("Ask the providers"), self.at(), summary, _("Ask now"))

    @action("/token", permission="token:manage", reauthenticate=True)
    def token(self, form: DeskForm) -> Done:
        """Make a token to try the API with; it is shown once, in a command that works as it stands."""
        at = clock.now()
        with self.transaction() as session:
            _token, secret = api_tokens.create(
                session,
                name=_("Getting started"),
                scopes=_SCOPES,
                at=at,
                actor=current_actor(),
                expires_at=at + _LIFETIME,
            )
        intro = _(
            "Copy the command now: the token in it is shown once. It lists the orders of this desk, and may create "
            "some, for 30 days."
        )
        return self.shown_once(
            _("Your first token"), intro, command(runtime().settings.public_address, secret), self.at()
        )

    @token.confirmation
    def _confirm_token(self) -> ActionPage:
        summary = _("It may read and create orders, and ends after 30 days. You can revoke it among the API tokens.")
        return ActionPage(_("Make your first token"), self.at(), summary, _("Make token"))

    @action("/hide", permission=first_steps.HIDE)
    def hide(self, form: DeskForm) -> Done:
        """Take the list off the first page."""
        with self.transaction() as session:
            first_steps.hide(session, at=clock.now(), actor=current_actor())
        return _("The list is off the Overview. It stays here.")

    @hide.confirmation
    def _confirm_hide(self) -> ActionPage:
        summary = _("Nobody sees it on the Overview any more; this page stays. It can be shown again.")
        return ActionPage(_("Hide the list"), self.at(), summary, _("Hide"))

    @action("/show", permission=first_steps.HIDE)
    def show(self, form: DeskForm) -> Done:
        """Put the list back on the first page."""
        with self.transaction() as session:
            first_steps.show(session, at=clock.now(), actor=current_actor())
        return _("The list is on the Overview again, until all is done.")

    @show.confirmation
    def _confirm_show(self) -> ActionPage:
        return ActionPage(_("Show the list"), self.at(), _("It stands on the Overview until all is done."), _("Show"))


def command(address: str, secret: str) -> str:
    """What is typed into a shell to call the API of the desk at this address: it lists orders."""
    header = shlex.quote(f"Authorization: Bearer {secret}")
    return f"curl -H {header} {shlex.quote(f'{address}/api/v1/orders')}"


def _steps(done: first_steps.FirstSteps) -> list[FirstStep]:
    return [
        FirstStep(name, getattr(done, name), title, text, permission, url_for(view), verb)
        for name, title, text, permission, view, verb in _STEPS
    ]
