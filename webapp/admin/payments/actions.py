"""What people may do with one payment: have its provider asked, and decide about what came in."""

from typing import Any

from flask_babel import get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import RadioField, StringField
from wtforms.validators import DataRequired

from webapp import clock
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.decisions import Decided, PreviewPage, Verb, preview_then_decide, verb_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DecisionForm, DeskForm, VersionedReasonForm
from webapp.admin.ui.formatting import money, provider_word
from webapp.admin.ui.screen import Screen
from webapp.domain.providers.provider_messages import sentence
from webapp.domain.state_labels import in_words
from webapp.domain.states import PaymentStatus, RefundStatus
from webapp.domain.words import spoken
from webapp.errors import NotFound
from webapp.jobs.steps import verify_payments
from webapp.models import Payment
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments
from webapp.services.payments.detail import PaymentDetail
from webapp.services.read_models import decision_preview, disabled_reasons
from webapp.services.refunds import decisions as refund_decisions
from webapp.services.refunds import refunds
from webapp.services.refunds.decisions import Choice, RefundChoice

_CHOICES = [
    ("ours", _l("One of those listed is ours: follow it")),
    ("none", _l("None of those listed is ours: look again, and send it if the provider shows no other")),
    ("wallet", _l("The payer does not have it, and will not: put it into the wallet")),
]


class RefundDecisionForm(VersionedReasonForm):
    """What became of a refund that only a person can tell."""

    choice = RadioField(_l("What became of it"), [DataRequired(_l("Choose one."))], choices=_CHOICES)
    listed = StringField(_l("Its number at the provider, if one of those listed is ours"))


