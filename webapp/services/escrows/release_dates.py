"""When an escrow is due: every change of that date is written down."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import EscrowExtended
from webapp.models import Escrow
from webapp.services.audit import trail
from webapp.services.common import events


def put_off(session: Session, escrow: Escrow, release_at: datetime, *, at: datetime, actor: Actor, reason: str) -> None:
    """Set a later date. The caller has the escrow's row to itself."""
    before, after = _changed(session, escrow, release_at)
    trail.record(
        session, actor, "escrow.extend", ("escrow", escrow.id), at=at, reason=reason, before=before, after=after
    )
    events.add(session, EscrowExtended(release_at=after["release_at"]), escrow.id, at=at)


def set_by_completion(session: Session, escrow: Escrow, release_at: datetime, *, at: datetime, actor: Actor) -> None:
    """The completion of its order gives the escrow its date; a later one that it has already stands."""
    if escrow.release_at is None or escrow.release_at < release_at:
        before, after = _changed(session, escrow, release_at)
        trail.record(session, actor, "escrow.due", ("escrow", escrow.id), at=at, before=before, after=after)


def _changed(session: Session, escrow: Escrow, release_at: datetime) -> tuple[dict[str, str | None], dict[str, str]]:
    before = {"release_at": clock.iso(escrow.release_at) if escrow.release_at else None}
    escrow.release_at, escrow.version = release_at, escrow.version + 1
    session.flush()
    return before, {"release_at": clock.iso(release_at)}
