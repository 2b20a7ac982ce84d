"""What a page offers to do with an escrow in its state: each works there, or says why it doesn't."""

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.reversal_form import reversal_link
from webapp.domain.states import CLOSED_DISPUTES, EscrowStatus
from webapp.models import Escrow
from webapp.security import current_actor
from webapp.services.read_models import disabled_reasons
from webapp.services.read_models.escrow_detail import EscrowDetail


def of_escrow(session: Session, file: EscrowDetail) -> list[ActionLink]:
    """Every action that fits its state, open or closed."""
    escrow = file.escrow
    if escrow.status == EscrowStatus.HELD:
        return _held(session, file)
    if escrow.status == EscrowStatus.PENDING_PAYMENT:
        disabled_reason = _disabled_reason(session, "escrow.void", escrow)
        return [action_link("void", _("Void…"), "cross", "money:propose", disabled_reason, "danger-quiet")]
    if escrow.status == EscrowStatus.VOIDED:
        return []
    return [reversal_link(session, escrow, _("Reverse…"))]


def _held(session: Session, file: EscrowDetail) -> list[ActionLink]:
    number, disputing = file.escrow.id, _disputing(file)
    disabled_reason = {
        action: _disabled_reason(session, action, file.escrow) for action in ("escrow.refund", "escrow.release")
    }
    to_dispute = url_for("disputes.open", escrow_id=number)
    return [
        action_link("freeze", _("Freeze…"), "snow", "escrow:freeze", _freezing(file)),
        action_link("extend", _("Extend…"), "clock", "escrow:extend"),
        action_link("open", _("Open a dispute…"), "flag", "dispute:open", disputing, address=to_dispute),
        action_link("refund", _("Refund…"), "return", "money:propose", disabled_reason["escrow.refund"]),
        action_link(
            "release", _("Release now…"), "check", "money:propose", disabled_reason["escrow.release"], "primary"
        ),
    ]


def _disabled_reason(session: Session, action: str, escrow: Escrow) -> str:
    return disabled_reasons.of(session, action, escrow.id, at=clock.now(), actor=current_actor())


def _disputing(file: EscrowDetail) -> str:
    known = next((each for each in file.disputes if each.status not in CLOSED_DISPUTES), None)
    return "" if known is None else _("Dispute %(ref)s is open. Add what you know to that one.", ref=known.ref)


def _freezing(file: EscrowDetail) -> str:
    mine = any((each.cause, each.cause_id) == ("person", current_actor().id or 0) for each in file.freezes)
    return _("You froze it already.") if mine else ""