class PaymentActions(Screen):
    """The actions of a payment."""

    @action("/<int:payment_id>/verify", permission="payment:verify")
    def verify(self, payment_id: int, form: DeskForm) -> Done:
        """Ask its provider now. That is done outside of any transaction, and twice changes nothing."""
        return _heard(verify_payments.verify_now(runtime(), payment_id, current_actor()))

    @verify.confirmation
    def _confirm_verify(self, payment_id: int) -> ActionPage:
        summary = _(
            "Its provider is asked now about it, about what went back of it and about its chargebacks, and what it "
            "says is done: held, failed, or put into review."
        )
        return self._action_page(payment_id, _("Verify %(ref)s"), summary, _("Ask the provider"))

    @action("/<int:payment_id>/accept", permission="money:propose", form=DecisionForm)
    def accept(self, payment_id: int, form: DecisionForm) -> Done:
        """Hold what came in."""
        return self._decide(payment_id, form, "payment.accept")

    @accept.confirmation
    def _confirm_accept(self, payment_id: int) -> ActionPage:
        summary = _("What came in is held for the order; what is above the price goes to the buyer's wallet.")
        return self._action_page(payment_id, _("Accept %(ref)s"), summary, _("Preview the acceptance"))

    @action("/<int:payment_id>/refund", permission="money:propose", form=DecisionForm)
    def refund(self, payment_id: int, form: DecisionForm) -> Done:
        """Give the payer back what came in."""
        return self._decide(payment_id, form, "payment.refund")

    @refund.confirmation
    def _confirm_refund(self, payment_id: int) -> ActionPage:
        summary = _("What came in goes back to the payer, through the provider. This payment counts as failed.")
        return self._action_page(payment_id, _("Refund %(ref)s"), summary, _("Preview the refund"))

    @action("/<int:payment_id>/mark-paid", permission="money:propose", form=DecisionForm)
    def mark_paid(self, payment_id: int, form: DecisionForm) -> Done:
        """Hold money that came in another way."""
        return self._decide(payment_id, form, "payment.mark_paid")

    @mark_paid.confirmation
    def _confirm_mark_paid(self, payment_id: int) -> ActionPage:
        summary = _("The money came in another way, such as cash or a bank transfer. It is held for the order.")
        return self._action_page(payment_id, _("Mark %(ref)s paid"), summary, _("Preview the hold"))

    @action("/<int:payment_id>/write-off", permission="money:propose", form=DecisionForm)
    def write_off(self, payment_id: int, form: DecisionForm) -> Done:
        """Let the platform bear what was taken back."""
        return self._decide(payment_id, form, "payment.write_off")

    @write_off.confirmation
    def _confirm_write_off(self, payment_id: int) -> ActionPage:
        summary = _(
            "The platform bears what was taken back. Nothing else changes: what is still held goes its way, unless "
            "something else freezes it."
        )
        return self._action_page(payment_id, _("Write off what was taken of %(ref)s"), summary, _("Preview it"))

    @action("/<int:payment_id>/claw-back", permission="money:propose", form=DecisionForm)
    def claw_back(self, payment_id: int, form: DecisionForm) -> Done:
        """Take what was taken back from whom the money is with."""
        return self._decide(payment_id, form, "payment.claw_back")

    @claw_back.confirmation
    def _confirm_claw_back(self, payment_id: int) -> ActionPage:
        summary = _(
            "What was taken back comes out of the escrow while it is held. After that it comes from whom the money "
            "went to: out of the wallet, and what that lacks becomes a debt."
        )
        return self._action_page(payment_id, _("Claw back what was taken of %(ref)s"), summary, _("Preview it"))

    @action("/<int:payment_id>/refund-rest", permission="money:propose", form=DecisionForm)
    def refund_rest(self, payment_id: int, form: DecisionForm) -> Done:
        """Refund what is left of it."""
        return self._decide(payment_id, form, "payment.refund_rest")

    @refund_rest.confirmation
    def _confirm_refund_rest(self, payment_id: int) -> ActionPage:
        summary = _("The buyer has a part back already. The rest goes back too, and the escrow ends as refunded.")
        return self._action_page(payment_id, _("Refund the rest of %(ref)s"), summary, _("Preview it"))

    @action("/<int:payment_id>/give-again", permission="money:propose", form=DecisionForm)
    def give_again(self, payment_id: int, form: DecisionForm) -> Done:
        """Give what came back to whoever bore it."""
        return self._decide(payment_id, form, "payment.give_again")

    @give_again.confirmation
    def _confirm_give_again(self, payment_id: int) -> ActionPage:
        summary = _(
            "What was taken and decided about is back with the provider. Whoever bore it gets it. What the escrow bore "
            "goes the way of the escrow: an escrow that the taking alone had ended is held again."
        )
        return self._action_page(payment_id, _("Give again what came back of %(ref)s"), summary, _("Preview it"))

    @action("/<int:payment_id>/keep", permission="money:propose", form=DecisionForm)
    def keep(self, payment_id: int, form: DecisionForm) -> Done:
        """Keep for the buyer what was collected besides another payment."""
        return self._decide(payment_id, form, "payment.keep")

    @keep.confirmation
    def _confirm_keep(self, payment_id: int) -> ActionPage:
        summary = _("It was collected besides what paid for the order. It goes into the buyer's wallet.")
        return self._action_page(payment_id, _("Keep %(ref)s for the buyer"), summary, _("Preview it"))

    @action("/<int:payment_id>/same-money", permission="money:propose", form=DecisionForm)
    def same_money(self, payment_id: int, form: DecisionForm) -> Done:
        """Say that it is the money that was marked paid by hand."""
        return self._decide(payment_id, form, "payment.same_money")

    @same_money.confirmation
    def _confirm_same_money(self, payment_id: int) -> ActionPage:
        summary = _(
            "The payment that was marked paid by hand came through this provider after all. Nothing is held twice, "
            "and a refund of it goes back through the provider."
        )
        return self._action_page(payment_id, _("%(ref)s is the same money"), summary, _("Preview it"))

    @action("/<int:payment_id>/settle-refund", permission="money:approve", form=VersionedReasonForm)
    def settle_refund(self, payment_id: int, form: VersionedReasonForm) -> Done:
        """Say how the payer got what a failed refund did not bring."""
        with self.transaction() as session:
            refunds.settle_otherwise(
                session,
                payment_id,
                form.text("reason"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
            )
        return _("The refund is settled otherwise. Its alert is resolved.")

    @settle_refund.confirmation
    def _confirm_settle_refund(self, payment_id: int) -> ActionPage:
        summary = _(
            "The provider did not give it back. Say how the payer got the money: from the wallet, by bank transfer, "
            "in cash. No money moves by this; the alert ends and your words stay on record."
        )
        title = _("Settle the refund of %(ref)s otherwise")
        return self._of_refund(payment_id, title, summary, _("Settled otherwise"))

    @action(
        "/<int:payment_id>/decide-refund",
        permission="money:approve",
        form=RefundDecisionForm,
    )
    def decide_refund(self, payment_id: int, form: RefundDecisionForm) -> Done:
        """Say what became of a refund that can't be told from another, or that failed after it was done."""
        choice = RefundChoice(Choice(form.text("choice")), form.text("reason"), form.text("listed"))
        with self.transaction() as session:
            made = refund_decisions.decide(
                session, payment_id, choice, version=form.number("version"), at=clock.now(), actor=current_actor()
            )
        return _("Decided: the refund is %(status)s now.", status=spoken(in_words(made.status), get_translations()))

    @decide_refund.confirmation
    def _confirm_decide_refund(self, payment_id: int) -> ActionPage:
        summary = _(
            "Look at the payment in the provider's dashboard first. Money that goes into the wallet while the provider "
            "gives it back too is paid twice."
        )
        return self._of_refund(payment_id, _("Decide about the refund of %(ref)s"), summary, _("Decide"))

    def action_links(self, session: Session, file: PaymentDetail) -> list[ActionLink]:
        """Every action that fits its state, open or closed."""
        ways = _TAKEN_BACK if file.payment.undecided_amount else _TWICE if file.first else _COLLECTED
        asking = action_link("verify", _("Verify now…"), "refresh", "payment:verify", _not_askable(file.payment))
        actions = [f"payment.{view}" for view, *_rest in ways]
        disabled_reason = disabled_reasons.of_all(
            session, actions, file.payment.id, at=clock.now(), actor=current_actor()
        )
        return [asking, *_settling(file)] + [
            action_link(view, verb, symbol, "money:propose", disabled_reason[f"payment.{view}"], tone)
            for view, verb, symbol, tone in ways
        ]

    def _decide(self, payment_id: int, form: DecisionForm, name: str) -> Done:
        reason = form.text("reason")
        who: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}

        def preview(session: Session) -> PreviewPage:
            found = decision_preview.of(
                session, name, payment_id, payment_decisions.PAYLOADS[name](reason=reason), **who
            )
            payment = payments.get(session, payment_id)
            verb = verb_of(_VERBS[name], found, **_amounts(payment))
            heading = _("Check before it is done: %(ref)s", ref=_name(payment))
            return PreviewPage(found, verb, self.at("one", payment_id=payment_id), heading)

        def decide(session: Session) -> Decided:
            version = form.number("version")
            return payment_decisions.decide(session, name, payment_id, reason, version=version, **who)

        return preview_then_decide(self, form, preview, decide)

    def _action_page(self, payment_id: int, title: str, summary: str, verb: str) -> ActionPage:
        with self.reading() as session:
            payment = payments.get(session, payment_id)
        facts = [(_("Amount"), money(payment.amount, payment.currency)), (_("Provider"), payment.provider)]
        if payment.taken_back_amount:
            facts.append((_("Taken back"), money(payment.taken_back_amount, payment.currency)))
        if payment.undecided_amount:
            label = _("To be decided") if payment.undecided_amount > 0 else _("Came back, to be given again")
            facts.append((label, money(abs(payment.undecided_amount), payment.currency)))
        if payment.provider_amount is not None and payment.provider_currency is not None:
            facts.append((_("Collected"), money(payment.provider_amount, payment.provider_currency)))
        back, values = self.at("one", payment_id=payment_id), {"version": payment.version}
        return ActionPage(title % {"ref": _name(payment)}, back, summary, verb, facts=facts, values=values)

    def _of_refund(self, payment_id: int, title: str, summary: str, verb: str) -> ActionPage:
        with self.reading() as session:
            payment, refund = payments.get(session, payment_id), refunds.of_payment(session, payment_id)
        if refund is None:
            raise NotFound(_("This payment has no refund."))
        facts = [
            (_("Amount"), money(refund.amount, refund.currency)),
            (_("Provider's last word"), provider_word(refund.status_detail)),
        ]
        facts += [
            (
                _("Listed: %(number)s", number=row["id"]),
                f"{money(row['amount'], row['currency'])}. {sentence(row['provider_status'])}",
            )
            for row in refund.rows or ()
        ]
        back, values = self.at("one", payment_id=payment_id), {"version": refund.version}
        return ActionPage(title % {"ref": _name(payment)}, back, summary, verb, facts=facts, values=values)


