"""What others did about a dispute since a page of it was made."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.models import Audit, Dispute
from webapp.services.common import lookup

RECENT = 100
MOST_NEW = 50


@dataclass(frozen=True, slots=True)
class ShownRecords:
    """What a page shows already: so many records, from this one on.

    Counted, not remembered as the newest: of two transactions that write at once the one with the smaller number may
    be committed later.
    """

    first: int
    count: int


def shown(session: Session, dispute: Dispute, actor: Actor) -> ShownRecords:
    """What a page that is made now shows of what others did: of the latest hundred records."""
    ids = session.scalars(_by_others(dispute, actor).with_only_columns(Audit.id).limit(RECENT)).all()
    return ShownRecords(ids[-1] if len(ids) == RECENT else 0, len(ids))


def since(session: Session, dispute_id: int, before: ShownRecords, actor: Actor) -> Sequence[Audit]:
    """What others did since, the latest first, at most fifty records. Raises NotFound."""
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    known = min(before.count, RECENT)
    records = _by_others(dispute, actor).where(Audit.id >= before.first).limit(known + MOST_NEW)
    found = session.scalars(records).all()
    return found[: max(0, len(found) - known)]


def _by_others(dispute: Dispute, actor: Actor) -> Select[Audit]:
    subjects = [("dispute", dispute.id), ("escrow", dispute.escrow_id)]
    of_the_case = tuple_(Audit.subject_kind, Audit.subject_id).in_(subjects)
    return select(Audit).where(of_the_case, Audit.actor != actor.key).order_by(Audit.id.desc())
