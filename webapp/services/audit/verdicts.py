"""What a walk over the audit trail found, kept as a record in the trail itself: the next walk goes on from there.

The record is sealed with a seal that comes after everything it vouches for, so whoever goes on from it looks at it too.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import parse_instant
from webapp.models import Audit, AuditSeal
from webapp.services.audit import trail
from webapp.services.audit.verification import Start, Walk

ACTION = "audit.verify"
WHOLE_AGAIN = timedelta(days=7)
"""How long walks go on from one another, before one begins at the first seals again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the last walk found.

    `whole_at` is when a walk from the first seals last found nothing wrong; None while something is.
    """

    audit_id: int
    batch: int
    at: datetime
    run_id: int | None
    is_from_first: bool
    seals: int
    records: int
    problems: list[str]
    whole_at: datetime | None
    chains: dict[str, tuple[int, str]]
    records_to: int


def keep(session: Session, walk: Walk, *, at: datetime, actor: Actor, run_id: int) -> None:
    """Record what a walk found."""
    before = newest(session)
    whole_at = at if walk.is_from_first else before and before.whole_at
    after: dict[str, Any] = {
        "from_first": walk.is_from_first,
        "seals": walk.seals,
        "records": walk.rows,
        "problems": walk.problems,
        "whole_at": whole_at.isoformat() if whole_at and walk.is_whole else None,
        "chains": {each.chain: [each.seq, each.hash] for each in walk.chains},
        "records_to": walk.records_to,
    }
    trail.record(session, actor, ACTION, ("run", run_id), at=at, after=after, run_id=run_id)


def newest(session: Session) -> Verdict | None:
    """The last one, whatever it says; None before the first walk, and where somebody wrote what no walk writes."""
    found = session.scalars(select(Audit).where(Audit.action == ACTION).order_by(Audit.id.desc()).limit(1)).first()
    try:
        return None if found is None else _read(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _read(record: Audit) -> Verdict:
    kept = json.loads(record.after or "{}")
    return Verdict(
        audit_id=record.id,
        batch=record.batch,
        at=record.at,
        run_id=record.run_id,
        is_from_first=kept["from_first"],
        seals=kept["seals"],
        records=kept["records"],
        problems=kept["problems"],
        whole_at=parse_instant(kept["whole_at"]) if kept["whole_at"] else None,
        chains={chain: (int(seq), str(hash_)) for chain, (seq, hash_) in kept["chains"].items()},
        records_to=int(kept["records_to"]),
    )


def start(session: Session, at: datetime) -> Start | None:
    """Where the next walk begins; None for the first seals: weekly, and as long as something is wrong."""
    last = newest(session)
    if last is None or last.whole_at is None or at - last.whole_at >= WHOLE_AGAIN:
        return None
    return Start(last.chains, last.records_to) if _is_walked_next(session, last) else None


def _is_walked_next(session: Session, last: Verdict) -> bool:
    """Whether the seal over this verdict is one that the next walk looks at: or anybody could have written it."""
    seal = session.execute(select(AuditSeal.chain, AuditSeal.seq).where(AuditSeal.batch == last.batch)).one_or_none()
    return seal is not None and seal.seq > last.chains.get(seal.chain, (0, ""))[0]
