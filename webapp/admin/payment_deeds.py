"""What people may do with one payment: have its provider asked, and decide about what came in."""

from typing import Any

from flask import make_response
from flask_babel import gettext as _

from webapp import clock
from webapp.admin.doors import Asked, Done, door
from webapp.admin.escrow_deeds import MoneyForm
from webapp.admin.forms import DeskForm
from webapp.admin.offers import Offer, offer
from webapp.admin.screen import Screen
from webapp.admin.words import money
from webapp.domain.states import PaymentStatus
from webapp.jobs import payment_waves
from webapp.models import Payment
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services import payment_decisions, payment_file, payments, previews
from webapp.services.payment_file import PaymentFile


class PaymentDeeds(Screen):
    """The doors of a payment."""

    @door("/<int:payment_id>/verify", permission="payment:verify", asks="_verify_asked")
    def verify(self, payment_id: int, form: DeskForm) -> Done:
        """Ask its provider now. That is done outside of any transaction, and twice changes nothing."""
        return _heard(payment_waves.verify_now(runtime(), payment_id, current_actor()))

    @door("/<int:payment_id>/accept", permission="money:propose", form=MoneyForm, asks="_accept_asked")
    def accept(self, payment_id: int, form: MoneyForm) -> Done:
        """Hold what came in."""
        return self._decide(payment_id, form, "payment.accept")

    @door("/<int:payment_id>/refund", permission="money:propose", form=MoneyForm, asks="_refund_asked")
    def refund(self, payment_id: int, form: MoneyForm) -> Done:
        """Give the payer back what came in."""
        return self._decide(payment_id, form, "payment.refund")

    @door("/<int:payment_id>/mark-paid", permission="money:propose", form=MoneyForm, asks="_mark_paid_asked")
    def mark_paid(self, payment_id: int, form: MoneyForm) -> Done:
        """Hold money that came in another way."""
        return self._decide(payment_id, form, "payment.mark_paid")

    def offers(self, file: PaymentFile) -> list[Offer]:
        """Every deed, open or closed."""
        ways = [
            ("accept", _("Accept…"), "check", "primary"),
            ("refund", _("Refund…"), "return", ""),
            ("mark_paid", _("Mark paid…"), "coins", ""),
        ]
        asking = offer("verify", _("Verify now…"), "refresh", "payment:verify", _not_askable(file.payment))
        return [asking] + [
            offer(view, verb, symbol, "money:propose", payment_file.hindrance(file, f"payment.{view}"), tone)
            for view, verb, symbol, tone in ways
        ]

    def _decide(self, payment_id: int, form: MoneyForm, action: str) -> Done:
        if form.step.data != "do":
            return self._previewed(payment_id, form, action)
        with self.transaction() as session:
            decided = payment_decisions.decide(
                session,
                action,
                payment_id,
                form.said("reason"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            return decided.sentence

    def _previewed(self, payment_id: int, form: MoneyForm, action: str) -> Any:
        with self.reading() as session:
            decision = payment_decisions.PAYLOADS[action](reason=form.said("reason"))
            preview = previews.of(
                session,
                action,
                payment_id,
                decision,
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            payment = payments.get(session, payment_id)
        return make_response(
            self.show(
                "components/preview_page.html",
                form=form,
                preview=preview,
                verb=verb_of(action, payment, preview.needs_second_person),
                back=self.at("one", payment_id=payment_id),
                heading=_("Check before it is done: %(ref)s", ref=_name(payment)),
                second=_("This is above your limit: nothing is done until a second person approves it."),
            )
        )

    def _asked_about(self, payment_id: int, title: str, summary: str, verb: str) -> Asked:
        with self.reading() as session:
            payment = payments.get(session, payment_id)
        facts = [(_("Amount"), money(payment.amount, payment.currency)), (_("Provider"), payment.provider)]
        if payment.seen_amount is not None and payment.seen_currency is not None:
            facts.append((_("Collected"), money(payment.seen_amount, payment.seen_currency)))
        back, values = self.at("one", payment_id=payment_id), {"version": payment.version}
        return Asked(title % {"ref": _name(payment)}, back, summary, verb, facts=facts, values=values)

    def _verify_asked(self, payment_id: int) -> Asked:
        summary = _("Its provider is asked now, and what it says is done: held, failed, or put into review.")
        return self._asked_about(payment_id, _("Verify %(ref)s"), summary, _("Ask the provider"))

    def _accept_asked(self, payment_id: int) -> Asked:
        summary = _("What came in is held for the order; what is above the price goes to the buyer's wallet.")
        return self._asked_about(payment_id, _("Accept %(ref)s"), summary, _("Preview the acceptance"))

    def _refund_asked(self, payment_id: int) -> Asked:
        summary = _("What came in goes back to the payer, through the provider. This payment counts as failed.")
        return self._asked_about(payment_id, _("Refund %(ref)s"), summary, _("Preview the refund"))

    def _mark_paid_asked(self, payment_id: int) -> Asked:
        summary = _("The money came in another way, such as cash or a bank transfer. It is held for the order.")
        return self._asked_about(payment_id, _("Mark %(ref)s paid"), summary, _("Preview the hold"))


def verb_of(action: str, payment: Payment, proposes: bool) -> str:
    """What the button says."""
    owed = money(payment.amount, payment.currency)
    came = money(payment.seen_amount or payment.amount, payment.seen_currency or payment.currency)
    words = {
        "payment.accept": (
            _("Accept it and hold %(amount)s", amount=owed),
            _("Propose acceptance of %(amount)s", amount=owed),
        ),
        "payment.refund": (
            _("Refund %(amount)s to the payer", amount=came),
            _("Propose refund of %(amount)s", amount=came),
        ),
        "payment.mark_paid": (
            _("Mark %(amount)s paid", amount=owed),
            _("Propose to mark %(amount)s paid", amount=owed),
        ),
    }
    return words[action][proposes]


def _heard(payment: Payment) -> str:
    """What came of asking its provider."""
    said, amount = payment.said or "", money(payment.amount, payment.currency)
    words = {
        PaymentStatus.SUCCEEDED: _("The provider says that it is paid: %(amount)s.", amount=amount),
        PaymentStatus.PENDING: _("It is pending still. %(said)s", said=said),
        PaymentStatus.NEEDS_REVIEW: _("It needs a person: %(said)s", said=said),
        PaymentStatus.FAILED: _("It failed. %(said)s", said=said),
        PaymentStatus.EXPIRED: _("It expired. %(said)s", said=said),
    }
    return words[PaymentStatus(payment.status)].strip()


def _not_askable(payment: Payment) -> str:
    if payment.reference is None:
        return _("It has no reference, so no provider can be asked about it.")
    if payment.provider not in runtime().providers.collecting:
        return _("%(provider)s is not configured, so it can't be asked.", provider=payment.provider)
    return ""


def _name(payment: Payment) -> str:
    return payment.reference or _("payment %(number)s", number=payment.id)
