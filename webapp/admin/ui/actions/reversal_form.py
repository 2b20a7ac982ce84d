"""Undoing a payment by the opposite transfer, and where the money goes then: previewed first, then done as one."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, RadioField, TextAreaField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.decisions import (
    ABOVE_LIMIT_POSTED,
    Decided,
    PreviewPage,
    Verb,
    preview_then_decide,
    verb_of,
)
from webapp.admin.ui.actions.form_action import ActionPage, Done
from webapp.admin.ui.actions.forms import DeskForm, MoneyField
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.domain.states import EscrowStatus
from webapp.models import Escrow, Transfer
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer
from webapp.services.read_models import decision_preview, disabled_reasons

REVERSE, REFUND, SPLIT = "transfer.reverse", "transfer.reverse_and_refund", "transfer.reverse_and_split"


_VERBS: dict[str, Verb] = {
    REVERSE: (_l("Reverse %(amount)s"), _l("Propose reversal of %(amount)s")),
    REFUND: (_l("Reverse and refund %(amount)s"), _l("Propose reversal and refund of %(amount)s")),
    SPLIT: (_l("Reverse and split %(amount)s"), _l("Propose reversal and split of %(amount)s")),
}


class ReversalForm(DeskForm):
    """Why a payment is undone, where the money goes then, and what to do with an empty wallet."""

    then = RadioField(
        _l("And then"),
        default=REVERSE,
        choices=[
            (REVERSE, _l("Hold it, frozen, until somebody decides")),
            (REFUND, _l("Refund the buyer, in the same decision")),
            (SPLIT, _l("Split it between both, in the same decision")),
        ],
    )
    buyer_amount = MoneyField(_l("To the buyer"), description=_l("Used for a split only."))
    seller_amount = MoneyField(
        _l("To the seller"), description=_l("Used for a split only. The fee is taken from it, in proportion.")
    )
    reason = TextAreaField(_l("Reason"), [DataRequired(_l("Say why, in a sentence.")), Length(max=2000)])
    to_debt = BooleanField(_l("If the wallet no longer holds it, make it a debt of the party"))
    step = HiddenField(default="preview")

    def decision(self, currency: str) -> ReverseTransfer:
        """What was decided. Raises Invalid for an amount that is none."""
        values: dict[str, Any] = {"reason": self.text("reason"), "to_debt": self.to_debt.data}
        if self.then.data == REFUND:
            return ReverseAndRefund(**values)
        if self.then.data != SPLIT:
            return ReverseTransfer(**values)
        parts: dict[str, Any] = {field.name: field.minor(currency) for field in (self.buyer_amount, self.seller_amount)}
        return ReverseAndSplit(**values, **parts)


def reversal_link(session: Session, escrow: Escrow, verb: str) -> ActionLink:
    """Taking back what left it."""
    transfer_id = disbursement_of(session, escrow)
    if transfer_id is None and escrow.status == EscrowStatus.HELD and escrow.hold_no > 1:
        disabled_reason = _("Escrow %(ref)s is held again: what had left it is back already.", ref=escrow.ref)
    elif transfer_id is None:
        disabled_reason = _("Nothing has left escrow %(ref)s that could be reversed.", ref=escrow.ref)
    else:
        actor = current_actor()
        disabled_reason = disabled_reasons.of(session, REVERSE, transfer_id, at=clock.now(), actor=actor, to_debt=True)
    return action_link("reverse", verb, "return", "money:reverse", disabled_reason, "danger-quiet")


def disbursement_of(session: Session, escrow: Escrow) -> int | None:
    """The transfer that let the escrow's present hold go, if there is one to reverse."""
    mine = (Transfer.escrow_id == escrow.id, Transfer.is_disbursement, Transfer.hold_no == escrow.hold_no)
    return session.scalars(select(Transfer.id).where(*mine)).one_or_none()


def reverse(screen: Screen, transfer_id: int, form: ReversalForm, *, back: str) -> Done:
    """Every entry of all steps and their button, or the decision itself."""
    name: str = form.then.data
    who: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}

    def preview(session: Session) -> PreviewPage:
        transfer = session.get_one(Transfer, transfer_id)
        found = decision_preview.of(session, name, transfer_id, form.decision(transfer.currency), **who)
        verb = verb_of(_VERBS[name], found, amount=money(transfer.amount, found.currency))
        return PreviewPage(found, verb, back, _("Check the reversal"), ABOVE_LIMIT_POSTED)

    def decide(session: Session) -> Decided:
        decision = form.decision(session.get_one(Transfer, transfer_id).currency)
        return reversal_decisions.correct(session, name, transfer_id, decision, **who)

    return preview_then_decide(screen, form, preview, decide)


def action_page(title: Any, back: str, escrow: Escrow) -> ActionPage:
    """The page of the form."""
    summary = _(
        "%(amount)s left this escrow. An opposite transfer takes it back; the first one stays in the ledger as it is. "
        "You see every entry first.",
        amount=money(escrow.amount, escrow.currency),
    )
    return ActionPage(title, back, summary, _("Preview"))
