"""Disputes: queues by need, and the whole case on one page."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.disputes.actions import DisputeActions
from webapp.admin.disputes.bulk import BulkDisputeActions
from webapp.admin.disputes.case_pdf import CasePdfActions, without_notes
from webapp.admin.disputes.deadline_badge import due_badge
from webapp.admin.disputes.evidence import PREVIEWED, EvidenceActions
from webapp.admin.disputes.forms import FileForm, MessageForm, ResolutionForm
from webapp.admin.disputes.listing import TABS, listing_of, tab_of
from webapp.admin.disputes.live_case import LiveCaseActions
from webapp.admin.disputes.next_case import NextCaseActions
from webapp.admin.disputes.reply_choice import ReplyChoiceActions
from webapp.admin.disputes.resolution import ResolutionActions
from webapp.admin.ui.actions.action_links import ActionLink
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.actions.reversal_form import reversal_link
from webapp.admin.ui.formatting import money
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.remedies import with_links
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import in_words
from webapp.domain.money.shares import Shares
from webapp.domain.states import DisputeStatus
from webapp.models import Dispute
from webapp.security.context import current_principal
from webapp.security.headers import allow_own_frames
from webapp.services.disputes import queues as dispute_queues
from webapp.services.read_models import dispute_detail, escrow_explanation, party_detail, past_cases
from webapp.services.read_models.dispute_detail import DisputeCase


class DisputeScreen(
    LiveCaseActions,
    NextCaseActions,
    DisputeActions,
    ReplyChoiceActions,
    BulkDisputeActions,
    ResolutionActions,
    EvidenceActions,
    CasePdfActions,
):
    """Claims on escrows, and what people decide about them."""

    slug = "disputes"
    title = _l("Disputes")
    permission = "dispute:read"
    group = "work"
    icon = "scale"
    order = 10
    intro = _l("Claims on escrows, the most urgent first.")
    keeps_drafts = True
    empty = _l("No dispute is like this. One appears here when a party claims something, here or through the API.")

    @page("/")
    def index(self) -> Any:
        """One tab of disputes."""
        tab, user = tab_of(request.args), self._user_id()
        with self.reading() as session:
            found = listing_of(tab).read(session, request.args, *dispute_queues.conditions(tab, user, clock.now()))
            counts = dispute_queues.counts(session, user, clock.now())
        tabs = [(label, found.state.link(tab=name), name == tab, counts.get(name)) for name, label in TABS.items()]
        return self.render(
            "disputes/disputes.html",
            page=found,
            tabs=tabs,
            take=DeskForm(),
            due_badge=due_badge,
        )

    @page("/export.csv")
    def export(self) -> Any:
        """The tab, all of it, as a file."""
        return download(
            self.slug,
            listing_of(tab_of(request.args)),
            self.reading_to_export(),
            request.args,
            *dispute_queues.conditions(tab_of(request.args), self._user_id(), clock.now()),
        )

    @page("/<int:dispute_id>")
    def one(self, dispute_id: int) -> Any:
        """The whole case."""
        allow_own_frames()
        return self.render(
            "disputes/dispute.html",
            **self._case(dispute_id),
            message=MessageForm(),
            file=FileForm(),
            form=self._resolution_form(dispute_id),
        )

    @page("/<int:dispute_id>/print")
    def print(self, dispute_id: int) -> Any:
        """The case, the decision and the ledger on a clean page."""
        case = self._case(dispute_id)
        for_parties = without_notes(case["case"].escrow_detail.moments)
        return self.render("disputes/print.html", **case, moments_for_parties=in_words(for_parties))

    def _case(self, dispute_id: int) -> dict[str, Any]:
        with self.reading() as session:
            case = dispute_detail.read(session, dispute_id)
            why = escrow_explanation.reasons(session, case.escrow_detail.escrow.id, clock.now())
            against = escrow_explanation.against_deciding(session, case.escrow_detail.escrow)
            reversing = _reversing(session, case)
            beside = self.beside(session, dispute_id)
            live = self.live(session, case.dispute)
            past = past_cases.of(session, case.dispute, case.escrow_detail.escrow)
        return {
            "case": case,
            "parts": _parts(case.shares),
            "reversing": reversing,
            "beside": beside,
            "live_case": live,
            "past": past,
            "against": with_links(against, case.escrow_detail.escrow.id),
            "why": with_links(why, case.escrow_detail.escrow.id),
            "moments": in_words(case.escrow_detail.moments),
            "due_badge": due_badge,
            "previewed": PREVIEWED,
            "most": party_detail.COUNTED,
            "now": clock.now(),
        }

    def _resolution_form(self, dispute_id: int) -> ResolutionForm:
        page = self._confirm_decide(dispute_id)
        form = ResolutionForm(formdata=None, data=page.values)
        if page.prepare is not None:
            page.prepare(form)
        return form

    def _user_id(self) -> int | None:
        principal = current_principal()
        return principal.user.id if principal is not None and principal.user is not None else None

    def is_open(self, dispute: Dispute) -> bool:
        """Whether it can still be decided."""
        return dispute.status not in ("resolved", "withdrawn")


def _reversing(session: Session, case: DisputeCase) -> ActionLink | None:
    """Correcting a decision that moved money."""
    if case.dispute.status != DisputeStatus.RESOLVED or case.dispute.seller_amount is None:
        return None
    return reversal_link(session, case.escrow_detail.escrow, _("Reverse the decision…"))


def _parts(shares: Shares | None) -> list[tuple[Any, str]]:
    """Who got what by the decision, for a list of facts."""
    if shares is None:
        return []
    buyer, seller, fee = (money(part, shares.currency) for part in (shares.buyer, shares.seller, shares.fee))
    to_seller = _("To the seller, after the fee") if shares.fee else _("To the seller")
    return [(_("To the buyer"), buyer), (to_seller, seller), *([(_("Fee taken"), fee)] if shares.fee else [])]
