"""Deciding a dispute: say it, see every entry it would post, then do it. Above the limit it is a proposal."""

from typing import Any

from flask import make_response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webapp import clock
from webapp.admin.disputes.forms import CLAIM_RESOLUTIONS, ResolutionForm
from webapp.admin.disputes.next_case import gone_on
from webapp.admin.ui.actions import reversal_form
from webapp.admin.ui.actions.decisions import Verb, verb_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.reversal_form import ReversalForm
from webapp.admin.ui.formatting import money
from webapp.admin.ui.screen import Screen
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.errors import Conflict, NotFound, Overtaken
from webapp.models import Dispute, Escrow
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.disputes import disputes, warranty_claims
from webapp.services.disputes import endings as dispute_endings
from webapp.services.read_models import decision_preview


class ResolutionActions(Screen):
    """The actions of a dispute that move money."""

    @action(
        "/<int:dispute_id>/decision",
        permission="money:propose",
        form=ResolutionForm,
        template="disputes/resolution.html",
    )
    def decide(self, dispute_id: int, form: ResolutionForm) -> Done:
        """Preview a decision, or make it."""
        resolution = form.dispute_resolution()
        if form.step.data != "do":
            return self._previewed(dispute_id, form, resolution)
        with self.transaction() as session:
            decided = disputes.resolve(
                session,
                dispute_id,
                resolution,
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
            if form.then.data == "next":
                return gone_on(self, session, dispute_id, decided.sentence)
            return decided.sentence

    @decide.confirmation
    def _confirm_decide(self, dispute_id: int) -> ActionPage:
        with self.reading() as session:
            dispute, escrow = _with_escrow(session, dispute_id)
        summary = _(
            "%(amount)s are held. Nothing is posted before you have seen every entry.",
            amount=money(escrow.amount, escrow.currency),
        )
        return ActionPage(
            _("Decide %(ref)s", ref=dispute.ref),
            self.at("one", dispute_id=dispute_id),
            summary,
            _("Preview"),
            values={"version": dispute.version},
            facts=[("escrow", escrow)],
            prepare=lambda form: _prepare(form, dispute, escrow.currency),
        )

    @action("/<int:dispute_id>/reversal", permission="money:reverse", form=ReversalForm)
    def reverse(self, dispute_id: int, form: ReversalForm) -> Done:
        """Correct a decision by the opposite transfer."""
        transfer_id = self._payment_of(dispute_id)[0]
        return reversal_form.reverse(self, transfer_id, form, back=self.at("one", dispute_id=dispute_id))

    @reverse.confirmation
    def _confirm_reverse(self, dispute_id: int) -> ActionPage:
        ref, escrow = self._payment_of(dispute_id)[1:]
        title = _("Reverse the decision on %(ref)s", ref=ref)
        return reversal_form.action_page(title, self.at("one", dispute_id=dispute_id), escrow)

    def _previewed(self, dispute_id: int, form: ResolutionForm, resolution: DisputeResolution) -> Any:
        with self.reading() as session:
            preview = decision_preview.of_resolution(
                session, dispute_id, resolution, at=clock.now(), actor=current_actor(), settings=runtime().settings
            )
            dispute, escrow = _with_escrow(session, dispute_id)
        _same_version(dispute, escrow, form)
        return make_response(
            self.render(
                "disputes/resolution_preview.html",
                dispute=dispute,
                escrow=escrow,
                form=form,
                preview=preview,
                verb=_verb(resolution, dispute, escrow, preview),
            )
        )

    def _payment_of(self, dispute_id: int) -> tuple[int, str, Escrow]:
        """The transfer that carried the decision out, the dispute's reference and its escrow. Raises Conflict when
        there is none to reverse.
        """
        with self.reading() as session:
            dispute, escrow = _with_escrow(session, dispute_id)
            found = reversal_form.disbursement_of(session, escrow)
        if dispute.status != "resolved" or found is None:
            raise Conflict(_("There is no payment of this dispute to reverse."))
        return found, dispute.ref, escrow


_REJECT: Verb = (_l("Reject the claim"), _l("Propose to reject the claim"))
_VERBS: dict[str, Verb] = {
    "no_fault": (_l("Lift the dispute's freeze, move nothing"), _l("Propose to lift the dispute's freeze")),
    "release_to_seller": (_l("Release %(share)s to the seller"), _l("Propose release of %(amount)s")),
    "refund_to_buyer": (_l("Refund %(amount)s to the buyer"), _l("Propose refund of %(amount)s")),
    "split": (_l("Split %(amount)s"), _l("Propose split of %(amount)s")),
}


def _verb(resolution: DisputeResolution, dispute: Dispute, escrow: Escrow, preview: Any) -> str:
    verb = _REJECT if warranty_claims.is_rejected(dispute, resolution) else _VERBS[resolution.resolution]
    amount, share = (money(part, escrow.currency) for part in (escrow.amount, escrow.amount - escrow.fee))
    return verb_of(verb, preview, amount=amount, share=share)


def _with_escrow(session: Any, dispute_id: int) -> tuple[Dispute, Escrow]:
    row = session.execute(
        select(Dispute, Escrow).join(Escrow, Escrow.id == Dispute.escrow_id).where(Dispute.id == dispute_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such dispute."))
    return row[0], row[1]


def _same_version(dispute: Dispute, escrow: Escrow, form: ResolutionForm) -> None:
    ending = dispute_endings.ending(dispute, escrow)
    if ending:
        raise Overtaken(_("%(ending)s Your decision was not applied.", ending=ending))
    if str(dispute.version) != str(form.version.data):
        raise Overtaken(
            _("%(ref)s has changed since you opened it. Look at it again; nothing was applied.", ref=dispute.ref)
        )


def _prepare(form: Any, dispute: Dispute, currency: str) -> None:
    if warranty_claims.is_claim(dispute):
        form.resolution.choices = CLAIM_RESOLUTIONS
    form.buyer_amount.currency = form.seller_amount.currency = currency
