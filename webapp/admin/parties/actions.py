"""What people may do for a party: its standing order to repay, and a wallet by hand."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, MoneyField, in_major
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.parties import auto_deduct_mandates, parties, wallet_provisioning
from webapp.services.parties.auto_deduct_mandates import MandateTerms


class OrderForm(DeskForm):
    """A standing order to repay."""

    enabled = BooleanField(_l("Repay debt from the wallet each evening"))
    percent = IntegerField(
        _l("Percent of the debt"),
        [Optional(), NumberRange(1, 100, _l("From 1 to 100."))],
        description=_l("Empty for the desk's own, which Settings shows."),
    )
    daily_max = MoneyField(
        _l("At most a day"), [Optional()], description=_l("Empty for no maximum. Repayments by hand count towards it.")
    )
    minimum_balance = MoneyField(
        _l("Leave at least in the wallet"),
        [Optional()],
        description=_l("Empty for the desk's own, which Settings shows; 0 to leave nothing."),
    )
    version = HiddenField()


class WalletForm(DeskForm):
    """A wallet to open by hand."""

    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency such as NGN.")), Length(max=3)])
    reason = TextAreaField(_l("Reason"), [DataRequired(_l("Say why, in a sentence.")), Length(max=2000)])


class PartyActions(Screen):
    """The actions of a party."""

    @action(
        "/<int:party_id>/auto-deduct/<currency>",
        permission="party:auto-deduct",
        form=OrderForm,
    )
    def auto_deduct(self, party_id: int, currency: str, form: OrderForm) -> Done:
        """Set the standing order of one currency."""
        daily, least = (_minor_or_none(field, currency) for field in (form.daily_max, form.minimum_balance))
        order = MandateTerms(bool(form.enabled.data), form.percent.data, daily, least)
        with self.transaction() as session:
            auto_deduct_mandates.change(
                session,
                party_id,
                currency,
                order,
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
            )
        return _set(order, currency)

    @auto_deduct.confirmation
    def _confirm_auto_deduct(self, party_id: int, currency: str) -> ActionPage:
        with self.reading() as session:
            name, order = parties.get(session, party_id).name, auto_deduct_mandates.find(session, party_id, currency)
        values: dict[str, Any] = {
            "enabled": order.enabled if order else False,
            "percent": order.percent if order else None,
            "daily_max": in_major(order.daily_max, currency) if order else "",
            "minimum_balance": in_major(order.minimum_balance, currency) if order else "",
            "version": order.version if order else 0,
        }
        rule = auto_deduct_mandates.rule(runtime().settings)
        facts = [
            (_("The desk's own percent"), f"{rule.percent} %"),
            (_("The desk's own minimum"), money(rule.minimum_balance_of(None, currency), currency)),
        ]
        summary = _(
            "Each evening a part of the debt in %(currency)s moves from the wallet of %(name)s.",
            currency=currency,
            name=name,
        )
        return ActionPage(
            _("Auto-deduct of %(name)s", name=name),
            self.at("one", party_id=party_id),
            summary,
            _("Save"),
            facts=facts,
            values=values,
        )

    @action("/<int:party_id>/wallets/add", permission="wallet:open", form=WalletForm)
    def open_wallet(self, party_id: int, form: WalletForm) -> Done:
        """Open a wallet by hand."""
        with self.transaction() as session:
            made = wallet_provisioning.open_by_hand(
                session,
                party_id,
                form.text("currency").upper(),
                form.text("reason"),
                at=clock.now(),
                actor=current_actor(),
            )
            return _(
                "The wallet in %(currency)s is open. The next run pays what waited for it.", currency=made.currency
            )

    @open_wallet.confirmation
    def _confirm_wallet(self, party_id: int) -> ActionPage:
        with self.reading() as session:
            party = parties.get(session, party_id)
        if party.verified_at:
            summary = _("An empty wallet. No money moves now, but jobs and people may pay into it from then on.")
        else:
            summary = _("This party is not verified. With a wallet, jobs and people may pay it all the same.")
        return ActionPage(
            _("Open a wallet for %(name)s", name=party.name),
            self.at("one", party_id=party_id),
            summary,
            _("Open the wallet"),
            values={"currency": request.args.get("currency", "")},
        )


def _set(order: MandateTerms, currency: str) -> str:
    """What is set now, with every amount as it was understood."""
    rule = auto_deduct_mandates.rule(runtime().settings)
    least, most = money(rule.minimum_balance_of(order.minimum_balance, currency), currency), order.daily_max
    state = (
        _("Auto-deduct in %(currency)s is on", currency=currency)
        if order.enabled
        else _("Auto-deduct in %(currency)s is off", currency=currency)
    )
    if most is None:
        return _("%(state)s: no maximum a day, %(least)s stay in the wallet.", state=state, least=least)
    return _(
        "%(state)s: at most %(most)s a day, %(least)s stay in the wallet.",
        state=state,
        most=money(most, currency),
        least=least,
    )


def _minor_or_none(field: MoneyField, currency: str) -> int | None:
    return field.minor(currency) if field._value().strip() else None
