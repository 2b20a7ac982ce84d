"""How a dispute is resolved: closed, its freeze lifted, and the escrow paid out as its resolution says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, select, update
from sqlalchemy.orm import Session

from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import DisputeResolved
from webapp.domain.states import CLOSED_DISPUTES, DisputeStatus, Resolution
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Dispute, Escrow
from webapp.services.approvals import escrow_executors
from webapp.services.approvals.escrow_subjects import EscrowSubject, fetch
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.audit.trail import Record
from webapp.services.common import events
from webapp.services.disputes import locks, warranty_claims
from webapp.services.escrows import freezes
from webapp.services.ledger.transfers import Leg


@dataclass(frozen=True, slots=True)
class DisputeSubject(EscrowSubject):
    """The dispute that is decided on, and its escrow."""

    dispute: Dispute


class ResolveDispute(Payload):
    """A resolution. Amounts in minor units, given only for a split; hours only for a warranty claim."""

    resolution: str
    code: str
    buyer_amount: int | None = None
    seller_amount: int | None = None
    cooldown_hours: int | None = None
    """How long the money waits after the claim was rejected, as it was set when that was decided."""

    @property
    def dispute_resolution(self) -> DisputeResolution:
        """The resolution alone."""
        return DisputeResolution(self.resolution, self.code, self.reason, self.buyer_amount, self.seller_amount)


def _fetch(session: Session, dispute_id: int) -> DisputeSubject:
    dispute, of = fetch(session, "dispute", Dispute, dispute_id)
    return DisputeSubject(of.escrow, of.freezes, of.seller_wallet, of.buyer_wallet, of.waiting, dispute)


def _guard(dispute_id: int) -> ScalarSelect[Any]:
    return select(Dispute.escrow_id).where(Dispute.id == dispute_id).scalar_subquery()


read_dispute = Reader(_fetch, _guard)


@executor("dispute.resolve", ResolveDispute, read=read_dispute)
def resolve_dispute(context: Context, subject: DisputeSubject, decision: ResolveDispute) -> Posting:
    """Close the dispute, lift its freeze, then pay out as the resolution says. Raises Invalid for a wrong one."""
    dispute, escrow, resolution = subject.dispute, subject.escrow, decision.dispute_resolution
    held = Money(escrow.amount, escrow.currency)
    resolutions.check(resolution, held)
    if dispute.status in CLOSED_DISPUTES:
        raise _closed(dispute)
    if warranty_claims.is_rejected(dispute, resolution):
        return _rejection(context, subject, decision)
    if resolution.resolution == Resolution.NO_FAULT:
        sentence = resolutions.in_words(resolution, held, escrow.fee, _other_freezes(context, subject))
        return _posting(subject, sentence, lambda: close(context, dispute, escrow, decision, moved=False))
    sentence = resolutions.in_words(resolution, held, escrow.fee)
    parts = shares.divide(held, escrow.fee, resolution.shares(held.amount)[1])
    own = (str(locks.cause_of(dispute)), dispute.id)
    disbursement = escrow_executors.prepare_disbursement(context, subject, parts, context.lifted | {own})

    def post() -> None:
        close(context, dispute, escrow, decision, moved=True)
        disbursement.post(decision.reason)

    return _posting(subject, sentence + disbursement.debts_in_words(), post, disbursement.legs)


def _other_freezes(context: Context, subject: DisputeSubject) -> int:
    """Those that stay when the dispute's own and the proposal's are lifted."""
    lifted = context.lifted | {(str(locks.cause_of(subject.dispute)), subject.dispute.id)}
    return sum((str(each.cause), each.cause_id) not in lifted for each in subject.freezes)


def _rejection(context: Context, subject: DisputeSubject, decision: ResolveDispute) -> Posting:
    """Nobody is paid: the money is due a while later."""
    hours = decision.cooldown_hours or 0

    def post() -> None:
        close(context, subject.dispute, subject.escrow, decision, moved=False)
        warranty_claims.cool_down(
            context.session, subject.dispute, hours, decision.reason, at=context.at, actor=context.actor
        )

    return _posting(subject, warranty_claims.rejection_in_words(subject.escrow, context.at, hours), post)


def _posting(
    subject: DisputeSubject, sentence: str, post: Callable[[], None], legs: Callable[[], Sequence[Leg]] = tuple
) -> Posting:
    escrow = subject.escrow
    return Posting(
        sentence=sentence,
        done=phrase("Dispute %(ref)s is resolved: %(sentence)s.", ref=subject.dispute.ref, sentence=sentence),
        amount=Money(escrow.amount, escrow.currency),
        post=post,
        legs=legs,
        escrow_id=escrow.id,
    )


def close(context: Context, dispute: Dispute, escrow: Escrow, decision: ResolveDispute, *, moved: bool) -> None:
    """Write the resolution into the dispute, with what each side gets if money moved, and lift its freeze."""
    session, at, actor, about = context.session, context.at, context.actor, ("dispute", dispute.id)
    buyer, seller = decision.dispute_resolution.shares(escrow.amount) if moved else (None, None)
    changed = session.execute(
        update(Dispute)
        .where(Dispute.id == dispute.id, Dispute.status.not_in(CLOSED_DISPUTES))
        .values(
            status=DisputeStatus.RESOLVED,
            resolution=decision.resolution,
            resolution_code=decision.code,
            resolution_reason=decision.reason,
            buyer_amount=buyer,
            seller_amount=seller,
            resolved_at=at,
            resolved_by=actor.name,
            waiting_on=None,
            paused_at=None,
            version=Dispute.version + 1,
        )
        .returning(Dispute.id)
        .execution_options(synchronize_session=False)
    )
    if changed.one_or_none() is None:
        raise _closed(dispute)
    event = DisputeResolved(resolution=decision.resolution, buyer_amount=buyer, seller_amount=seller)
    events.add(session, event, dispute.id, at=at)
    before, after, reason = {"status": "open"}, decision.model_dump(mode="json"), decision.reason
    because = [Record("dispute.resolve", about, reason, before, after)]
    cause = locks.cause_of(dispute)
    freezes.lift(session, escrow.id, cause, dispute.id, at=at, actor=actor, reason=reason, because=because)
    session.expire(dispute)


def _closed(dispute: Dispute) -> Conflict:
    return Overtaken(phrase("Dispute %(ref)s is closed already. Your decision was not applied.", ref=dispute.ref))
