"""What a walk over the books found and where it ended, kept as a sealed record in the audit trail: the next goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import parse_instant
from webapp.models import Audit
from webapp.services.audit import trail, verification
from webapp.services.ledger import integrity_walk
from webapp.services.ledger.integrity_rules import BookFinding
from webapp.services.ledger.integrity_walk import BooksStart, BooksWalk, Round

ACTION = "books.verify"


@dataclass(frozen=True, slots=True)
class BooksVerdict:
    """What the last walk found. `whole_at` is when a round over everything was last over; None before the first."""

    batch: int
    at: datetime
    run_id: int | None
    whole_at: datetime | None
    start: BooksStart


def keep(
    session: Session, walk: BooksWalk, whole_at: datetime | None, *, at: datetime, actor: Actor, run_id: int
) -> None:
    """Record what a walk found and where it ended. `whole_at` is what the verdict before says."""
    if walk.round.is_over and walk.round.over_at is None:
        walk.round.over_at = at
    end = integrity_walk.ended(walk)
    over_at = walk.round.over_at or whole_at
    after: dict[str, Any] = {
        "marks": end.marks,
        "problems": [list(each) for each in end.findings],
        "full": end.is_full,
        "round": end.round.as_json(),
        "whole_at": over_at and over_at.isoformat(),
    }
    trail.record(session, actor, ACTION, ("run", run_id), at=at, after=after, run_id=run_id)


def newest(session: Session) -> BooksVerdict | None:
    """The last one; None before the first walk, and where somebody wrote what no walk writes."""
    last = session.scalars(select(Audit).where(Audit.action == ACTION).order_by(Audit.id.desc()).limit(1)).first()
    try:
        return None if last is None else _read(last)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def start(session: Session, keys: Sequence[bytes]) -> BooksVerdict | None:
    """The last one that the next walk goes on from: it is as this desk sealed it. Otherwise everything is new."""
    last = newest(session)
    return last if last is not None and verification.is_sealed(session, last.batch, keys) else None


def _read(record: Audit) -> BooksVerdict:
    kept = json.loads(record.after or "{}")
    findings = tuple(BookFinding(str(rule), int(number), str(sentence)) for rule, number, sentence in kept["problems"])
    marks = {name: int(kept["marks"][name]) for name in integrity_walk.MARKS}
    return BooksVerdict(
        batch=record.batch,
        at=record.at,
        run_id=record.run_id,
        whole_at=parse_instant(kept["whole_at"]) if kept["whole_at"] else None,
        start=BooksStart(marks, findings, Round.from_json(kept["round"]), bool(kept["full"])),
    )
