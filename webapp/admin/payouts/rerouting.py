"""What people may say about where an unsent payout goes, when its account was changed; and asking its provider now."""

from collections.abc import Callable

from flask_babel import gettext as _
from wtforms import HiddenField

from webapp import clock
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.errors import Conflict
from webapp.jobs.steps import send_payouts
from webapp.models import Payout
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import payouts
from webapp.services.payouts import rerouting as payout_rerouting
from webapp.services.payouts import stops as payout_stops
from webapp.services.payouts.detail import PayoutDetail


class VersionForm(DeskForm):
    """Something that is done to what the page showed."""

    version = HiddenField()


class ReroutingActions(Screen):
    """The actions of a payout that waits for a word where it goes, and of one that its provider is asked about."""

    @action("/<int:payout_id>/keep-account", permission="payout:manage", form=VersionForm)
    def keep_account(self, payout_id: int, form: VersionForm) -> Done:
        """It goes to the account that it was written for."""
        return self._sent_to(payout_rerouting.keep_account, payout_id, form)

    @keep_account.confirmation
    def _confirm_keep(self, payout_id: int) -> ActionPage:
        with self.reading() as session:
            to = payout_destinations.masked(payout_detail.read(session, payout_id).destination)
        summary = _("It is sent to the account that it was written for, although the party has another one now.")
        return self._about(payout_id, _("Send %(ref)s to its account"), summary, _("Send it there"), to)

    @action("/<int:payout_id>/redirect", permission="payout:manage", form=VersionForm)
    def redirect(self, payout_id: int, form: VersionForm) -> Done:
        """It goes to the account that its party has now."""
        return self._sent_to(payout_rerouting.redirect, payout_id, form)

    @redirect.confirmation
    def _confirm_redirect(self, payout_id: int) -> ActionPage:
        with self.reading() as session:
            now = payout_stops.in_use(session, payouts.get(session, payout_id))
            to = payout_destinations.masked(now) if now else _("no account")
        summary = _("It is sent to the account that the party has now, and not to the one that it was written for.")
        return self._about(payout_id, _("Send %(ref)s to the new account"), summary, _("Send it there"), to)

    @action("/<int:payout_id>/ask", permission="payout:retry")
    def ask(self, payout_id: int, form: DeskForm) -> Done:
        """Ask its provider now. That is done outside of any transaction, and sends nothing."""
        problem = send_payouts.ask_now(runtime(), payout_id, current_actor())
        if problem:
            raise Conflict(_("It could not be asked: %(said)s", said=problem))
        return _("Its provider was asked. What it told is below.")

    @ask.confirmation
    def _confirm_ask(self, payout_id: int) -> ActionPage:
        with self.reading() as session:
            file = payout_detail.read(session, payout_id)
        summary = _("Its provider is asked what became of it, and what it tells is settled. Nothing is sent by that.")
        to = payout_destinations.masked(file.destination)
        return self._about(payout_id, _("Ask about %(ref)s"), summary, _("Ask now"), to)

    def _sent_to(self, act: Callable[..., Payout], payout_id: int, form: VersionForm) -> Done:
        """Do it to the payout that the page showed, and name the account."""
        version, actor = form.number("version"), current_actor()
        with self.transaction() as session:
            payout = act(session, payout_id, version=version, at=clock.now(), actor=actor)
            to = payout_destinations.masked(payout_destinations.get(session, payout.destination_id))
        return _("It is sent to %(to)s by the next run.", to=to)

    def _about(self, payout_id: int, title: str, summary: str, verb: str, to: str) -> ActionPage:
        with self.reading() as session:
            payout = payouts.get(session, payout_id)
        facts = [(_("Amount"), money(payout.amount, payout.currency)), (_("To"), to)]
        back, values = self.at("one", payout_id=payout_id), {"version": payout.version}
        return ActionPage(title % {"ref": payout.ref}, back, summary, verb, facts=facts, values=values)


def reroutings(file: PayoutDetail) -> list[ActionLink]:
    """Offered while it waits for a word where it goes."""
    if not file.is_account_changed:
        return []
    return [
        action_link("keep_account", _("Send to its account…"), "wallet", "payout:manage", file.keep_disabled_reason),
        action_link(
            "redirect",
            _("Send to the new account…"),
            "wallet",
            "payout:manage",
            file.redirect_disabled_reason,
            "primary",
        ),
    ]
