"""Payouts: money that leaves to a bank or mobile account."""

from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.payouts.actions import PayoutActions, decisions
from webapp.admin.payouts.listing import LISTING, TABS
from webapp.admin.payouts.rerouting import ReroutingActions, reroutings
from webapp.admin.payouts.schedule_actions import TermsForm, shown_terms
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, ReasonForm
from webapp.admin.ui.actions.run_actions import started
from webapp.admin.ui.formatting import money, provider_word
from webapp.admin.ui.lists.tabbed_screen import TabbedScreen
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import in_words
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import explanation as payout_explanation
from webapp.services.payouts import pauses as payout_pauses
from webapp.services.payouts import payouts
from webapp.services.payouts import probes as payout_probes
from webapp.services.payouts.detail import PayoutDetail


class PayoutScreen(TabbedScreen, PayoutActions, ReroutingActions):
    """Every payout, by how far it is."""

    slug = "payouts"
    title = _l("Payouts")
    permission = "payout:read"
    group = "money"
    icon = "leave"
    order = 14
    intro = _l("Money that leaves to bank and mobile accounts, each payout sent once.")
    empty = _l("No payout is like this. A payout appears when a payout schedule is due or somebody has it paid.")
    listing, tabs, counted = LISTING, TABS, "payouts"
    list_template = "payouts/payouts.html"

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs, and why a provider sends none at present."""
        pauses = payout_pauses.in_force(session).values()
        return super().around(session) | {"pauses": [payout_pauses.in_words(each) for each in pauses]}

    @page("/<int:payout_id>")
    def one(self, payout_id: int) -> Any:
        """A payout: where it went, what its provider said, and what can be done."""
        with self.reading() as session:
            file = payout_detail.read(session, payout_id)
            action_links = _action_links(session, file)
        why = payout_explanation.why(file, clock.now(), runtime().settings)
        return self.render(
            "payouts/payout.html", file=file, why=why, moments=in_words(file.moments), action_links=action_links
        )

    @action("/<int:payout_id>/retry", permission="payout:retry", form=TermsForm)
    def retry(self, payout_id: int, form: TermsForm) -> Done:
        """A new payout in its place, by a run of its own."""
        how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "shown": form.text("shown")}
        return started(self, partial(payouts.retry, payout_id=payout_id, **how))

    @retry.confirmation
    def _confirm_retry(self, payout_id: int) -> ActionPage:
        with self.reading() as session:
            file = payout_detail.read(session, payout_id)
        summary = _("A new payout of %(amount)s is sent at once, under a reference of its own, to the account below.")
        page = self._action_page(payout_id, _("Try %(ref)s again"), summary, _("Pay %(amount)s again"))
        if file.terms is not None:
            tried = payout_destinations.masked(file.destination)
            page.facts = [
                *shown_terms(file.terms),
                (_("Failed at"), tried),
                (_("Last word"), provider_word(file.payout.status_detail)),
            ]
            page.values = {"shown": file.terms.stamp}
        return page

    @action("/<int:payout_id>/cancel", permission="payout:manage", form=ReasonForm)
    def cancel(self, payout_id: int, form: ReasonForm) -> Done:
        """Give it up before it is sent."""
        with self.transaction() as session:
            payout = payouts.cancel(
                session,
                payout_id,
                form.text("reason"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            return _("%(ref)s is cancelled; the money is in the wallet again.", ref=payout.ref)

    @cancel.confirmation
    def _confirm_cancel(self, payout_id: int) -> ActionPage:
        summary = _("It is not sent: %(amount)s goes back to the wallet, and its schedule is cancelled.")
        return self._action_page(payout_id, _("Cancel %(ref)s"), summary, _("Cancel the payout"), danger=True)

    @action("/try-now", permission="payout:retry")
    def try_now(self, form: DeskForm) -> Done:
        """Try one payout of each paused provider at once."""
        with self.transaction() as session:
            providers, run = payout_probes.try_now(session, at=clock.now(), actor=current_actor())
            if run is not None:
                enqueue_after_commit(runtime(), session, run)
        message = _("One payout through %(names)s is tried now.", names=", ".join(providers))
        return (message, url_for("runs.one", run_id=run.id)) if run is not None else message

    @try_now.confirmation
    def _confirm_try_now(self) -> ActionPage:
        summary = _(
            "One payout of each provider that is paused is sent now, without waiting for the ten minutes to pass. When "
            "it is taken, all others go on by themselves; when it is refused, all wait on."
        )
        return ActionPage(_("Try payouts now"), self.at(), summary, _("Try one now"))

    def _action_page(self, payout_id: int, title: str, summary: str, verb: str, danger: bool = False) -> ActionPage:
        with self.reading() as session:
            file = payout_detail.read(session, payout_id)
        amount = money(file.payout.amount, file.payout.currency)
        facts = [
            (_("Amount"), amount),
            (_("Party"), file.party.name),
            (_("Last word"), provider_word(file.payout.status_detail)),
        ]
        values = {"ref": file.payout.ref, "amount": amount}
        back = self.at("one", payout_id=payout_id)
        return ActionPage(title % values, back, summary % values, verb % values, danger, facts=facts)


def _not_askable(file: PayoutDetail) -> str:
    if file.payout.provider not in runtime().providers.payout_senders:
        return _("%(provider)s is not configured, so it can't be asked.", provider=file.payout.provider)
    return payouts.ask_disabled_reason(file.payout)


def _action_links(session: Session, file: PayoutDetail) -> list[ActionLink]:
    no_cancel = payouts.cancel_disabled_reason(file.payout, clock.now(), runtime().settings)
    no_retry = payout_detail.retry_disabled_reason(file, clock.now())
    return [
        *decisions(session, file.payout),
        *reroutings(file),
        action_link("ask", _("Ask now…"), "question", "payout:retry", _not_askable(file)),
        action_link("cancel", _("Cancel…"), "cross", "payout:manage", no_cancel, "danger-quiet"),
        action_link("retry", _("Retry…"), "refresh", "payout:retry", no_retry, "primary"),
    ]
