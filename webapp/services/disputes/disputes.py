"""Disputes: claims on an escrow, from their opening to a decision."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.outbox.event_types import DisputeExpired, DisputeOpened, DisputeWithdrawn
from webapp.domain.state_labels import in_words
from webapp.domain.states import DisputeKind, DisputeStatus, EscrowStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, Overtaken
from webapp.models import Dispute, Escrow
from webapp.services.approvals import approvals
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.disputes import chargeback_cases, endings, locks, warranty_claims
from webapp.services.disputes.executors import ResolveDispute, read_dispute
from webapp.services.escrows import disbursement, freezes
from webapp.settings import Settings
from webapp.sql import insert_new

SIDES = ("buyer", "seller")


@dataclass(frozen=True, slots=True)
class NewDispute:
    """A claim to be: who makes it (`buyer` or `seller`), about what, in whose words."""

    escrow_id: int
    claimant: str
    reason_code: str
    claim: str
    kind: str = DisputeKind.DISPUTE


def open_dispute(session: Session, new: NewDispute, *, at: datetime, actor: Actor, settings: Settings) -> Dispute:
    """Open a claim and freeze its escrow, whose row is taken first, so that no release slips between."""
    actor.require("dispute:open")
    claim = _checked(new)
    escrow = disbursement.locked(session, new.escrow_id)
    if escrow.status != EscrowStatus.HELD:
        raise Conflict(
            phrase(
                "Escrow %(ref)s is %(in_words)s: only held money can be disputed.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
            )
        )
    dispute = _insert(session, new, claim, at, settings)
    cause = locks.cause_of(dispute)
    why = phrase("Dispute %(ref)s is open.", ref=dispute.ref)
    freezes.add(session, escrow.id, cause, dispute.id, why, at=at, actor=actor)
    details = {"dispute": dispute.ref, "escrow": escrow.ref, "kind": new.kind, "reason_code": new.reason_code}
    trail.record(session, actor, "dispute.open", ("dispute", dispute.id), at=at, reason=claim, after=details)
    events.add(session, DisputeOpened(), dispute.id, at=at)
    chargeback_cases.join_all(session, dispute, escrow, at=at, actor=actor)
    return dispute


def get(session: Session, dispute_id: int) -> Dispute:
    """One dispute. Raises NotFound."""
    return lookup.by_id(session, Dispute, dispute_id, "dispute")


def resolve(
    session: Session,
    dispute_id: int,
    resolution: DisputeResolution,
    *,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> DecisionResult:
    """Decide: done at once up to the actor's limit, proposed above it. A second decider learns of the first."""
    actor.require("money:propose")
    subject = read_dispute.locked(session, dispute_id)
    _require_undecided(subject.dispute, subject.escrow)
    lookup.require_version(subject.dispute, version, "dispute")
    decision = as_decided(subject.dispute, resolution, settings)
    return approvals.decide(
        session, "dispute.resolve", dispute_id, decision, at=at, actor=actor, settings=settings, subject=subject
    )


def as_decided(dispute: Dispute, resolution: DisputeResolution, settings: Settings) -> ResolveDispute:
    """The resolution with what else is settled by it when it is about a warranty claim."""
    hours = settings.claim_cooldown_hours if warranty_claims.is_claim(dispute) else None
    details = asdict(resolution) | {"reason": (resolution.reason or "").strip()}
    return ResolveDispute(**details, cooldown_hours=hours)


