"""What people may decide about a payout: what became of one that does not settle, and who bears one paid twice."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.decisions import Decided, PreviewPage, Verb, preview_then_decide, verb_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DecisionForm
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.domain.states import PayoutStatus
from webapp.models import Payout
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import executors as payout_executors
from webapp.services.payouts import payouts
from webapp.services.read_models import decision_preview, disabled_reasons

_SECOND = _l("Nothing is done until a second person approves it.")
_VERBS: dict[str, Verb] = {
    "payout.mark_paid": (_l("%(amount)s was paid"), _l("Propose that %(amount)s was paid")),
    "payout.give_back": (_l("Give %(amount)s back"), _l("Propose to give %(amount)s back")),
    "payout.claw_back": (_l("Claw %(amount)s back"), _l("Propose to claw %(amount)s back")),
    "payout.write_off": (_l("Write %(amount)s off"), _l("Propose to write %(amount)s off")),
}


class PayoutActions(Screen):
    """The actions of a payout that does not settle, or was paid after all."""

    @action("/<int:payout_id>/mark-paid", permission="money:propose", form=DecisionForm)
    def mark_paid(self, payout_id: int, form: DecisionForm) -> Done:
        """Say that it was paid."""
        return self._decide(payout_id, form, "payout.mark_paid")

    @mark_paid.confirmation
    def _confirm_mark_paid(self, payout_id: int) -> ActionPage:
        summary = _(
            "Mark it paid only when you have seen it in the provider's dashboard or at the bank. No money moves; it is "
            "asked about for thirty days more. A second person has to agree."
        )
        return self._decision_page(payout_id, _("Mark %(ref)s paid"), summary, _("Preview it"))

    @action("/<int:payout_id>/give-back", permission="money:propose", form=DecisionForm)
    def give_back(self, payout_id: int, form: DecisionForm) -> Done:
        """Say that it was not paid: its money goes back."""
        return self._decide(payout_id, form, "payout.give_back")

    @give_back.confirmation
    def _confirm_give_back(self, payout_id: int) -> ActionPage:
        summary = _(
            "Its money goes back to the wallet, and no other payout follows by itself. If it goes out all the same, "
            "the party has it twice: give it back only when the provider told you that it was not paid and won't be. A "
            "second person has to agree."
        )
        return self._decision_page(payout_id, _("Give %(ref)s back"), summary, _("Preview it"))

    @action("/<int:payout_id>/claw-back", permission="money:propose", form=DecisionForm)
    def claw_back(self, payout_id: int, form: DecisionForm) -> Done:
        """Let the party give back what it has twice."""
        return self._decide(payout_id, form, "payout.claw_back")

    @claw_back.confirmation
    def _confirm_claw_back(self, payout_id: int) -> ActionPage:
        summary = _(
            "The party has it twice. It goes out of its wallet, and what that lacks is its debt; the payout counts as "
            "paid from then on, and so does its schedule."
        )
        return self._decision_page(payout_id, _("Claw %(ref)s back"), summary, _("Preview it"))

    @action("/<int:payout_id>/write-off", permission="money:propose", form=DecisionForm)
    def write_off(self, payout_id: int, form: DecisionForm) -> Done:
        """Let the platform bear it."""
        return self._decide(payout_id, form, "payout.write_off")

    @write_off.confirmation
    def _confirm_write_off(self, payout_id: int) -> ActionPage:
        summary = _(
            "The party keeps what it has twice, and the platform's losses bear it; the payout counts as paid from then "
            "on, and so does its schedule."
        )
        return self._decision_page(payout_id, _("Write %(ref)s off"), summary, _("Preview it"))

    def _decide(self, payout_id: int, form: DecisionForm, name: str) -> Done:
        reason = form.text("reason")
        who: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}

        def preview(session: Session) -> PreviewPage:
            payout = payouts.get(session, payout_id)
            found = decision_preview.of(session, name, payout_id, payout_decisions.payload(name, payout, reason), **who)
            verb = verb_of(_VERBS[name], found, amount=money(payout.amount, payout.currency))
            heading = _("Check before it is done: %(ref)s", ref=payout.ref)
            return PreviewPage(found, verb, self.at("one", payout_id=payout_id), heading, _SECOND)

        def decide(session: Session) -> Decided:
            version = form.number("version")
            return payout_decisions.decide(session, name, payout_id, reason, version=version, **who)

        return preview_then_decide(self, form, preview, decide)

    def _decision_page(self, payout_id: int, title: str, summary: str, verb: str) -> ActionPage:
        with self.reading() as session:
            payout = payouts.get(session, payout_id)
        facts = [(_("Amount"), money(payout.amount, payout.currency)), (_("Provider"), payout.provider)]
        back, values = self.at("one", payout_id=payout_id), {"version": payout.version}
        return ActionPage(title % {"ref": payout.ref}, back, summary, verb, facts=facts, values=values)


def decisions(session: Session, payout: Payout) -> list[ActionLink]:
    """Offered while it is not settled, closed until its provider's own time is over; and when it was paid after all."""
    if payout.paid_after_all_at is not None:
        disabled_reason = _disabled_reason(session, "payout.claw_back", payout)
        return [
            action_link("claw_back", _("Claw back…"), "return", "money:propose", disabled_reason, "primary"),
            action_link("write_off", _("Write off…"), "cross", "money:propose", disabled_reason, "danger-quiet"),
        ]
    if payout.status not in (PayoutStatus.SENDING, PayoutStatus.SENT):
        return []
    disabled_reason = payout_decisions.disabled_reason("payout.mark_paid", payout, clock.now(), runtime().settings)
    disabled_reason = disabled_reason or _disabled_reason(
        session, "payout.mark_paid", payout, known=payout_executors.known_of(payout)
    )
    return [
        action_link("mark_paid", _("It was paid…"), "check", "money:propose", disabled_reason, "primary"),
        action_link("give_back", _("Give it back…"), "return", "money:propose", disabled_reason),
    ]


def _disabled_reason(session: Session, action: str, payout: Payout, **options: str) -> str:
    return disabled_reasons.of(session, action, payout.id, at=clock.now(), actor=current_actor(), **options)
