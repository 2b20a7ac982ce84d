"""Reminders of what comes to its end: once each, by a key that names the deadline."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.permissions import ROLES
from webapp.domain.states import CLOSED_DISPUTES, ApprovalStatus, DisputeStatus
from webapp.models import Approval, Dispute, Role, User
from webapp.services.common import readers
from webapp.services.notifications.messages import context, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.settings import Settings

SOON, LATE = timedelta(hours=24), timedelta(hours=24)
ANSWER_SOON = timedelta(hours=4)
LAPSES_SOON = timedelta(hours=12)
_MOST = 1_000


def write(session: Session, at: datetime, settings: Settings) -> int:
    """Write the reminders that are due now and were not written before; returns how many are due."""
    return write_all(session, _due(session, at, settings), at)


def _due(session: Session, at: datetime, settings: Settings) -> Iterator[Message]:
    yield from _assignees(session, at, settings)
    yield from _parties(session, at, settings)
    yield from _approvers(session, at, settings)


def _assignees(session: Session, at: datetime, settings: Settings) -> Iterator[Message]:
    """Who has a dispute hears of its deadline a day before, and once more when it has passed."""
    near = (Dispute.due_at > at - LATE, Dispute.due_at <= at + SOON, Dispute.paused_at.is_(None))
    query = select(Dispute.id, Dispute.due_at, User).join(User, User.id == Dispute.assignee_id)
    rows = session.execute(query.where(*near, Dispute.status.not_in(CLOSED_DISPUTES), User.active).limit(_MOST)).all()
    known = context.of(session, "dispute", [row.id for row in rows], settings)
    for dispute_id, due_at, person in rows:
        kind = "staff.dispute.overdue" if due_at <= at else "staff.dispute.due"
        yield from _to_person(person, kind, ("dispute", dispute_id), due_at, known[dispute_id].fields, settings)


def _parties(session: Session, at: datetime, settings: Settings) -> Iterator[Message]:
    """Who must answer is reminded at half of the time, and four hours before its end."""
    waits = (Dispute.status == DisputeStatus.NEEDS_RESPONSE, Dispute.due_at > at)
    ids = session.scalars(select(Dispute.id).where(*waits).order_by(Dispute.due_at).limit(_MOST)).all()
    for case in context.of(session, "dispute", ids, settings).values():
        dispute, party = case.row, case.parties.get(case.row.waiting_on)
        stage, to = _stage(dispute, at), recipients.of_party(party, settings)
        if stage and to and party:
            kind = "dispute.answer_reminder"
            text = templates.write(kind, case.fields | {"name": party.name}, readers.of_party(party, settings))
            key = f"dispute-{dispute.id}-answer-{_mark(dispute.due_at)}-{stage}"
            yield Message(key, to, kind, ("dispute", dispute.id), text)


def _approvers(session: Session, at: datetime, settings: Settings) -> Iterator[Message]:
    """Who may approve hears of a proposal twelve hours before it lapses; its maker does not."""
    soon = (Approval.expires_at > at, Approval.expires_at <= at + LAPSES_SOON)
    query = select(Approval).where(Approval.status == ApprovalStatus.PROPOSED, *soon).order_by(Approval.id).limit(_MOST)
    found = session.scalars(query).all()
    for user in _who_approves(session) if found else ():
        for approval in found:
            if approval.proposed_by != f"user:{user.id}":
                fields, subject = context.of_approval(approval, settings), ("approval", approval.id)
                yield from _to_person(user, "staff.approval.lapses", subject, approval.expires_at, fields, settings)


def _who_approves(session: Session) -> Sequence[User]:
    roles = [name for name, allowed in ROLES.items() if "money:approve" in allowed]
    who = select(User).where(User.active, User.roles.any(Role.name.in_(roles))).order_by(User.id).limit(100)
    return session.scalars(who).all()


def _stage(dispute: Dispute, at: datetime) -> str | None:
    if at >= dispute.due_at - ANSWER_SOON:
        return "soon"
    if dispute.paused_at is None or at < dispute.paused_at + (dispute.due_at - dispute.paused_at) / 2:
        return None
    return "half"


def _to_person(
    person: User, kind: str, subject: tuple[str, int], due_at: datetime, fields: dict[str, Any], settings: Settings
) -> Iterator[Message]:
    to = recipients.of_person(person.email, settings)
    if to is not None:
        key = f"{subject[0]}-{subject[1]}-{kind}-{_mark(due_at)}"
        yield Message(key, to, kind, subject, templates.write(kind, fields, readers.of_person(person, settings)))


def _mark(at: datetime) -> int:
    return int(at.timestamp())
