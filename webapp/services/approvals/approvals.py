"""Four eyes: a decision above the limit is proposed by one person and done by another's yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import ApprovalExecuted, ApprovalExpired, ApprovalProposed, ApprovalRejected
from webapp.domain.states import ApprovalStatus, FreezeCause
from webapp.domain.words import phrase
from webapp.errors import NotAllowed, Overtaken
from webapp.models import Approval
from webapp.services.approvals import executors, limits
from webapp.services.approvals import subjects as approval_subjects
from webapp.services.approvals.escrow_subjects import EscrowSubject
from webapp.services.approvals.executors import Payload, Posting
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.escrows import disbursement, freezes
from webapp.services.ledger import posting as ledger_posting
from webapp.services.users import passkeys
from webapp.services.users.passkeys import PasskeyProof
from webapp.settings import Settings
from webapp.sql import insert_new

KIND = "approval"
MOST_SHOWN = 200
_MOST_ABOUT = 50
MOVE = "money:move"
"""What a job may do by itself, and a person only here: within the limit, or after a second person's yes."""


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What came of a decision: done, or proposed to a second person."""

    executed: bool
    approval: Approval | None
    sentence: str


def decide(
    session: Session,
    action: str,
    subject_id: int,
    payload: Payload,
    *,
    at: datetime,
    actor: Actor,
    settings: Settings,
    subject: object | None = None,
) -> DecisionResult:
    """Do it when it is within the actor's limit; else propose it. The caller has checked that the actor may.

    `subject` is what the caller has taken already, by the action's own reader: it is neither locked nor read again.
    Raises Conflict or Invalid when it can't be done, also when it would only be proposed.
    """
    if isinstance(subject, EscrowSubject):  # the look at an escrow brings its proposal along
        waiting = subject.waiting
    else:
        waiting = waiting_on(session, executors.find(action).kind, subject_id)
    if waiting is not None:
        raise Overtaken(
            phrase(
                "%(proposed_by_name)s proposed a decision already; it waits for approval. Yours was not applied.",
                proposed_by_name=waiting.proposed_by_name,
            )
        )
    mover = actor.entrusted_with(MOVE)
    posting = executors.compute(session, action, subject_id, payload, at=at, actor=mover, locked=True, subject=subject)
    amount = posting.amount
    if not posting.takes_two and limits.spend(session, actor, amount.currency, amount.amount, at, settings):
        posting.post()
        return DecisionResult(True, None, posting.done)
    approval = _propose(session, action, subject_id, payload, posting, at, actor, settings)
    why = (
        phrase("This always takes two people")
        if posting.takes_two
        else limits.why_two(session, actor, amount, at, settings)
    )
    return DecisionResult(False, approval, phrase("Proposed. %(why)s, so a second person decides.", why=why))


def get(session: Session, approval_id: int) -> Approval:
    """One approval. Raises NotFound."""
    return lookup.by_id(session, Approval, approval_id, "approval")


def waiting(session: Session, actor: Actor | None = None) -> list[Approval]:
    """What waits for a decision, oldest first, at most 200; with an actor only what that one may decide."""
    query = select(Approval).where(Approval.status == ApprovalStatus.PROPOSED)
    if actor is not None:
        query = query.where(Approval.proposed_by != actor.person)
    return list(session.scalars(query.order_by(Approval.id).limit(MOST_SHOWN)))


def require_undecided(session: Session, approval_id: int, *, at: datetime, actor: Actor) -> None:
    """Raise unless this actor may decide the proposal now: nobody is asked for a passkey in vain."""
    _require_approver(actor)
    _undecided(session, approval_id, at, actor)


def approve(
    session: Session,
    approval_id: int,
    *,
    at: datetime,
    actor: Actor,
    settings: Settings,
    proof: PasskeyProof | None = None,
) -> Approval:
    """The second person's yes: checked again, then done in the same transaction.

    Where APPROVALS_NEED_PASSKEY is set, it takes the proof that a passkey signed for this very proposal.
    """
    _require_approver(actor)
    passkey = passkeys.require_proof(proof, (KIND, approval_id), actor=actor, settings=settings)
    proposed = get(session, approval_id)
    subject = executors.find(proposed.action).read.locked(session, proposed.subject_id)
    approval = _undecided(session, approval_id, at, actor)
    mover = actor.entrusted_with(MOVE)
    posting = proposed_posting(session, approval, at=at, actor=mover, subject=subject)
    _decide(session, approval, ApprovalStatus.EXECUTED, at, actor, None, passkey)
    _lift(session, approval, at, actor)
    with ledger_posting.noted(session) as posted:
        posting.post()
    done = update(Approval).where(Approval.id == approval_id).values(posted=posted).returning(Approval)
    return session.scalars(done, execution_options={"populate_existing": True}).one()


def proposed_posting(
    session: Session, approval: Approval, *, at: datetime, actor: Actor, subject: object | None = None
) -> Posting:
    """What a waiting proposal would post now. Raises Conflict when it can't be approved as it stands.

    With the `subject`, locked and looked at, it may be posted; without, it is a preview.
    """
    approval_subjects.require_unchanged(session, approval)
    own = (FreezeCause.PROPOSAL, approval.id)
    how: Any = {"at": at, "actor": actor, "locked": subject is not None, "lifted": [own], "subject": subject}
    return executors.compute(session, approval.action, approval.subject_id, approval.payload, **how)


def reject(session: Session, approval_id: int, reason: str, *, at: datetime, actor: Actor) -> Approval:
    """The second person's no; the proposal's freeze is lifted and its subject goes back to its maker."""
    reason = validation.require_text(reason, "reason", phrase("Say why you reject it."))
    _require_approver(actor)
    escrow_id = get(session, approval_id).escrow_id
    if escrow_id is not None:
        disbursement.locked(session, escrow_id)
    approval = _undecided(session, approval_id, at, actor)
    _decide(session, approval, ApprovalStatus.REJECTED, at, actor, reason)
    _give_back(session, approval, at, actor)
    return get(session, approval_id)


def expire_due(session: Session, at: datetime, actor: Actor) -> int:
    """Let proposals lapse whose time is over, at most 200 at once; returns how many."""
    actor.require("money:move")
    old = (Approval.status == ApprovalStatus.PROPOSED, Approval.expires_at <= at)
    ids = list(session.scalars(select(Approval.id).where(*old).order_by(Approval.id).limit(MOST_SHOWN)))
    for approval_id in ids:
        approval = get(session, approval_id)
        if approval.escrow_id is not None:
            disbursement.locked(session, approval.escrow_id)
        _decide(session, approval, ApprovalStatus.EXPIRED, at, actor, phrase("Nobody decided in time."))
        _give_back(session, approval, at, actor)
    return len(ids)


def lapse(session: Session, escrow_id: int, reason: str, *, at: datetime, actor: Actor) -> None:
    """Let every proposal about an escrow lapse: what it was to move is gone. The escrow's row is taken already."""
    waiting_ones = (Approval.escrow_id == escrow_id, Approval.status == ApprovalStatus.PROPOSED)
    for approval in session.scalars(select(Approval).where(*waiting_ones).order_by(Approval.id)).all():
        _decide(session, approval, ApprovalStatus.EXPIRED, at, actor, reason)
        _give_back(session, approval, at, actor)


