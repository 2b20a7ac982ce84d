"""Settings: the switch that stops outgoing money, the limits above which two must agree, and what is set outside."""

import json
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, MoneyField, checked_currency
from webapp.admin.ui.screen import Screen, page
from webapp.domain.money.money import Money, major_text
from webapp.errors import Conflict, Invalid
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.approvals import limits
from webapp.services.common import instance, kill_switch
from webapp.services.common.settings_display import masked


class StopForm(DeskForm):
    """Why outgoing money is stopped, or may flow again."""

    why = TextAreaField(_l("Reason"), [DataRequired(_l("Say why; everybody reads it."))])


class InstanceForm(DeskForm):
    """Why this desk, and not the one it may be a copy of, is the original."""

    why = TextAreaField(_l("Reason"), [DataRequired(_l("Say which is the original, and why."))])


class LimitsForm(DeskForm):
    """One limit, of one currency; an empty one means that two must agree on every amount."""

    seen = HiddenField()
    currency = StringField(_l("Currency"), [DataRequired(_l("Write a currency, such as NGN."))])
    limit = MoneyField(
        _l("Limit"), description=_l("Up to this amount a day, one person decides alone. Empty: nobody does.")
    )


class SettingsScreen(Screen):
    """What admins decide for the whole desk."""

    slug = "settings"
    title = _l("Settings")
    permission = "settings:manage"
    group = "desk"
    icon = "contrast"
    order = 30

    @page("/")
    def index(self) -> Any:
        """Everything that is set."""
        with self.reading() as session:
            set_limits = limits.all_limits(session, runtime().settings)
            stopped, copy = kill_switch.switched_off(session), instance.mismatch(session)
        return self.render(
            "system/settings.html", limits=set_limits, stopped=stopped, copy=copy, outside=masked(runtime().settings)
        )

    @action("/stop", permission="money:stop", form=StopForm)
    def stop(self, form: StopForm) -> Done:
        """Stop all outgoing money."""
        with self.transaction() as session:
            kill_switch.stop(session, form.text("why"), at=clock.now(), actor=current_actor())
        return _("Outgoing money is stopped.")

    @stop.confirmation
    def _confirm_stop(self) -> ActionPage:
        summary = _(
            "No job and no person can release, refund, split or repay anything until it is let go. "
            "Runs that would move money end as failed; nothing is lost, and what is due stays due."
        )
        return ActionPage(_("Stop all outgoing money"), self.at(), summary, _("Stop all outgoing money"), danger=True)

    @action("/resume", permission="money:stop", form=StopForm)
    def resume(self, form: StopForm) -> Done:
        """Let outgoing money flow again."""
        with self.transaction() as session:
            kill_switch.resume(session, form.text("why"), at=clock.now(), actor=current_actor())
        return _("Outgoing money flows again.")

    @resume.confirmation
    def _confirm_resume(self) -> ActionPage:
        summary = _("Jobs and people can move money again at once. What fell due meanwhile leaves with the next runs.")
        return ActionPage(_("Let outgoing money flow"), self.at(), summary, _("Let outgoing money flow"), danger=True)

    @action("/instance", permission="money:stop", form=InstanceForm, reauthenticate=True)
    def instance(self, form: InstanceForm) -> Done:
        """Say that this database, with this host, is the original."""
        with self.transaction() as session:
            instance.confirm(session, form.text("why"), at=clock.now(), actor=current_actor())
        return _("This desk is the original now.")

    @instance.confirmation
    def _confirm_instance(self) -> ActionPage:
        with self.reading() as session:
            copy = instance.mismatch(session)
        if not copy:
            raise Conflict(_("This host and its database fit: there is nothing to confirm."))
        summary = _(
            "Make sure first that nothing works on the other one any more, and never will: two desks would pay the "
            "same twice. What is due here leaves with the next runs; to compare with the providers before, stop "
            "outgoing money first."
        )
        title = _("This one is the original")
        return ActionPage(title, self.at(), summary, title, facts=[(_("What does not fit"), copy)], danger=True)

    @action("/limits", permission="settings:manage", form=LimitsForm, reauthenticate=True)
    def limits(self, form: LimitsForm) -> Done:
        """Set the limit of one currency."""
        currency = checked_currency(form.text("currency"))
        seen = _seen(form)
        changed = {code: amount for code, amount in seen.items() if code != currency} | _typed(form, currency)
        with self.transaction() as session:
            limits.set_limits(session, changed, at=clock.now(), actor=current_actor(), seen=seen)
        if currency not in changed:
            return _("%(currency)s has no limit now: two must agree on every amount.", currency=currency)
        return _("The limit is %(amount)s now.", amount=Money(changed[currency], currency))

    @limits.confirmation
    def _confirm_limits(self) -> ActionPage:
        with self.reading() as session:
            found = limits.all_limits(session, runtime().settings)
        facts = [(code, major_text(amount, code)) for code, amount in sorted(found.items())]
        summary = _("Above the limit a decision is only proposed, and a second person approves it.")
        values = {"seen": json.dumps(found)}
        return ActionPage(_("Change a limit"), self.at(), summary, _("Save the limit"), facts=facts, values=values)


def _seen(form: LimitsForm) -> dict[str, int]:
    try:
        found = json.loads(form.text("seen"))
        return {str(code): int(amount) for code, amount in found.items()}
    except (ValueError, AttributeError, TypeError):
        raise Invalid(_("This form can't be used any more. Load the page again.")) from None


def _typed(form: LimitsForm, currency: str) -> dict[str, int]:
    return {currency: form.limit.minor(currency)} if form.text("limit") else {}
