"""What a page offers to do with an escrow in its state: each works there, or says why it doesn't."""

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.escrows import reversal_form as reversals
from webapp.admin.ui.action_links import Offer, offer
from webapp.domain.states import CLOSED_DISPUTES, EscrowStatus
from webapp.models import Escrow
from webapp.security import current_actor
from webapp.services.read_models import disabled_reasons
from webapp.services.read_models.escrow_detail import EscrowDetail


def of_escrow(session: Session, file: EscrowDetail) -> list[Offer]:
    """Every deed that fits its state, open or closed."""
    escrow = file.escrow
    if escrow.status == EscrowStatus.HELD:
        return _held(session, file)
    if escrow.status == EscrowStatus.PENDING_PAYMENT:
        why_not = _hindrance(session, "escrow.void", escrow)
        return [offer("void", _("Void…"), "cross", "money:propose", why_not, "danger-quiet")]
    if escrow.status == EscrowStatus.VOIDED:
        return []
    return [reversal(session, escrow, _("Reverse…"))]


def reversal(session: Session, escrow: Escrow, verb: str) -> Offer:
    """Taking back what left it."""
    transfer_id = reversals.leaving_of(session, escrow)
    if transfer_id is None and escrow.status == EscrowStatus.HELD and escrow.hold_no > 1:
        why_not = _("Escrow %(ref)s is held again: what had left it is back already.", ref=escrow.ref)
    elif transfer_id is None:
        why_not = _("Nothing has left escrow %(ref)s that could be reversed.", ref=escrow.ref)
    else:
        actor = current_actor()
        why_not = disabled_reasons.of(
            session, reversals.REVERSE, transfer_id, at=clock.now(), actor=actor, to_debt=True
        )
    return offer("reverse", verb, "return", "money:reverse", why_not, "danger-quiet")


def _held(session: Session, file: EscrowDetail) -> list[Offer]:
    number, disputing = file.escrow.id, _disputing(file)
    why_not = {action: _hindrance(session, action, file.escrow) for action in ("escrow.refund", "escrow.release")}
    to_dispute = url_for("disputes.open", escrow_id=number)
    return [
        offer("freeze", _("Freeze…"), "snow", "escrow:freeze", _freezing(file)),
        offer("extend", _("Put off…"), "clock", "escrow:extend"),
        offer("open", _("Open a dispute…"), "flag", "dispute:open", disputing, address=to_dispute),
        offer("refund", _("Refund…"), "return", "money:propose", why_not["escrow.refund"]),
        offer("release", _("Release now…"), "check", "money:propose", why_not["escrow.release"], "primary"),
    ]


def _hindrance(session: Session, action: str, escrow: Escrow) -> str:
    return disabled_reasons.of(session, action, escrow.id, at=clock.now(), actor=current_actor())


def _disputing(file: EscrowDetail) -> str:
    known = next((each for each in file.disputes if each.status not in CLOSED_DISPUTES), None)
    return "" if known is None else _("Dispute %(ref)s is open. Add what you know to that one.", ref=known.ref)


def _freezing(file: EscrowDetail) -> str:
    mine = any((each.cause, each.cause_id) == ("person", current_actor().id or 0) for each in file.freezes)
    return _("You froze it already.") if mine else ""