_VERBS: dict[str, Verb] = {
    "payment.write_off": (_l("Write off %(gone)s"), _l("Propose to write off %(gone)s")),
    "payment.claw_back": (_l("Claw back %(gone)s"), _l("Propose to claw back %(gone)s")),
    "payment.refund_rest": (_l("Refund the rest"), _l("Propose to refund the rest")),
    "payment.give_again": (_l("Give %(came_back)s again"), _l("Propose to give %(came_back)s again")),
    "payment.keep": (_l("Keep %(came)s for the buyer"), _l("Propose to keep %(came)s for the buyer")),
    "payment.same_money": (_l("It is the same money"), _l("Propose that it is the same money")),
    "payment.accept": (_l("Accept it and hold %(owed)s"), _l("Propose acceptance of %(owed)s")),
    "payment.refund": (_l("Refund %(came)s to the payer"), _l("Propose refund of %(came)s")),
    "payment.mark_paid": (_l("Mark %(owed)s paid"), _l("Propose to mark %(owed)s paid")),
}


def _amounts(payment: Payment) -> dict[str, str]:
    """The amounts that a button may name."""
    came = payment.amount if payment.provider_amount is None else payment.provider_amount
    return {
        "owed": money(payment.amount, payment.currency),
        "came": money(came, payment.provider_currency or payment.currency),
        "gone": money(payment.undecided_amount, payment.currency),
        "came_back": money(-payment.undecided_amount, payment.currency),
    }