def withdraw(
    session: Session, dispute_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> Dispute:
    """The claimant takes it back; only this dispute's freeze is lifted. A warranty claim's escrow is due later."""
    actor.require("dispute:work")
    reason = validation.require_text(reason, "reason", phrase("Say why it is withdrawn."))
    dispute, escrow = locks.locked(session, dispute_id)
    _require_undecided(dispute, escrow)
    lookup.require_version(dispute, version, "dispute")
    if dispute.status == DisputeStatus.PENDING_APPROVAL:
        raise Overtaken(phrase("A decision waits for approval. Reject it first."))
    dispute.status, dispute.resolved_at, dispute.resolved_by = DisputeStatus.WITHDRAWN, at, actor.name
    dispute.resolution_reason, dispute.waiting_on, dispute.paused_at = reason, None, None
    dispute.version += 1
    session.flush()
    freezes.lift(session, escrow.id, locks.cause_of(dispute), dispute.id, at=at, actor=actor, reason=reason)
    if warranty_claims.is_claim(dispute):
        warranty_claims.cool_down(session, dispute, settings.claim_cooldown_hours, reason, at=at, actor=actor)
    trail.record(session, actor, "dispute.withdraw", ("dispute", dispute.id), at=at, reason=reason)
    events.add(session, DisputeWithdrawn(), dispute.id, at=at)
    return dispute


def _require_undecided(dispute: Dispute, escrow: Escrow) -> None:
    ending = endings.ending(dispute, escrow)
    if ending:
        raise Overtaken(phrase("%(ending)s Your decision was not applied.", ending=ending))


def _insert(session: Session, new: NewDispute, claim: str, at: datetime, settings: Settings) -> Dispute:
    last = session.scalars(select(Dispute.id).order_by(Dispute.id.desc()).limit(1)).one_or_none() or 0
    row = insert_new(session, Dispute).values(
        ref=f"D-{new.escrow_id}-{last + 1}",
        escrow_id=new.escrow_id,
        kind=new.kind,
        claimant=new.claimant,
        reason_code=new.reason_code,
        claim=claim,
        status=DisputeStatus.OPENED,
        opened_at=at,
        due_at=at + timedelta(hours=settings.dispute_response_hours),
        version=1,
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Dispute.id)).one_or_none()
    if made is None:
        raise Conflict(phrase("This escrow has an open dispute already. Add what you know to that one."))
    session.execute(update(Dispute).where(Dispute.id == made).values(ref=f"D-{made:06d}"))
    return get(session, made)


def _checked(new: NewDispute) -> str:
    problems = {}
    if new.claimant not in SIDES:
        problems["claimant"] = phrase("Either buyer or seller.")
    if new.reason_code not in resolutions.REASON_CODES:
        problems["reason_code"] = phrase("One of %(known)s.", known=", ".join(resolutions.REASON_CODES))
    if new.kind not in list(DisputeKind):
        problems["kind"] = phrase("One of %(known)s.", known=", ".join(DisputeKind))
    if problems:
        raise Invalid(phrase("The dispute can't be opened like this."), fields=problems)
    return validation.require_text(new.claim, "claim", phrase("Say what is claimed."))


def expire_due(session: Session, at: datetime, actor: Actor) -> int:
    """A party that must answer and didn't in time: the dispute needs a decision. At most 200; returns how many."""
    actor.require("money:move")
    late = (Dispute.status == DisputeStatus.NEEDS_RESPONSE, Dispute.due_at <= at)
    ids = list(session.scalars(select(Dispute.id).where(*late).order_by(Dispute.due_at, Dispute.id).limit(200)))
    for dispute_id in ids:
        dispute, _ = locks.locked(session, dispute_id)
        if dispute.status == DisputeStatus.NEEDS_RESPONSE:
            _expire(session, dispute, at, actor)
    return len(ids)


def _expire(session: Session, dispute: Dispute, at: datetime, actor: Actor) -> None:
    dispute.status, dispute.paused_at, dispute.version = DisputeStatus.EXPIRED, None, dispute.version + 1
    session.flush()
    reason = phrase("The %(waiting_on)s did not answer in time.", waiting_on=dispute.waiting_on)
    trail.record(session, actor, "dispute.expire", ("dispute", dispute.id), at=at, reason=reason)
    events.add(session, DisputeExpired(), dispute.id, at=at)
