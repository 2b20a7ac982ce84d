"""What happened to a case, in one order: actions, money, messages, files and job runs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from webapp.models import Audit, Evidence, Message
from webapp.services.ledger.transfer_queries import TransferDetail

MOST = 200
_CAUSES = ("approval", "dispute", "order", "payment", "payout", "payout_schedule", "escrow", "refund")
"""In one instant, what led to something comes before it: whose action follows from whose."""
_FREEZES = ("escrow.freeze", "escrow.unfreeze")
_TEXT, _MONEY = len(_CAUSES), len(_CAUSES) + 1
Subject = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. `source` is `action`, `money`, `message` or `evidence`; `action` says which."""

    at: datetime
    source: str
    action: str
    who: str = ""
    text: str = ""
    run_id: int | None = None
    amount: int | None = None
    currency: str = ""
    key: int = 0
    shares: str = ""
    """Of money: who got or gave how much of it."""
    rank: int = _TEXT
    """Where it stands among those of its instant."""
    cause: str = ""
    """Of a freeze: what it is for."""


def moments(
    session: Session, subjects: Sequence[Subject], movements: Iterable[TransferDetail], dispute_ids: Sequence[int] = ()
) -> list[Moment]:
    """Everything recorded of these subjects, newest first, at most a few hundred moments."""
    found = [*_actions(session, subjects), *map(_money, movements)]
    for dispute_id in dispute_ids:
        found += [*_messages(session, dispute_id), *_evidence(session, dispute_id)]
    return sorted(found, key=lambda moment: (moment.at, moment.rank, moment.key), reverse=True)


def _actions(session: Session, subjects: Sequence[Subject]) -> list[Moment]:
    what = tuple_(Audit.subject_kind, Audit.subject_id)
    listed_elsewhere = Audit.action.in_(("dispute.message", "evidence.attach"))
    rows = session.scalars(
        select(Audit).where(what.in_(list(subjects)), ~listed_elsewhere).order_by(Audit.id.desc()).limit(MOST)
    )
    return [_action(row) for row in rows]


def _action(row: Audit) -> Moment:
    cause = json.loads(row.after).get("cause", "") if row.after and row.action in _FREEZES else ""
    who, why = row.actor_name, row.reason or ""
    return Moment(row.at, "action", row.action, who, why, row.run_id, key=row.id, rank=_rank(row), cause=cause)


def _money(movement: TransferDetail) -> Moment:
    return Moment(
        movement.at,
        "money",
        movement.kind,
        text=movement.reference,
        run_id=movement.run_id,
        amount=movement.amount,
        currency=movement.currency,
        key=movement.id,
        shares=movement.shares_in_words(),
        rank=_MONEY,
    )


def _rank(row: Audit) -> int:
    return _CAUSES.index(row.subject_kind) if row.subject_kind in _CAUSES else _TEXT


def _messages(session: Session, dispute_id: int) -> list[Moment]:
    rows = session.scalars(
        select(Message).where(Message.dispute_id == dispute_id).order_by(Message.id.desc()).limit(MOST)
    )
    return [
        Moment(
            row.at, "message", f"{'from' if row.inbound else 'to'}_{row.audience}", row.by_name, row.body, key=row.id
        )
        for row in rows
    ]


def _evidence(session: Session, dispute_id: int) -> list[Moment]:
    rows = session.scalars(
        select(Evidence).where(Evidence.dispute_id == dispute_id).order_by(Evidence.id.desc()).limit(MOST)
    )
    return [Moment(row.at, "evidence", row.side, row.by_name, row.name, key=row.id) for row in rows]