_DECIDED = {
    ApprovalStatus.EXECUTED: ApprovalExecuted(),
    ApprovalStatus.REJECTED: ApprovalRejected(),
    ApprovalStatus.EXPIRED: ApprovalExpired(),
}


def waiting_on(session: Session, kind: str, subject_id: int) -> Approval | None:
    """The proposal about this one thing that waits for a second person."""
    where = (
        Approval.subject_kind == kind,
        Approval.subject_id == subject_id,
        Approval.status == ApprovalStatus.PROPOSED,
    )
    return session.scalars(select(Approval).where(*where)).one_or_none()


def is_freezing(session: Session, approval: Approval) -> bool:
    """Whether it freezes an escrow now, which ends with it."""
    found = freezes.open_freezes(session, approval.escrow_id) if approval.escrow_id is not None else []
    return any(each.cause == FreezeCause.PROPOSAL and each.cause_id == approval.id for each in found)


def about(session: Session, subjects: Sequence[tuple[str, int]]) -> Sequence[Approval]:
    """What was proposed about these things, newest first, at most fifty."""
    mine = tuple_(Approval.subject_kind, Approval.subject_id).in_(list(subjects))
    return session.scalars(select(Approval).where(mine).order_by(Approval.id.desc()).limit(_MOST_ABOUT)).all()


