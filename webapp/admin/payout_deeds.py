"""What people may decide about a payout in doubt: that it was paid, or that its money goes back to the wallet."""

from typing import Any

from flask import make_response
from flask_babel import gettext as _

from webapp import clock
from webapp.admin.doors import Asked, Done, door
from webapp.admin.escrow_deeds import MoneyForm
from webapp.admin.offers import Offer, offer
from webapp.admin.screen import Screen
from webapp.admin.words import money
from webapp.models import Payout
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services import payout_decisions, payouts, previews


class PayoutDeeds(Screen):
    """The doors of a payout in doubt."""

    @door("/<int:payout_id>/mark-paid", permission="money:propose", form=MoneyForm, asks="_mark_paid_asked")
    def mark_paid(self, payout_id: int, form: MoneyForm) -> Done:
        """Say that it was paid."""
        return self._decide(payout_id, form, "payout.mark_paid")

    @door("/<int:payout_id>/give-back", permission="money:propose", form=MoneyForm, asks="_give_back_asked")
    def give_back(self, payout_id: int, form: MoneyForm) -> Done:
        """Say that it was not paid: its money goes back."""
        return self._decide(payout_id, form, "payout.give_back")

    def _decide(self, payout_id: int, form: MoneyForm, action: str) -> Done:
        if form.step.data != "do":
            return self._previewed(payout_id, form, action)
        with self.transaction() as session:
            decided = payout_decisions.decide(
                session,
                action,
                payout_id,
                form.said("reason"),
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
                payout_decisions.PAYLOADS[action](reason=form.said("reason")),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            payout = payouts.get(session, payout_id)
        return make_response(
            self.show(
                "components/preview_page.html",
                form=form,
                preview=preview,
                verb=_verb(action, payout, preview.needs_second_person),
                back=self.at("one", payout_id=payout_id),
                heading=_("Check before it is done: %(ref)s", ref=payout.ref),
                second=_("This is above your limit: nothing is done until a second person approves it."),
            )
        )

    def _asked_to_decide(self, payout_id: int, title: str, summary: str, verb: str) -> Asked:
        with self.reading() as session:
            payout = payouts.get(session, payout_id)
        facts = [(_("Amount"), money(payout.amount, payout.currency)), (_("Provider"), payout.provider)]
        back, values = self.at("one", payout_id=payout_id), {"version": payout.version}
        return Asked(title % {"ref": payout.ref}, back, summary, verb, facts=facts, values=values)

    def _mark_paid_asked(self, payout_id: int) -> Asked:
        summary = _(
            "Its provider may have it and does not show it. Mark it paid only when you have seen it in the provider's "
            "dashboard or at the bank. No money moves; it is asked about for thirty days more."
        )
        return self._asked_to_decide(payout_id, _("Mark %(ref)s paid"), summary, _("Preview it"))

    def _give_back_asked(self, payout_id: int) -> Asked:
        summary = _(
            "Its money goes back to the wallet, and no other payout follows by itself. If it goes out all the same, "
            "the party has it twice: give it back only when the provider told you that it was not paid and won't be."
        )
        return self._asked_to_decide(payout_id, _("Give %(ref)s back"), summary, _("Preview it"))


def decisions(payout: Payout) -> list[Offer]:
    """Offered while it is in doubt, closed until its provider's own time is over."""
    if payout.doubted_at is None:
        return []
    why_not = payout_decisions.why_not(payout, clock.now(), runtime().settings)
    return [
        offer("mark_paid", _("It was paid…"), "check", "money:propose", why_not, "primary"),
        offer("give_back", _("Give it back…"), "return", "money:propose", why_not),
    ]


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
    }
    return words[action][proposes]
