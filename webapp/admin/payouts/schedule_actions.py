"""What people may do with payout schedules: plan, change and cancel them, and have them paid now."""

from datetime import datetime
from functools import partial
from typing import Any, cast

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import (
    DeskForm,
    InstantField,
    MoneyField,
    ReasonForm,
    checked_currency,
    in_major,
    reference_shown,
)
from webapp.admin.ui.actions.run_actions import started
from webapp.admin.ui.formatting import exact, money, when
from webapp.admin.ui.screen import Screen
from webapp.errors import Invalid, NotFound
from webapp.models import PayoutSchedule
from webapp.security import current_actor
from webapp.services.parties import parties
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.payouts.schedules.terms import Terms

_WHEN = _l("Choose a date and time.")


class TermsForm(DeskForm):
    """Money that is sent by hand: what the page said travels with the form."""

    shown = HiddenField()


class PayoutScheduleForm(DeskForm):
    """When how much is paid."""

    amount = MoneyField(_l("Amount"), [InputRequired(_l("Write an amount."))])
    due_at = InstantField(_l("Due"), [InputRequired(_WHEN)])
    guarantee = InstantField(
        _l("Guarantee ends"), [Optional()], description=_l("Nothing is paid before. Empty for no guarantee.")
    )
    placement = StringField(
        _l("Placement"), [Length(max=80), reference_shown], description=_l("What it is for, if anything.")
    )
    version = HiddenField()

    def due(self) -> datetime:
        """When it is due."""
        return cast(datetime, self.due_at.data)

    def until(self) -> datetime | None:
        """When the guarantee ends."""
        return cast("datetime | None", self.guarantee.data)


_REFERENCE = [DataRequired(_l("Give it a reference of its own.")), Length(max=80), reference_shown]


class NewPayoutScheduleForm(PayoutScheduleForm):
    """A payout to be."""

    ref = StringField(_l("Reference"), _REFERENCE)
    party = StringField(_l("Party's reference"), [DataRequired(_l("Say who is paid.")), Length(max=80)])
    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency, such as NGN.")), Length(max=3)])
    field_order = ("ref", "party", "amount", "currency", "due_at", "guarantee", "placement")

    def visible(self) -> list[Any]:
        """Who and what first, then when."""
        return [self[name] for name in self.field_order]


