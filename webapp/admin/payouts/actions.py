"""What people may decide about a payout: what became of one that does not settle, and who bears one paid twice."""

from typing import Any

from flask import make_response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.escrows.actions import MoneyForm
from webapp.admin.ui.action_links import ActionLink, action_link
from webapp.admin.ui.form_action import ActionPage, Done, action
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.domain.states import PayoutStatus
from webapp.models import Payout
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import executors as payout_executors
from webapp.services.payouts import payouts
from webapp.services.read_models import decision_preview as previews
from webapp.services.read_models import disabled_reasons


class PayoutActions(Screen):
    """The actions of a payout that does not settle, or was paid after all."""

    @action("/<int:payout_id>/mark-paid", permission="money:propose", form=MoneyForm)
    def mark_paid(self, payout_id: int, form: MoneyForm) -> Done:
        """Say that it was paid."""
        return self._decide(payout_id, form, "payout.mark_paid")

    @mark_paid.confirmation
    def _confirm_mark_paid(self, payout_id: int) -> ActionPage:
        summary = _(
            "Mark it paid only when you have seen it in the provider's dashboard or at the bank. No money moves; it is "
            "asked about for thirty days more. A second person has to agree."
        )
        return self._asked_to_decide(payout_id, _("Mark %(ref)s paid"), summary, _("Preview it"))

    @action("/<int:payout_id>/give-back", permission="money:propose", form=MoneyForm)
    def give_back(self, payout_id: int, form: MoneyForm) -> Done:
        """Say that it was not paid: its money goes back."""
        return self._decide(payout_id, form, "payout.give_back")

    @give_back.confirmation
    def _confirm_give_back(self, payout_id: int) -> ActionPage:
        summary = _(
            "Its money goes back to the wallet, and no other payout follows by itself. If it goes out all the same, "
            "the party has it twice: give it back only when the provider told you that it was not paid and won't be. A "
            "second person has to agree."
        )
        return self._asked_to_decide(payout_id, _("Give %(ref)s back"), summary, _("Preview it"))

    @action("/<int:payout_id>/claw-back", permission="money:propose", form=MoneyForm)
    def claw_back(self, payout_id: int, form: MoneyForm) -> Done:
        """Let the party give back what it has twice."""
        return self._decide(payout_id, form, "payout.claw_back")

    @claw_back.confirmation
    def _confirm_claw_back(self, payout_id: int) -> ActionPage:
        summary = _(
            "The party has it twice. It goes out of its wallet, and what that lacks is its debt; the payout counts as "
            "paid from then on, and so does its schedule."
        )
        return self._asked_to_decide(payout_id, _("Claw %(ref)s back"), summary, _("Preview it"))

    @action("/<int:payout_id>/write-off", permission="money:propose", form=MoneyForm)
    def write_off(self, payout_id: int, form: MoneyForm) -> Done:
        """Let the platform bear it."""
        return self._decide(payout_id, form, "payout.write_off")

    @write_off.confirmation
    def _confirm_write_off(self, payout_id: int) -> ActionPage:
        summary = _(
            "The party keeps what it has twice, and the platform's losses bear it; the payout counts as paid from then "
            "on, and so does its schedule."
        )
        return self._asked_to_decide(payout_id, _("Write %(ref)s off"), summary, _("Preview it"))

    def _decide(self, payout_id: int, form: MoneyForm, action: str) -> Done:
        if form.step.data != "do":
            return self._previewed(payout_id, form, action)
        with self.transaction() as session:
            decided = payout_decisions.decide(
                session,
                action,
                payout_id,
                form.text("reason"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            return decided.sentence

    def _previewed(self, payout_id: int, form: MoneyForm, action: str) -> Any:
        with self.reading() as session:
            preview = previews.of(
                session,
                action,
                payout_id,
                payout_decisions.payload(action, payouts.get(session, payout_id), form.text("reason")),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            payout = payouts.get(session, payout_id)
        return make_response(
            self.render(
                "components/preview_page.html",
                form=form,
                preview=preview,
                verb=_verb(action, payout, preview.needs_second_person),
                back=self.at("one", payout_id=payout_id),
                heading=_("Check before it is done: %(ref)s", ref=payout.ref),
                second=_("Nothing is done until a second person approves it."),
            )
        )

    def _asked_to_decide(self, payout_id: int, title: str, summary: str, verb: str) -> ActionPage:
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


def _disabled_reason(session: Session, action: str, payout: Payout, **said: str) -> str:
    return disabled_reasons.of(session, action, payout.id, at=clock.now(), actor=current_actor(), **said)


def _verb(action: str, payout: Payout, proposes: bool) -> str:
    amount = money(payout.amount, payout.currency)
    words = {
        "payout.mark_paid": (
            _("%(amount)s was paid", amount=amount),
            _("Propose that %(amount)s was paid", amount=amount),
        ),
        "payout.give_back": (
            _("Give %(amount)s back", amount=amount),
            _("Propose to give %(amount)s back", amount=amount),
        ),
        "payout.claw_back": (
            _("Claw %(amount)s back", amount=amount),
            _("Propose to claw %(amount)s back", amount=amount),
        ),
        "payout.write_off": (
            _("Write %(amount)s off", amount=amount),
            _("Propose to write %(amount)s off", amount=amount),
        ),
    }
    return words[action][proposes]