def _propose(
    session: Session,
    action: str,
    subject_id: int,
    payload: Payload,
    posting: Posting,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> Approval:
    kind, details = executors.find(action).kind, payload.model_dump(mode="json")
    version = approval_subjects.mark_proposed(session, kind, subject_id)
    row = insert_new(session, Approval).values(
        subject_kind=kind,
        subject_id=subject_id,
        escrow_id=posting.escrow_id,
        action=action,
        payload=details,
        subject_version=version,
        currency=posting.amount.currency,
        amount=posting.amount.amount,
        status=ApprovalStatus.PROPOSED,
        sentence=posting.sentence,
        reason=payload.reason,
        proposed_by=actor.person,
        proposed_by_name=actor.name,
        proposed_at=at,
        expires_at=at + timedelta(hours=settings.approval_expiry_hours),
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Approval.id)).one_or_none()
    if made is None:  # the index of one open proposal a subject decides between two who propose at once
        raise Overtaken(phrase("Someone proposed a decision on this meanwhile. Yours was not applied."))
    if approval_subjects.is_held(session, posting.escrow_id):
        waits = phrase("%(name)s's proposal waits for approval.", name=actor.name)
        freezes.add(session, posting.escrow_id or 0, FreezeCause.PROPOSAL, made, waits, at=at, actor=actor)
        approval_subjects.remember_version(session, made)
    after = {"action": action, "amount": posting.amount.amount, "currency": posting.amount.currency, **details}
    trail.record(session, actor, "approval.propose", ("approval", made), at=at, reason=payload.reason, after=after)
    events.add(session, ApprovalProposed(), made, at=at)
    return get(session, made)


def _require_approver(actor: Actor) -> None:
    actor.require("money:approve")
    if actor.kind != "user":
        raise NotAllowed(phrase("Only a person approves."))


def _undecided(session: Session, approval_id: int, at: datetime, actor: Actor) -> Approval:
    """The approval, if this actor may decide it now. Looked at after its subject's row is taken."""
    approval = get(session, approval_id)
    if approval.proposed_by == actor.person:
        raise NotAllowed(phrase("You proposed this yourself: another person has to decide."))
    if approval.status != ApprovalStatus.PROPOSED:
        who = approval.decided_by_name or "Nobody"
        raise Overtaken(
            phrase(
                "%(who)s decided this already: it is %(status)s. Your decision was not applied.",
                who=who,
                status=approval.status,
            )
        )
    if approval.expires_at <= at:
        raise Overtaken(phrase("The time to decide this is over. It goes back to the one who proposed it."))
    return approval


def _decide(
    session: Session,
    approval: Approval,
    status: ApprovalStatus,
    at: datetime,
    actor: Actor,
    reason: str | None,
    passkey: dict[str, object] | None = None,
) -> None:
    by_person = actor.kind == "user" and status != ApprovalStatus.EXPIRED
    changed = session.execute(
        update(Approval)
        .where(Approval.id == approval.id, Approval.status == ApprovalStatus.PROPOSED)
        .values(
            status=status,
            decided_by=actor.key if by_person else None,
            decided_by_name=actor.name,
            decided_at=at,
            decision_reason=reason,
        )
        .returning(Approval.id)
    )
    if changed.one_or_none() is None:
        raise Overtaken(phrase("Someone decided this at the same moment. Your decision was not applied."))
    session.expire(approval)
    trail.record(session, actor, f"approval.{status}", (KIND, approval.id), at=at, reason=reason, after=passkey)
    events.add(session, _DECIDED[status], approval.id, at=at)


def _give_back(session: Session, approval: Approval, at: datetime, actor: Actor) -> None:
    approval_subjects.mark_returned(session, approval.subject_kind, approval.subject_id)
    _lift(session, approval, at, actor)


def _lift(session: Session, approval: Approval, at: datetime, actor: Actor) -> None:
    if is_freezing(session, approval):
        freezes.lift(session, approval.escrow_id or 0, FreezeCause.PROPOSAL, approval.id, at=at, actor=actor)
