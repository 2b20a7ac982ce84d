"""Where a party's payouts go: set by people, its number never shown again."""

from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import TextInput

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, PasskeyForm, ReasonForm
from webapp.admin.ui.actions.reauthentication_form import ReauthenticationForm
from webapp.admin.ui.formatting import exact
from webapp.admin.ui.late_words import read_late
from webapp.admin.ui.screen import Screen, script_page
from webapp.domain.payouts.payout_accounts import CURRENCIES
from webapp.domain.state_labels import in_words
from webapp.domain.words import joined
from webapp.errors import Refusal
from webapp.security import current_actor, passkey_checks
from webapp.security.context import runtime
from webapp.services.parties import parties
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.users.passkeys import PasskeyProof


class Unshown(TextInput):
    """An input that is written and never filled in for anybody."""

    def __call__(self, field: Any, **kwargs: Any) -> Any:
        """Without its value."""
        return super().__call__(field, **kwargs | {"value": "", "autocomplete": "off"})


_KINDS = read_late({kind: joined(in_words(kind), f"({', '.join(some)})") for kind, some in CURRENCIES.items()})


class DestinationForm(DeskForm):
    """A bank or mobile account."""

    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency, such as NGN.")), Length(max=3)])
    kind = SelectField(_l("Kind of account"), choices=_KINDS)
    bank_code = StringField(_l("Bank's code"), [DataRequired(_l("Give the bank's code.")), Length(max=40)])
    account_number = StringField(
        _l("Account number"),
        [DataRequired(_l("Give the account's number.")), Length(max=60)],
        widget=Unshown(),
        description=_l("Kept encrypted. Only its ending is shown from now on."),
    )
    account_name = StringField(_l("Name on the account"), [DataRequired(_l("Give the name.")), Length(max=200)])
    account_reference = StringField(
        _l("Account reference"),
        [Length(max=40)],
        description=_l("Only for an M-PESA Paybill or Till number (mobile money business): the account behind it."),
    )


class DestinationActions(Screen):
    """The actions of a party's payout destinations."""

    @action(
        "/<int:party_id>/payout-destination",
        permission="party:write",
        form=DestinationForm,
        reauthenticate=True,
    )
    def payout_destination(self, party_id: int, form: DestinationForm) -> Done:
        """Set where its payouts in one currency go."""
        new = NewDestination(
            form.text("currency").upper(),
            form.text("kind"),
            form.text("bank_code"),
            form.text("account_number"),
            form.text("account_name"),
            form.text("account_reference"),
        )
        settings = runtime().settings
        with self.transaction() as session:
            made = payout_destinations.put(
                session, party_id, new, at=clock.now(), actor=current_actor(), settings=settings
            )
            until = exact(made.effective_at or made.created_at)
            values = {"currency": made.currency, "ending": made.account_ending, "until": until}
        return _("Payouts in %(currency)s go to the account that ends in %(ending)s from %(until)s on.", **values)

    @payout_destination.confirmation
    def _confirm_payout_destination(self, party_id: int) -> ActionPage:
        with self.reading() as session:
            party = parties.get(session, party_id)
        summary = ngettext(
            "New payouts of %(name)s in this currency go there after %(num)s hour, or once a second person approves "
            "it; until then nothing is paid. Those under way still go where they were sent. %(name)s is told.",
            "New payouts of %(name)s in this currency go there after %(num)s hours, or once a second person approves "
            "it; until then nothing is paid. Those under way still go where they were sent. %(name)s is told.",
            runtime().settings.payout_destination_wait_hours,
            name=party.name,
        )
        back = self.at("one", party_id=party_id)
        return ActionPage(_("Payout destination of %(name)s", name=party.name), back, summary, _("Set the destination"))

    @action(
        "/<int:party_id>/payout-destination/<int:destination_id>/approve",
        permission="money:approve",
        template="parties/approve_destination.html",
        reauthenticate=True,
    )
    def approve_destination(self, party_id: int, destination_id: int, form: DeskForm) -> Done:
        """Let a new destination be paid to at once."""
        return self._approve_destination(destination_id)

    def _approve_page(
        self, party_id: int, destination_id: int, forms: dict[str, DeskForm], refusal: Refusal | None = None
    ) -> Any:
        """The page of the approval once more, with why the passkey did not do."""
        page = self._confirm_approve_destination(party_id, destination_id)
        form = ReauthenticationForm(formdata=None)
        return self.render("parties/approve_destination.html", action_page=page, form=form, refusal=refusal)

    @script_page("/<int:party_id>/payout-destination/<int:destination_id>/passkey-options", permission="money:approve")
    def destination_passkey_options(self, party_id: int, destination_id: int) -> Response:
        """What the browser has a passkey sign: for this destination, and no other."""
        with self.reading() as session:
            how: dict[str, Any] = {"at": clock.now(), "actor": current_actor()}
            payout_destinations.require_undecided(session, destination_id, **how)
        return passkey_checks.options_to_use(passkey_checks.to_approve(payout_destinations.KIND, destination_id))

    @action(
        "/<int:party_id>/payout-destination/<int:destination_id>/approve-with-passkey",
        permission="money:approve",
        form=PasskeyForm,
        shown_on=_approve_page,
    )
    def approve_destination_with_passkey(self, party_id: int, destination_id: int, form: PasskeyForm) -> Done:
        """Let it be paid to at once, by a touch."""
        credential = form.credential.data or ""
        proof = passkey_checks.proof(payout_destinations.KIND, destination_id, credential)
        return self._approve_destination(destination_id, proof)

    @approve_destination_with_passkey.confirmation
    def _confirm_destination_with_passkey(self, party_id: int, destination_id: int) -> ActionPage:
        return self._confirm_approve_destination(party_id, destination_id)

    def _approve_destination(self, destination_id: int, proof: PasskeyProof | None = None) -> str:
        with self.transaction() as session:
            how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}
            payout_destinations.approve(session, destination_id, proof=proof, **how)
        return _("Approved. Payouts go there from now on.")

    @approve_destination.confirmation
    def _confirm_approve_destination(self, party_id: int, destination_id: int) -> ActionPage:
        summary = _("Payouts go there at once. Approve it only when you have asked the party another way.")
        return self._about(party_id, destination_id, _("Approve a payout destination"), summary, _("Approve"))

    @action(
        "/<int:party_id>/payout-destination/<int:destination_id>/reject",
        permission="money:approve",
        form=ReasonForm,
    )
    def reject_destination(self, party_id: int, destination_id: int, form: ReasonForm) -> Done:
        """Give a new destination up."""
        with self.transaction() as session:
            payout_destinations.reject(
                session, destination_id, form.text("reason"), at=clock.now(), actor=current_actor()
            )
        return _("Rejected. Payouts go where they went before.")

    @reject_destination.confirmation
    def _confirm_reject_destination(self, party_id: int, destination_id: int) -> ActionPage:
        summary = _("It is never paid to, and the destination before it is used again.")
        return self._about(party_id, destination_id, _("Reject a payout destination"), summary, _("Reject"), True)

    def _about(
        self, party_id: int, destination_id: int, title: str, summary: str, verb: str, danger: bool = False
    ) -> ActionPage:
        with self.reading() as session:
            party, found = parties.get(session, party_id), payout_destinations.get(session, destination_id)
        facts = [
            (_("Party"), party.name),
            (_("Account"), f"{found.account_name}, {found.bank_code} ···{found.account_ending}"),
            (_("Set by"), found.created_by),
        ]
        return ActionPage(title, self.at("one", party_id=party_id), summary, verb, danger, facts=facts)
