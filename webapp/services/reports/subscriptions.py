"""Who is sent the reports of a kind: whoever asked for it, as long as they may sign in and have a role."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.reports.periods import MAILED
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotAllowed
from webapp.models import Delivery, ReportRecipient, ReportSubscription, User
from webapp.models.user import user_roles
from webapp.services.audit import trail
from webapp.sql import insert_new

SUBJECT = "report"
"""What its letters are about."""


def letter_key(report_id: int, user_id: int) -> str:
    """The key of one person's letter with a report."""
    return f"report-{report_id}-{user_id}"


def kinds_of(session: Session, user_id: int) -> set[str]:
    """What a person subscribes to."""
    return set(session.scalars(select(ReportSubscription.kind).where(ReportSubscription.user_id == user_id)))


def subscribe(session: Session, kind: str, *, at: datetime, actor: Actor) -> bool:
    """Send the actor the reports of a kind from now on; False when they are sent them already."""
    user_id = _checked(kind, actor)
    row = insert_new(session, ReportSubscription).values(user_id=user_id, kind=kind, created_at=at)
    made = session.scalars(row.on_conflict_do_nothing().returning(ReportSubscription.id)).one_or_none()
    if made is not None:
        about = ("user", user_id)
        trail.record(session, actor, "report.subscribe", about, at=at, after={"kind": kind})
    return made is not None


def unsubscribe(session: Session, kind: str, *, at: datetime, actor: Actor) -> bool:
    """Send them no more; False when they were sent none."""
    user_id = _checked(kind, actor)
    mine = (ReportSubscription.user_id == user_id, ReportSubscription.kind == kind)
    gone = session.scalars(delete(ReportSubscription).where(*mine).returning(ReportSubscription.id)).one_or_none()
    if gone is not None:
        about = ("user", user_id)
        trail.record(session, actor, "report.unsubscribe", about, at=at, before={"kind": kind})
    return gone is not None


def subscribers(session: Session) -> Sequence[tuple[User, str, datetime]]:
    """Everybody who subscribes, with the kind and since when, by name."""
    query = select(User, ReportSubscription.kind, ReportSubscription.created_at)
    query = query.join(ReportSubscription, ReportSubscription.user_id == User.id)
    rows = session.execute(query.order_by(User.name, User.id, ReportSubscription.kind))
    return [(user, kind, since) for user, kind, since in rows]


def written_to(session: Session, report_id: int) -> list[tuple[User, datetime, Delivery | None]]:
    """To whom a report was written, when, and the letter, which says whether it came; None once that is archived."""
    query = select(User, ReportRecipient.at).join(ReportRecipient, ReportRecipient.user_id == User.id)
    rows = session.execute(query.where(ReportRecipient.report_id == report_id).order_by(User.name, User.id)).all()
    mine = (Delivery.subject_kind == SUBJECT, Delivery.subject_id == report_id)
    # Behind the letter's own key stand its channel and whom it went to.
    letters = {each.key.rsplit("-", 2)[0]: each for each in session.scalars(select(Delivery).where(*mine))}
    return [(user, at, letters.get(letter_key(report_id, user.id))) for user, at in rows]


def unsent(kind: str, report_id: int, *, since_before: datetime | None = None) -> Any:
    """The subscribers to whom a report was not written yet; perhaps only those of before an instant."""
    written = exists().where(ReportRecipient.report_id == report_id, ReportRecipient.user_id == User.id)
    may_read = exists().where(user_roles.c.user_id == User.id)
    query = select(User.id).join(ReportSubscription, ReportSubscription.user_id == User.id)
    query = query.where(ReportSubscription.kind == kind, User.active, ~User.demo, may_read, ~written)
    if since_before is not None:
        query = query.where(ReportSubscription.created_at < since_before)
    return query.order_by(User.id)


def _checked(kind: str, actor: Actor) -> int:
    """Whose subscription it is. Raises NotAllowed for who is no person, and Invalid for what is not sent."""
    actor.require("report:read")
    if actor.kind != "user" or actor.id is None:
        raise NotAllowed(phrase("Only a person who signs in can subscribe: reports are sent to their address."))
    if kind not in MAILED:
        known = " or ".join(MAILED)
        raise Invalid(
            phrase("Only the %(known)s report is sent.", known=known),
            fields={"kind": phrase("Say %(known)s.", known=known)},
        )
    return actor.id
