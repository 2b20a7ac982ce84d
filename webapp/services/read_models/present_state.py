"""What was decided about a thing, by whom and when, and how it is now: for whoever came second."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.state_labels import in_words
from webapp.domain.states import ApprovalStatus
from webapp.domain.words import phrase
from webapp.models import Approval, Dispute, Escrow, Payment
from webapp.services import timeline
from webapp.services.disputes import endings
from webapp.services.disputes.executors import ResolveDispute
from webapp.services.read_models import escrow_detail
from webapp.services.timeline import Moment

SHOWN = 6
_ACTIONS = {
    "escrow.release": phrase("release to the seller"),
    "escrow.refund": phrase("refund to the buyer"),
    "escrow.void": "voiding",
    "transfer.reverse": "reversal",
    "transfer.reverse_and_refund": phrase("reversal and refund to the buyer"),
    "transfer.reverse_and_split": phrase("reversal and split"),
    "payment.accept": phrase("acceptance of a payment"),
    "payment.refund": phrase("refund of a payment"),
    "payment.mark_paid": phrase("marking a payment as paid"),
    "payout.mark_paid": phrase("marking a payout as paid"),
    "payout.give_back": phrase("giving a payout back to the wallet"),
    "payout.claw_back": phrase("clawing a payout back"),
    "payout.write_off": phrase("writing a payout off"),
}
_DECIDED = {ApprovalStatus.EXECUTED: "approved", ApprovalStatus.REJECTED: "rejected"}


@dataclass(frozen=True, slots=True)
class PresentState:
    """How a thing is now: decisions as sentences, its escrow if it has one, and what happened last, newest first."""

    decisions: Sequence[str]
    escrow: Escrow | None
    disputes: Sequence[Dispute]
    moments: Sequence[Moment]


def of(session: Session, kind: str, number: int) -> PresentState:
    """The state of a thing of this kind, as the audit trail names kinds."""
    escrow = _escrow(session, kind, number)
    if escrow is None:
        return PresentState([], None, [], timeline.moments(session, [(kind, number)], ())[:SHOWN])
    detail = escrow_detail.read(session, escrow.id)
    sentences = [*_endings(detail.disputes, escrow), *_proposals(session, kind, number, escrow)]
    return PresentState(sentences, escrow, detail.disputes, detail.moments[:SHOWN])


def _endings(disputes: Sequence[Dispute], escrow: Escrow) -> list[str]:
    return [sentence for dispute in disputes[:1] if (sentence := endings.ending(dispute, escrow))]


def _proposals(session: Session, kind: str, number: int, escrow: Escrow) -> Iterator[str]:
    """The newest proposal about the escrow, or about the thing itself."""
    about: list[ColumnElement[bool]] = [Approval.escrow_id == escrow.id]
    about.append(and_(Approval.subject_kind == kind, Approval.subject_id == number))
    if kind == "approval":
        about = [Approval.id == number]
    newest = select(Approval).where(or_(*about)).order_by(Approval.id.desc()).limit(1)
    for approval in session.scalars(newest):
        yield _proposal(session, approval, escrow)


def _proposal(session: Session, approval: Approval, escrow: Escrow) -> str:
    what = _words(session, approval, escrow)
    if approval.status == ApprovalStatus.PROPOSED:
        proposed = in_utc(approval.proposed_at)
        return phrase(
            "%(proposed_by_name)s proposed on %(proposed)s: %(what)s. A second person decides.",
            proposed_by_name=approval.proposed_by_name,
            proposed=proposed,
            what=what,
        )
    verb = _DECIDED.get(ApprovalStatus(approval.status))
    if verb is None or approval.decided_at is None:
        return phrase(
            "A proposal by %(proposed_by_name)s is %(status)s: %(what)s.",
            proposed_by_name=approval.proposed_by_name,
            status=in_words(approval.status),
            what=what,
        )
    when = in_utc(approval.decided_at)
    return phrase(
        "%(decided_by_name)s %(verb)s on %(when)s what %(proposed_by_name)s proposed: %(what)s.",
        decided_by_name=approval.decided_by_name,
        verb=verb,
        when=when,
        proposed_by_name=approval.proposed_by_name,
        what=what,
    )


def _words(session: Session, approval: Approval, escrow: Escrow) -> str:
    if approval.action == "dispute.resolve":
        resolution = ResolveDispute.model_validate(approval.payload).dispute_resolution
        return endings.resolution_in_words(session.get_one(Dispute, approval.subject_id), escrow, resolution)
    return phrase(
        "%(action)s, %(amount)s",
        action=_ACTIONS.get(approval.action, approval.action),
        amount=Money(approval.amount, approval.currency),
    )


def _escrow(session: Session, kind: str, number: int) -> Escrow | None:
    """The escrow that a thing is about."""
    escrow_id = {
        "escrow": select(Escrow.id).where(Escrow.id == number),
        "dispute": select(Dispute.escrow_id).where(Dispute.id == number),
        "approval": select(Approval.escrow_id).where(Approval.id == number),
        "payment": select(Escrow.id).join(Payment, Payment.order_id == Escrow.order_id).where(Payment.id == number),
    }.get(kind)
    found = session.scalar(escrow_id) if escrow_id is not None else None
    return session.get(Escrow, found) if found else None
