"""What people may do with one escrow: freeze, extend, and decide where its money goes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms.validators import InputRequired

from webapp import clock
from webapp.admin.ui.actions import reversal_form
from webapp.admin.ui.actions.decisions import (
    ABOVE_LIMIT_FROZEN,
    Decided,
    PreviewPage,
    Verb,
    preview_then_decide,
    verb_of,
)
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DecisionForm, InstantField, ReasonForm, VersionedReasonForm
from webapp.admin.ui.actions.reversal_form import ReversalForm
from webapp.admin.ui.formatting import money, when
from webapp.admin.ui.screen import Screen
from webapp.errors import Conflict
from webapp.models import Escrow
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.escrows import freezes
from webapp.services.read_models import decision_preview


class ExtendForm(VersionedReasonForm):
    """A later release."""

    release_at = InstantField(_l("Release not before"), [InputRequired(_l("Choose a date and time."))])

    def instant(self) -> datetime:
        """The new date."""
        return cast(datetime, self.release_at.data)


_VERBS: dict[str, Verb] = {
    "escrow.release": (_l("Release %(share)s to the seller"), _l("Propose release of %(amount)s")),
    "escrow.refund": (_l("Refund %(amount)s to the buyer"), _l("Propose refund of %(amount)s")),
    "escrow.void": (_l("Void it"), _l("Propose to void it")),
}


class EscrowActions(Screen):
    """The actions of an escrow."""

    @action("/<int:escrow_id>/freeze", permission="escrow:freeze", form=ReasonForm)
    def freeze(self, escrow_id: int, form: ReasonForm) -> Done:
        """Let nothing move it."""
        with self.transaction() as session:
            freezes.freeze(session, escrow_id, form.text("reason"), at=clock.now(), actor=current_actor())
        return _("It is frozen: no timer and no job may move it.")

    @freeze.confirmation
    def _confirm_freeze(self, escrow_id: int) -> ActionPage:
        return self._action_page(
            escrow_id,
            _("Freeze %(ref)s"),
            _("No timer and no job may move its money until this freeze is lifted."),
            _("Freeze"),
        )

    @action(
        "/<int:escrow_id>/freezes/<int:freeze_id>/lift",
        permission="escrow:freeze",
        form=ReasonForm,
    )
    def lift(self, escrow_id: int, freeze_id: int, form: ReasonForm) -> Done:
        """Lift a person's freeze."""
        with self.transaction() as session:
            freezes.unfreeze(session, freeze_id, form.text("reason"), at=clock.now(), actor=current_actor())
        return _("The freeze is lifted.")

    @lift.confirmation
    def _confirm_lift(self, escrow_id: int, freeze_id: int) -> ActionPage:
        summary = _(
            "If nothing else freezes it, its timer counts again: when it is due already, the next run pays the seller."
        )
        return self._action_page(escrow_id, _("Lift a freeze of %(ref)s"), summary, _("Lift the freeze"))

    @action("/<int:escrow_id>/extend", permission="escrow:extend", form=ExtendForm)
    def extend(self, escrow_id: int, form: ExtendForm) -> Done:
        """Put the release off."""
        with self.transaction() as session:
            escrow = escrow_decisions.extend(
                session,
                escrow_id,
                form.instant(),
                form.text("reason"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
            )
            return _("%(ref)s is due later now.", ref=escrow.ref)

    @extend.confirmation
    def _confirm_extend(self, escrow_id: int) -> ActionPage:
        return self._action_page(
            escrow_id,
            _("Extend %(ref)s"),
            _("No job pays the seller before the new date."),
            _("Extend"),
            release_at=self._escrow(escrow_id).release_at,
        )

    @action("/<int:escrow_id>/release", permission="money:propose", form=DecisionForm)
    def release(self, escrow_id: int, form: DecisionForm) -> Done:
        """Pay the seller now."""
        return self._decide(escrow_id, form, escrow_decisions.release, "escrow.release")

    @release.confirmation
    def _confirm_release(self, escrow_id: int) -> ActionPage:
        return self._action_page(
            escrow_id,
            _("Release %(ref)s now"),
            _("The seller is paid before the date, less the fee. You see every entry first."),
            _("Preview the release"),
        )

    @action("/<int:escrow_id>/refund", permission="money:propose", form=DecisionForm)
    def refund(self, escrow_id: int, form: DecisionForm) -> Done:
        """Give the buyer everything back."""
        return self._decide(escrow_id, form, escrow_decisions.refund, "escrow.refund")

    @refund.confirmation
    def _confirm_refund(self, escrow_id: int) -> ActionPage:
        return self._action_page(
            escrow_id,
            _("Refund %(ref)s"),
            _("The buyer gets everything back, without a fee. You see every entry first."),
            _("Preview the refund"),
        )

    @action("/<int:escrow_id>/void", permission="money:propose", form=DecisionForm)
    def void(self, escrow_id: int, form: DecisionForm) -> Done:
        """Give an unpaid escrow up."""
        return self._decide(escrow_id, form, escrow_decisions.void, "escrow.void")

    @void.confirmation
    def _confirm_void(self, escrow_id: int) -> ActionPage:
        return self._action_page(
            escrow_id,
            _("Void %(ref)s"),
            _("It was never paid. Its order is cancelled, and no money moves."),
            _("Go on"),
        )

    @action("/<int:escrow_id>/reversal", permission="money:reverse", form=ReversalForm)
    def reverse(self, escrow_id: int, form: ReversalForm) -> Done:
        """Take back what left it, and say where it goes then."""
        transfer_id, _escrow = self._left(escrow_id)
        return reversal_form.reverse(self, transfer_id, form, back=self.at("one", escrow_id=escrow_id))

    @reverse.confirmation
    def _confirm_reverse(self, escrow_id: int) -> ActionPage:
        _transfer, escrow = self._left(escrow_id)
        title = _("Reverse what left %(ref)s", ref=escrow.ref)
        return reversal_form.action_page(title, self.at("one", escrow_id=escrow_id), escrow)

    def _decide(self, escrow_id: int, form: DecisionForm, act: Callable[..., Decided], name: str) -> Done:
        reason = form.text("reason")
        who: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}

        def preview(session: Session) -> PreviewPage:
            found = decision_preview.of(session, name, escrow_id, escrow_decisions.PAYLOADS[name](reason=reason), **who)
            escrow = escrow_decisions.get(session, escrow_id)
            amount, share = (money(part, escrow.currency) for part in (escrow.amount, escrow.amount - escrow.fee))
            verb = verb_of(_VERBS[name], found, amount=amount, share=share)
            heading = _("Check before it is done: %(ref)s", ref=escrow.ref)
            back, danger = self.at("one", escrow_id=escrow_id), name == "escrow.void"
            return PreviewPage(found, verb, back, heading, ABOVE_LIMIT_FROZEN, danger)

        def decide(session: Session) -> Decided:
            return act(session, escrow_id, reason, version=form.number("version"), **who)

        return preview_then_decide(self, form, preview, decide)

    def _escrow(self, escrow_id: int) -> Escrow:
        with self.reading() as session:
            return escrow_decisions.get(session, escrow_id)

    def _action_page(self, escrow_id: int, title: str, summary: str, verb: str, **values: Any) -> ActionPage:
        escrow = self._escrow(escrow_id)
        facts = [
            (_("Held") if escrow.status == "held" else _("Amount"), money(escrow.amount, escrow.currency)),
            (_("Due"), when(escrow.release_at)),
        ]
        return ActionPage(
            title % {"ref": escrow.ref},
            self.at("one", escrow_id=escrow_id),
            summary,
            verb,
            facts=facts,
            values={"version": escrow.version, **values},
        )

    def _left(self, escrow_id: int) -> tuple[int, Escrow]:
        """The transfer that let it go. Raises Conflict when there is none to reverse."""
        with self.reading() as session:
            escrow = escrow_decisions.get(session, escrow_id)
            found = reversal_form.disbursement_of(session, escrow)
        if found is None:
            raise Conflict(_("Nothing has left escrow %(ref)s that could be reversed.", ref=escrow.ref))
        return found, escrow
