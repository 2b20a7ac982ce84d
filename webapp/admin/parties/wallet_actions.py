"""Money of a party, booked by people: a deposit, a debt, a repayment. Previewed, then done or proposed."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from webapp import clock
from webapp.admin.ui.actions.decisions import ABOVE_LIMIT_POSTED, PreviewPage, Verb, preview_then_decide, verb_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, MoneyField, checked_currency, reference_shown
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.parties import parties, wallet_operations
from webapp.services.parties.wallet_operations import PERMISSION, NewMoney
from webapp.services.read_models import decision_preview

_SUMMARIES = {
    "party.deposit": _l("Money that came from outside goes into the wallet of %(name)s. You see every entry first."),
    "party.owe": _l("%(name)s owes the amount from then on. You see every entry first."),
    "party.repay": _l("The amount leaves the wallet of %(name)s and lowers its debt. You see every entry first."),
}
_VERBS: dict[str, Verb] = {
    "party.deposit": (_l("Deposit %(amount)s"), _l("Propose a deposit of %(amount)s")),
    "party.owe": (_l("Add a debt of %(amount)s"), _l("Propose a debt of %(amount)s")),
    "party.repay": (_l("Repay %(amount)s"), _l("Propose a repayment of %(amount)s")),
}


_REFERENCE = [DataRequired(_l("Give it a reference of its own.")), Length(max=80), reference_shown]


class RepayForm(DeskForm):
    """A booking by hand, and where its money comes from."""

    amount = MoneyField(_l("Amount"), [InputRequired(_l("Write an amount."))])
    reference = StringField(_l("Reference"), _REFERENCE)
    provider_reference = StringField(
        _l("Provider's reference"),
        [Length(max=200)],
        description=_l("Where the money came from: this, or a reason."),
    )
    reason = TextAreaField(_l("Reason"), [Length(max=2000)])
    step = HiddenField(default="preview")


class WalletMoneyForm(RepayForm):
    """A booking in any currency."""

    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency, such as NGN.")), Length(max=3)])


class WalletActions(Screen):
    """The actions of a party's money."""

    @action("/<int:party_id>/deposit", permission=PERMISSION, form=WalletMoneyForm)
    def deposit(self, party_id: int, form: WalletMoneyForm) -> Done:
        """Money from outside into the wallet."""
        return self._book("party.deposit", party_id, form, checked_currency(form.text("currency")))

    @deposit.confirmation
    def _confirm_deposit(self, party_id: int) -> ActionPage:
        return self._action_page("party.deposit", party_id, _("Deposit for %(name)s"))

    @action("/<int:party_id>/debt", permission=PERMISSION, form=WalletMoneyForm)
    def debt(self, party_id: int, form: WalletMoneyForm) -> Done:
        """A debt that the party brings along."""
        return self._book("party.owe", party_id, form, checked_currency(form.text("currency")))

    @debt.confirmation
    def _confirm_debt(self, party_id: int) -> ActionPage:
        return self._action_page("party.owe", party_id, _("A debt of %(name)s"))

    @action("/<int:party_id>/repay/<currency>", permission=PERMISSION, form=RepayForm)
    def repay(self, party_id: int, currency: str, form: RepayForm) -> Done:
        """Repay debt from the wallet."""
        return self._book("party.repay", party_id, form, checked_currency(currency))

    @repay.confirmation
    def _confirm_repay(self, party_id: int, currency: str) -> ActionPage:
        checked_currency(currency)
        with self.reading() as session:
            accounts = parties.balances(session, party_id)
        held = {account.kind: account.balance for account in accounts if account.currency == currency}
        facts = [
            (_("Debt"), money(-held.get("receivable", 0), currency)),
            (_("Wallet"), money(held.get("wallet", 0), currency)),
        ]
        return self._action_page("party.repay", party_id, _("Repay for %(name)s"), facts)

    def _book(self, name: str, party_id: int, form: RepayForm, currency: str) -> Done:
        new = NewMoney(
            form.amount.minor(currency),
            currency,
            form.text("reference"),
            form.text("provider_reference"),
            form.text("reason"),
        )
        who: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}

        def preview(session: Session) -> PreviewPage:
            found = decision_preview.of(session, name, party_id, wallet_operations.as_decided(new), **who)
            verb = verb_of(_VERBS[name], found, amount=money(new.amount, new.currency))
            back = self.at("one", party_id=party_id)
            return PreviewPage(found, verb, back, _("Check before it is done"), ABOVE_LIMIT_POSTED)

        return preview_then_decide(
            self, form, preview, lambda session: wallet_operations.decide(session, name, party_id, new, **who)
        )

    def _action_page(
        self, action: str, party_id: int, title: str, facts: list[tuple[Any, Any]] | None = None
    ) -> ActionPage:
        with self.reading() as session:
            name = {"name": parties.get(session, party_id).name}
        back = self.at("one", party_id=party_id)
        return ActionPage(title % name, back, _SUMMARIES[action] % name, _("Preview"), facts=facts or [])