_COLLECTED = [
    ("accept", _l("Accept…"), "check", "primary"),
    ("refund", _l("Refund…"), "return", ""),
    ("mark_paid", _l("Mark paid…"), "coins", ""),
]
_TWICE = [
    ("refund", _l("Refund…"), "return", "primary"),
    ("keep", _l("Keep for the party…"), "wallet", ""),
    ("same_money", _l("It is the same money…"), "check", ""),
]
_TAKEN_BACK = [
    ("claw_back", _l("Claw back…"), "return", "primary"),
    ("refund_rest", _l("Refund the rest…"), "return", ""),
    ("write_off", _l("Write it off…"), "coins", ""),
    ("give_again", _l("Give it again…"), "coins", ""),
]


def _heard(payment: Payment) -> str:
    """What came of asking its provider."""
    detail, amount = payment.status_detail or "", money(payment.amount, payment.currency)
    words = {
        PaymentStatus.SUCCEEDED: _("It is paid: %(amount)s. What went back of it is known and decided.", amount=amount)
        if payment.taken_back_amount
        else _("It is paid, and the provider says nothing else: %(amount)s.", amount=amount),
        PaymentStatus.PENDING: _("It is pending still. %(said)s", said=detail),
        PaymentStatus.NEEDS_REVIEW: _("It needs a person: %(said)s", said=detail),
        PaymentStatus.FAILED: _("It failed. %(said)s", said=detail),
        PaymentStatus.EXPIRED: _("It expired. %(said)s", said=detail),
    }
    return words[PaymentStatus(payment.status)].strip()


def _settling(file: PaymentDetail) -> list[ActionLink]:
    """Offered while the refund of it failed, or is in review."""
    if file.refund is None or file.refund.status not in (RefundStatus.FAILED, RefundStatus.NEEDS_REVIEW):
        return []
    deciding = [action_link("decide_refund", _("Decide about the refund…"), "eye", "money:approve", "", "primary")]
    return (deciding if file.refund.status == RefundStatus.NEEDS_REVIEW else []) + [
        action_link("settle_refund", _("Refund settled otherwise…"), "check", "money:approve")
    ]


def _not_askable(payment: Payment) -> str:
    if payment.reference is None:
        return _("It has no reference, so no provider can be asked about it.")
    if payment.provider not in runtime().providers.payment_collectors:
        return _("%(provider)s is not configured, so it can't be asked.", provider=payment.provider)
    return ""


def _name(payment: Payment) -> str:
    return payment.reference or _("payment %(number)s", number=payment.id)
