"""A case as a PDF: what the print page shows, with exact times in the reader's zone; internal notes only when asked."""

from collections.abc import Sequence
from typing import Any

from flask import Response, get_template_attribute
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.badges import badge
from webapp.admin.ui.claim_names import dispute_kind
from webapp.admin.ui.formatting import claim_label, exact, money, of_the_desk, resolution_label
from webapp.admin.ui.screen import Screen, page
from webapp.admin.ui.timeline import in_words
from webapp.domain.actors import named
from webapp.domain.states import EscrowStatus
from webapp.models import Dispute, Message
from webapp.security import current_actor
from webapp.services.disputes import handling
from webapp.services.ledger.transfer_queries import Side
from webapp.services.read_models import dispute_detail
from webapp.services.read_models.dispute_detail import DisputeCase
from webapp.services.reports import sheet
from webapp.services.reports.sheet import Sheet, SheetPart
from webapp.services.timeline import Moment


class CasePdfActions(Screen):
    """The files of a case."""

    @page("/<int:dispute_id>/case.pdf")
    def pdf(self, dispute_id: int) -> Response:
        """The case without internal notes."""
        with self.reading() as session:
            case = dispute_detail.read(session, dispute_id)
        return _file(case, notes=False)

    @action("/<int:dispute_id>/case-with-notes", permission="dispute:work")
    def pdf_with_notes(self, dispute_id: int, form: DeskForm) -> Done:
        """The case with internal notes; who took it is on record."""
        with self.transaction() as session:
            handling.record_notes_export(session, dispute_id, at=clock.now(), actor=current_actor())
            case = dispute_detail.read(session, dispute_id)
        return _file(case, notes=True)

    @pdf_with_notes.confirmation
    def _confirm_notes(self, dispute_id: int) -> ActionPage:
        with self.reading() as session:
            ref = dispute_detail.read(session, dispute_id).dispute.ref
        return ActionPage(
            _("PDF of %(ref)s with internal notes", ref=ref),
            self.at("one", dispute_id=dispute_id),
            _("Parties never see internal notes: keep the file on the desk. That you made it is recorded."),
            _("Make the PDF"),
        )


def _file(case: DisputeCase, *, notes: bool) -> Response:
    d, now = case.dispute, clock.now()
    title = _("Dispute %(ref)s", ref=d.ref)
    intro = f"{_('as of')} {exact(now)} · {current_actor().name}"
    record = [_case(case), _decision(case), _ledger(case), _evidence(case)]
    parts = [*record, _messages(case, notes), _timeline(case, notes)]
    document = Sheet(title, _("The case"), intro, str(get_locale() or "en"), now, parts)
    name = f"{d.ref}-with-notes.pdf" if notes else f"{d.ref}.pdf"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(sheet.written(document), mimetype="application/pdf", headers=disposition)


def _plain(value: Any) -> str:
    """What a cell of a page says, as text."""
    return value.striptags() if isinstance(value, Markup) else str(value)


def _side_of(side: str) -> str:
    return {"buyer": _("buyer"), "seller": _("seller")}.get(side, _("The desk"))


def _case(case: DisputeCase) -> SheetPart:
    d, detail = case.dispute, case.escrow_detail
    facts = [
        (_("Kind"), dispute_kind(d.kind)),
        (_("State"), _plain(badge(d.status))),
        (_held_label(case), money(detail.escrow.amount, detail.escrow.currency)),
        (_("Escrow"), detail.escrow.ref),
        (_("Order"), detail.order.ref),
        (_("Buyer"), f"{detail.buyer.name} ({detail.buyer.ref})"),
        (_("Seller"), f"{detail.seller.name} ({detail.seller.ref})"),
        (_("Opened"), exact(d.opened_at)),
        (_("Deadline"), exact(d.due_at)),
        (_("Assignee"), case.assignee.name if case.assignee else _("nobody")),
    ]
    claim = _("Claim of the %(side)s: %(reason)s", side=_side_of(d.claimant), reason=claim_label(d.reason_code))
    return SheetPart(_("The case"), facts, (claim, d.claim))


