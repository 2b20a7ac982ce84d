"""What waits for somebody: the most urgent few of all kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AlertStatus
from webapp.models import Alert, Escrow
from webapp.services.read_models import work_counts
from webapp.sql import one_of

SHOWN = 5
MOST_ALERTS = 1_000
_NEVER = datetime.max.replace(tzinfo=UTC)
_SINCE: Mapping[str, str] = {
    "approvals": "expires_at",
    "alerts": "fired_at",
    "payments": "created_at",
    "escrows": "release_at",
    "payouts": "doubted_at",
}
"""When each kind lapses, or has waited since."""


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """One thing that waits for somebody: since when, or until when, and the row itself; of a dispute its escrow too."""

    kind: str
    at: datetime | None
    row: Any
    escrow: Escrow | None = None


def most_urgent(session: Session, actor: Actor, at: datetime, kinds: Sequence[str]) -> list[WaitingWork]:
    """The most urgent of what waits for this actor, whatever its kind, at most SHOWN.

    Alerts that wake somebody come first and the other alerts last; in between what was due, or will be, the soonest.
    """
    found = [each for kind in kinds for each in _first(session, kind, actor, at)]
    return sorted(found, key=_urgency)[:SHOWN]


def _first(session: Session, kind: str, actor: Actor, at: datetime) -> list[WaitingWork]:
    work = work_counts.WORK[kind]
    query = select(work.model).where(*work.waits(actor, at)).order_by(*work.urgent).limit(SHOWN)
    rows = session.scalars(query).all()
    if kind != "disputes":
        return [WaitingWork(kind, getattr(row, _SINCE[kind]), row) for row in rows]
    asked = one_of(session, Escrow.id, [row.escrow_id for row in rows])
    escrows = {escrow.id: escrow for escrow in session.scalars(select(Escrow).where(asked))}
    return [WaitingWork(kind, row.due_at, row, escrows[row.escrow_id]) for row in rows]


def _urgency(work: WaitingWork) -> tuple[int, datetime]:
    tier = {"page": 0, "warn": 2}[work.row.severity] if work.kind == "alerts" else 1
    return tier, work.at or _NEVER


def firing_alerts(session: Session) -> dict[str, int]:
    """How many alerts fire by severity, of the newest MOST_ALERTS + 1."""
    newest = select(Alert.severity).where(Alert.status == AlertStatus.FIRING).order_by(Alert.id.desc())
    some = newest.limit(MOST_ALERTS + 1).subquery()
    return dict(session.execute(select(some.c.severity, func.count()).group_by(some.c.severity)).all())
