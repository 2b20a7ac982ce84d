"""Approvals: money decisions above a limit, waiting for a second person."""

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import PasskeyForm, ReasonForm
from webapp.admin.ui.actions.reauthentication_form import ReauthenticationForm
from webapp.admin.ui.formatting import money
from webapp.admin.ui.lists.amounts import by_amount, currency
from webapp.admin.ui.lists.columns import Column, choice
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page, script_page
from webapp.admin.ui.timeline import DECISIONS, PROPOSALS
from webapp.domain.states import ApprovalStatus
from webapp.errors import Refusal
from webapp.models import Approval
from webapp.security import current_actor, passkey_checks
from webapp.security.context import runtime
from webapp.security.reauthentication import reauthenticate
from webapp.services.approvals import approvals, subject_labels
from webapp.services.ledger import transfer_queries
from webapp.services.ledger.transfer_queries import TransferDetail
from webapp.services.read_models import decision_preview, dispute_detail, work_counts
from webapp.services.users.passkeys import PasskeyProof

TABS = {"waiting": _l("Waiting for me"), "mine": _l("Proposed by me"), "decided": _l("Decided")}


class ApprovalScreen(ListScreen):
    """Proposals by the question who has to act."""

    slug = "approvals"
    title = _l("Approvals")
    permission = "approval:read"
    group = "work"
    icon = "stamp"
    order = 20
    list_template = "approvals/approvals.html"
    intro = _l("Decisions above a limit. The one who proposes never approves.")
    empty = _l(
        "Nothing here. A decision above someone's limit appears here until a second person approves or rejects it."
    )
    listing = Listing(
        key=Approval.id,
        columns=(
            Column(
                "id",
                _l("Proposal"),
                Approval.id,
                kind="ref",
                link=lambda row: url_for("approvals.one", approval_id=row.id),
            ),
            Column("action", _l("What"), Approval.action, kind="action"),
            by_amount(Approval.amount, Approval.currency),
            Column("sentence", _l("What happens"), Approval.sentence, kind="prose"),
            Column("currency", _l("Currency"), Approval.currency, shown=False),
            Column("proposed_by_name", _l("Proposed by"), Approval.proposed_by_name),
            Column("proposed_at", _l("Proposed"), Approval.proposed_at, kind="when", sort=Approval.id),
            Column("expires_at", _l("Lapses"), Approval.expires_at, kind="when", sort=True),
            Column("status", _l("Status"), Approval.status, kind="badge"),
            Column("decided_by_name", _l("Decided by"), Approval.decided_by_name),
        ),
        filters=(
            currency("currency", _l("Currency"), Approval.currency),
            choice("action", _l("What"), Approval.action, list(PROPOSALS.items())),
        ),
    )

    def conditions(self) -> tuple[Any, ...]:
        """What the tab shows."""
        actor = current_actor()
        ways = {
            "waiting": work_counts.conditions(self.slug, actor, clock.now()),
            "mine": (Approval.proposed_by == actor.person,),
        }
        return ways.get(self._tab(), (Approval.status != ApprovalStatus.PROPOSED,))

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs."""
        labels = TABS if current_actor().may("money:approve") else TABS | {"waiting": _l("Waiting for approval")}
        return {
            "tabs": [(label, f"?tab={name}", name == self._tab(), None) for name, label in labels.items()],
            "proposals": PROPOSALS,
        }

    @page("/<int:approval_id>")
    def one(self, approval_id: int, forms: dict[str, Any] | None = None, refusal: Refusal | None = None) -> Any:
        """A proposal with its preview, computed again."""
        with self.reading() as session:
            approval = approvals.get(session, approval_id)
            subject, froze = subject_labels.of(session, approval), approvals.is_freezing(session, approval)
            case = dispute_detail.read(session, subject.dispute.id) if subject.dispute is not None else None
            posted = _posted(session, approval)
        preview, problem = self._preview(approval)
        return self.render(
            "approvals/approval.html",
            approval=approval,
            subject=subject,
            froze=froze,
            case=case,
            posted=posted,
            preview=preview,
            problem=problem,
            what=PROPOSALS.get(approval.action, approval.action),
            own=approval.proposed_by == current_actor().key,
            approve=(forms or {}).get("approve") or ReauthenticationForm(formdata=None),
            reject=(forms or {}).get("reject") or ReasonForm(formdata=None),
            refusal=refusal,
            verb=_verb(approval),
            with_passkey=(forms or {}).get("approve_with_passkey") or PasskeyForm(formdata=None),
        )

    @action(
        "/<int:approval_id>/approve",
        permission="money:approve",
        form=ReauthenticationForm,
        shown_on=one,
    )
    def approve(self, approval_id: int, form: ReauthenticationForm) -> Done:
        """The second person's yes."""
        reauthenticate(form.secret.data, field="secret")
        return self._approve(approval_id)

    @approve.confirmation
    def _confirm_approve(self, approval_id: int) -> ActionPage:
        return self._action_page(
            approval_id,
            _("Approve proposal %(number)s", number=approval_id),
            _("It is checked again and posted at once."),
            _("Approve"),
        )

    @script_page("/<int:approval_id>/passkey-options", permission="money:approve")
    def passkey_options(self, approval_id: int) -> Response:
        """What the browser has a passkey sign: for this proposal, and no other."""
        with self.reading() as session:
            approvals.require_undecided(session, approval_id, at=clock.now(), actor=current_actor())
        return passkey_checks.options_to_use(passkey_checks.to_approve(approvals.KIND, approval_id))

    @action(
        "/<int:approval_id>/approve-with-passkey",
        permission="money:approve",
        form=PasskeyForm,
        shown_on=one,
    )
    def approve_with_passkey(self, approval_id: int, form: PasskeyForm) -> Done:
        """The second person's yes, by a touch."""
        return self._approve(approval_id, passkey_checks.proof(approvals.KIND, approval_id, form.credential.data or ""))

    @approve_with_passkey.confirmation
    def _confirm_with_passkey(self, approval_id: int) -> ActionPage:
        return self._confirm_approve(approval_id)

    def _approve(self, approval_id: int, proof: PasskeyProof | None = None) -> str:
        with self.transaction() as session:
            how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}
            done = approvals.approve(session, approval_id, proof=proof, **how)
            return _(
                "Approved, and done: %(what)s, %(amount)s.",
                what=PROPOSALS.get(done.action, done.action),
                amount=money(done.amount, done.currency),
            )

    @action("/<int:approval_id>/reject", permission="money:approve", form=ReasonForm, shown_on=one)
    def reject(self, approval_id: int, form: ReasonForm) -> Done:
        """The second person's no."""
        with self.transaction() as session:
            froze = approvals.is_freezing(session, approvals.get(session, approval_id))
            approvals.reject(session, approval_id, form.text("reason"), at=clock.now(), actor=current_actor())
        lifted = _(" Its freeze is lifted.") if froze else ""
        return _("Rejected. Nothing was posted.") + lifted

    @reject.confirmation
    def _confirm_reject(self, approval_id: int) -> ActionPage:
        with self.reading() as session:
            froze = approvals.is_freezing(session, approvals.get(session, approval_id))
        lifted = _(" Its freeze is lifted.") if froze else ""
        summary = _("Nothing is posted, and it goes back to the one who proposed it.") + lifted
        return self._action_page(
            approval_id, _("Reject proposal %(number)s", number=approval_id), summary, _("Reject"), danger=True
        )

    def _preview(self, approval: Approval) -> tuple[Any, str]:
        """What approving would post now; a sentence instead when it can't be done any more."""
        if approval.status != ApprovalStatus.PROPOSED:
            return None, ""
        try:
            with self.reading() as session:
                return decision_preview.of_approval(
                    session, approval.id, at=clock.now(), actor=current_actor(), settings=runtime().settings
                ), ""
        except Refusal as refusal:
            return None, refusal.detail

    def _action_page(self, approval_id: int, title: str, summary: str, verb: str, danger: bool = False) -> ActionPage:
        with self.reading() as session:
            approval = approvals.get(session, approval_id)
        facts = [
            (_("What"), PROPOSALS.get(approval.action, approval.action)),
            (_("Amount"), money(approval.amount, approval.currency)),
            (_("Proposed by"), approval.proposed_by_name),
        ]
        return ActionPage(title, self.at("one", approval_id=approval_id), summary, verb, danger, facts=facts)

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "waiting"


def _posted(session: Session, approval: Approval) -> list[TransferDetail]:
    """The transfers that carrying it out made; of one of before they were kept, its escrow's of the same instant."""
    if approval.posted is not None:
        return transfer_queries.of_ids(session, approval.posted)
    if approval.status != ApprovalStatus.EXECUTED or approval.escrow_id is None:
        return []
    return [made for made in transfer_queries.of_escrow(session, approval.escrow_id) if made.at == approval.decided_at]


def _verb(approval: Approval) -> str:
    """What the button says."""
    what = DECISIONS.get(approval.payload.get("resolution") or approval.action, approval.action)
    return _("Approve the %(what)s of %(amount)s", what=what, amount=money(approval.amount, approval.currency))