def _decision(case: DisputeCase) -> SheetPart:
    d, shares = case.dispute, case.shares
    if d.resolved_at is None:
        waits = case.proposal
        sentence = _("Not decided.")
        if waits is not None:
            sentence += " " + _("A proposal by %(who)s waits for approval.", who=waits.proposed_by_name)
        return SheetPart(_("The decision"), texts=(sentence,))
    facts = [(_("Decision"), _outcome(d))]
    if shares is not None:
        facts += [
            (_("To the buyer"), money(shares.buyer, shares.currency)),
            (_("To the seller"), money(shares.seller, shares.currency)),
            (_("Fee taken"), money(shares.fee, shares.currency)),
        ]
    facts += [
        (_("Reason code"), resolution_label(d.resolution_code)),
        (_("Decided by"), named(d.resolved_by or "")),
        (_("When"), exact(d.resolved_at)),
    ]
    return SheetPart(_("The decision"), facts, (*_undone(case), d.resolution_reason or ""))


def _undone(case: DisputeCase) -> tuple[str, ...]:
    """That what the decision paid was reversed, and what was paid instead."""
    if case.undone is None:
        return ()
    in_force = _("Paid instead: %(shares)s.", shares=of_the_desk(case.in_force)) if case.in_force else ""
    since = in_force or _("The money is held again.")
    return (f"{_('What this decision paid was undone')} {exact(case.undone.at)}. {since}",)


def _held_label(case: DisputeCase) -> str:
    return _("Held") if case.escrow_detail.escrow.status == EscrowStatus.HELD else _("Was held")


def _outcome(dispute: Dispute) -> str:
    return _plain(get_template_attribute("components/case.html", "decision")(dispute))


def _ledger(case: DisputeCase) -> SheetPart:
    rows = [
        [exact(made.at), made.reference, _account(side), *_out_and_in(side.amount, made.currency)]
        for made in case.escrow_detail.movements
        for side in made.sides
    ]
    headings = [_("When"), _("Transfer"), _("Account"), _("Out"), _("In")]
    return SheetPart(_("Ledger"), headings=headings, rows=rows, empty=_("No money has moved for this escrow yet."))


def _out_and_in(amount: int, currency: str) -> tuple[str, str]:
    return (money(-amount, currency), "") if amount < 0 else ("", money(amount, currency))


def _account(side: Side) -> str:
    words = {
        "wallet": _("wallet"),
        "pending": _("pending"),
        "receivable": _("debt"),
        "escrow": _("Escrow pool"),
        "fees": _("Fees"),
        "clearing": _("Clearing"),
    }
    kind = words.get(side.kind, side.kind)
    return f"{side.owner} ({kind})" if side.owner else kind


def _evidence(case: DisputeCase) -> SheetPart:
    rows = [[one.name, _side_of(one.side), exact(one.at), one.sha256] for one in case.evidence]
    headings = [_("Name"), _("From"), _("Added"), "SHA-256"]
    texts = [f"{one.name}: {one.body}" for one in case.evidence if one.body]
    return SheetPart(_("Evidence"), texts=texts, headings=headings, rows=rows, empty=_("None."))


def _messages(case: DisputeCase, notes: bool) -> SheetPart:
    shown = [one for one in case.messages if notes or one.audience != "internal"]
    texts = [f"{_who_wrote(one)}, {exact(one.at)}:\n{one.body}" for one in shown]
    title = _("Messages and notes") if notes else _("Messages with the parties")
    return SheetPart(title, texts=texts, empty=_("None."))


def _who_wrote(message: Message) -> str:
    if message.audience == "internal":
        return f"{named(message.by_name)} ({_('internal note, parties never see it')})"
    side = _side_of(message.audience)
    return f"{named(message.by_name)} ({side})" if message.inbound else f"{named(message.by_name)} → {side}"


def without_notes(moments: Sequence[Moment]) -> list[Moment]:
    """A timeline that does not tell of internal notes."""
    return [each for each in moments if not (each.source == "message" and each.action.endswith("internal"))]


def _timeline(case: DisputeCase, notes: bool) -> SheetPart:
    moments = case.escrow_detail.moments
    shown = in_words(moments if notes else without_notes(moments))
    rows = [[exact(one.at), _plain(one.title), _plain(one.who or "")] for one in reversed(shown)]
    return SheetPart(_("Timeline"), headings=[_("When"), _("What"), _("Who")], rows=rows, empty=_("None."))
