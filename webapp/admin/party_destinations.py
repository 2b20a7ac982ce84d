"""Where a party's payouts go: set by people, its number never shown again."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import TextInput

from webapp import clock
from webapp.admin.doors import Asked, Done, door
from webapp.admin.forms import DeskForm
from webapp.admin.screen import Screen
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services import parties, payout_destinations
from webapp.services.payout_destinations import KINDS, NewDestination


class Unshown(TextInput):
    """An input that is written and never filled in for anybody."""

    def __call__(self, field: Any, **kwargs: Any) -> Any:
        """Without its value."""
        return super().__call__(field, **kwargs | {"value": "", "autocomplete": "off"})


class DestinationForm(DeskForm):
    """A bank or mobile account."""

    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency, such as NGN.")), Length(max=3)])
    kind = SelectField(_l("Kind of account"), choices=[(kind, kind.replace("_", " ")) for kind in KINDS])
    bank_code = StringField(_l("Bank's code"), [DataRequired(_l("Give the bank's code.")), Length(max=40)])
    account_number = StringField(
        _l("Account number"),
        [DataRequired(_l("Give the account's number.")), Length(max=60)],
        widget=Unshown(),
        description=_l("Kept encrypted. Only its ending is shown from now on."),
    )
    account_name = StringField(_l("Name on the account"), [DataRequired(_l("Give the name.")), Length(max=200)])


class PartyDestinations(Screen):
    """The door of a party's payout destinations."""

    @door(
        "/<int:party_id>/payout-destination",
        permission="party:write",
        form=DestinationForm,
        asks="_payout_destination_asked",
        again=True,
    )
    def payout_destination(self, party_id: int, form: DestinationForm) -> Done:
        """Set where its payouts in one currency go."""
        new = NewDestination(
            form.said("currency").upper(),
            form.said("kind"),
            form.said("bank_code"),
            form.said("account_number"),
            form.said("account_name"),
        )
        keys = runtime().settings.sealing_keys
        with self.transaction() as session:
            made = payout_destinations.put(session, party_id, new, keys=keys, at=clock.now(), actor=current_actor())
            said = {"currency": made.currency, "ending": made.account_ending}
        return _("Payouts in %(currency)s go to the account that ends in %(ending)s.", **said)

    def _payout_destination_asked(self, party_id: int) -> Asked:
        with self.reading() as session:
            party = parties.get(session, party_id)
        summary = _(
            "New payouts of %(name)s in this currency go there. Those under way still go where they were sent.",
            name=party.name,
        )
        back = self.at("one", party_id=party_id)
        return Asked(_("Payout destination of %(name)s", name=party.name), back, summary, _("Set the destination"))