class PayoutScheduleActions(Screen):
    """The actions of payout schedules."""

    @action("/add", permission="payout:manage", form=NewPayoutScheduleForm)
    def add(self, form: NewPayoutScheduleForm) -> Done:
        """Plan a payout."""
        code = checked_currency(form.text("currency"))
        amount = form.amount.minor(code)
        with self.transaction() as session:
            party_id = _party(session, form.text("party"))
            new = NewSchedule(
                form.text("ref"), party_id, amount, code, form.due(), form.text("placement"), form.until()
            )
            made = payout_schedules.create(session, new, at=clock.now(), actor=current_actor())
        return _planned(made, _("%(ref)s is planned: %(amount)s, due %(due)s.")), self.at(
            "one", payout_schedule_id=made.id
        )

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        summary = _("It is paid out of the party's wallet by the daily run, once it is due.")
        values = {"party": request.args.get("party", "")[:80]}
        return ActionPage(_("Plan a payout"), self.at(), summary, _("Plan the payout"), values=values)

    @action("/<int:payout_schedule_id>/change", permission="payout:manage", form=PayoutScheduleForm)
    def change(self, payout_schedule_id: int, form: PayoutScheduleForm) -> Done:
        """Change amount, dates and placement."""
        amount = form.amount.minor(self._schedule(payout_schedule_id).currency)
        with self.transaction() as session:
            changed = payout_schedules.change(
                session,
                payout_schedule_id,
                amount=amount,
                due_at=form.due(),
                guarantee_completion_date=form.until(),
                placement=form.text("placement"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
            )
            return _planned(changed, _("%(ref)s is changed: %(amount)s, due %(due)s."))

    @change.confirmation
    def _confirm_change(self, payout_schedule_id: int) -> ActionPage:
        found = self._schedule(payout_schedule_id)
        page = self._action_page(
            found.id,
            _("Change %(ref)s"),
            _("A schedule that failed waits again, with all its attempts."),
            _("Save"),
        )
        page.values = {
            "amount": in_major(found.amount, found.currency),
            "due_at": found.due_at,
            "guarantee": found.guarantee_completion_date,
            "placement": found.placement,
            "version": found.version,
        }
        return page

    @action("/<int:payout_schedule_id>/cancel", permission="payout:manage", form=ReasonForm)
    def cancel(self, payout_schedule_id: int, form: ReasonForm) -> Done:
        """Give it up before it is paid."""
        with self.transaction() as session:
            ended = payout_schedules.cancel(
                session, payout_schedule_id, form.text("reason"), at=clock.now(), actor=current_actor()
            )
            return _("%(ref)s is cancelled.", ref=ended.ref)

    @cancel.confirmation
    def _confirm_cancel(self, payout_schedule_id: int) -> ActionPage:
        summary = _("%(amount)s is not paid out; it stays in the wallet.")
        return self._action_page(
            payout_schedule_id, _("Cancel %(ref)s"), summary, _("Cancel the schedule"), danger=True
        )

    @action("/<int:payout_schedule_id>/trigger", permission="payout:retry", form=TermsForm)
    def trigger(self, payout_schedule_id: int, form: TermsForm) -> Done:
        """Pay it now, whatever its date says."""
        how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "shown": form.text("shown")}
        return started(self, partial(payout_schedules.trigger, schedule_id=payout_schedule_id, **how))

    @trigger.confirmation
    def _confirm_trigger(self, payout_schedule_id: int) -> ActionPage:
        with self.reading() as session:
            terms = payout_terms.of(session, payout_schedules.get(session, payout_schedule_id))
        summary = _("%(amount)s leaves the wallet and is sent at once, whatever its date says, to the account below.")
        page = self._action_page(payout_schedule_id, _("Pay %(ref)s now"), summary, _("Pay %(amount)s now"))
        page.facts, page.values = shown_terms(terms), {"shown": terms.stamp}
        return page

    @action("/process-due", permission="payout:retry")
    def process_due(self, form: DeskForm) -> Done:
        """Pay everything that is due."""
        return started(self, partial(payout_schedules.trigger_due, actor=current_actor()))

    @process_due.confirmation
    def _confirm_process_due(self) -> ActionPage:
        summary = _("Every schedule on the tab Due is paid now, as the daily run would.")
        return ActionPage(_("Process all that is due"), self.at(), summary, _("Process all that is due"))

    def _schedule(self, payout_schedule_id: int) -> PayoutSchedule:
        with self.reading() as session:
            return payout_schedules.get(session, payout_schedule_id)

    def _action_page(
        self, payout_schedule_id: int, title: str, summary: str, verb: str, danger: bool = False
    ) -> ActionPage:
        found = self._schedule(payout_schedule_id)
        amount = money(found.amount, found.currency)
        values = {"ref": found.ref, "amount": amount}
        back = self.at("one", payout_schedule_id=found.id)
        facts = [(_("Amount"), amount), (_("Due"), when(found.due_at))]
        return ActionPage(title % values, back, summary % values, verb % values, danger, facts=facts)


def shown_terms(terms: Terms) -> list[tuple[Any, Any]]:
    """Amount, date and account, as they would be sent now."""
    return [(_("Amount"), str(terms.amount)), (_("Due"), when(terms.due_at)), (_("To"), terms.account)]


def _planned(schedule: PayoutSchedule, sentence: str) -> str:
    """The sentence with the amount and the date as they were understood."""
    amount = money(schedule.amount, schedule.currency)
    return sentence % {"ref": schedule.ref, "amount": amount, "due": exact(schedule.due_at)}


def _party(session: Any, ref: str) -> int:
    try:
        return parties.by_ref(session, ref).id
    except NotFound as missing:
        raise Invalid(missing.detail, fields={"party": missing.detail}) from None
