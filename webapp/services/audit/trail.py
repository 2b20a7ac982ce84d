"""The audit trail: records written in the action's own transaction, sealed into a chain as its last act."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.models import Audit, AuditHead, AuditSeal
from webapp.models.base import Json
from webapp.services.audit.digest import digest_of
from webapp.sql import Rows, insert_new, insert_rows, is_sqlite

GENESIS = "0" * 64
SEAL_WATCH = "seal_watch"
"""In a session's `info`: who is told how many seconds a seal took."""
_WRITE = insert(Audit.__table__)  # type: ignore[arg-type]
_SEAL = insert(AuditSeal.__table__)  # type: ignore[arg-type]
_MOVE_HEAD = (
    update(AuditHead.__table__)  # type: ignore[arg-type]
    .where(AuditHead.__table__.c.chain == bindparam("of"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
"""Every transaction that records anything runs these: they are built once, and their keys in the cache are known."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one did to one thing, why, and what changed by it."""

    action: str
    subject: tuple[str, int]
    reason: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: tuple[str, int],
    *,
    at: datetime,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    run_id: int | None = None,
) -> None:
    """Write one record: this actor did this to that thing."""
    record_many(session, actor, [Record(action, subject, reason, before, after)], at=at, run_id=run_id)


def record_many(
    session: Session, actor: Actor, records: Sequence[Record], *, at: datetime, run_id: int | None = None
) -> None:
    """Write several records of one actor, in this order: by one statement, compiled once, for each row of values."""
    bind, dialect = Json().process_bind_param, session.get_bind().dialect
    first = _take_places(session, len(records))
    rows = [
        _common(session, actor, each.action, at, each.reason, run_id)
        | {
            "pos": first + number,
            "subject_kind": each.subject[0],
            "subject_id": each.subject[1],
            "before": bind(each.before, dialect),
            "after": bind(each.after, dialect),
        }
        for number, each in enumerate(records)
    ]
    session.execute(_WRITE, rows)


def record_all(
    session: Session,
    actor: Actor,
    action: str,
    subject_kind: str,
    subjects: Rows,
    count: int,
    *,
    at: datetime,
    reason: str | None = None,
    run_id: int | None = None,
) -> None:
    """Write a record for each of `count` subjects: a SELECT of `id`, `before` and `after` (JSON text)."""
    rows = subjects.subquery()
    place = literal(_take_places(session, count) - 1) + func.row_number().over(order_by=rows.c.id)
    common = _common(session, actor, action, at, reason, run_id)
    own = {
        "pos": place,
        "subject_kind": subject_kind,
        "subject_id": rows.c.id,
        "before": rows.c.before,
        "after": rows.c.after,
    }
    insert_rows(session, Audit, common | own)


def seal(session: Session, key: bytes) -> None:
    """Seal what this transaction recorded: the next link of its chain. Nothing recorded, nothing sealed."""
    batch, rows = session.info.pop("audit_batch", None), session.info.pop("audit_places", 0)
    if batch is None:
        return
    begun = time.perf_counter()
    chain = session.info.get("audit_chain", "main")
    head = _locked_head(session, chain, batch)
    seq, summed = head.seq + 1, str(head.digest)
    link = link_hash(key, chain, seq, batch, rows, summed, head.hash)
    of_batch = {"chain": chain, "seq": seq, "batch": batch, "rows": rows, "digest": summed}
    session.execute(_SEAL, of_batch | {"previous": head.hash, "hash": link, "key_id": key_id(key)})
    session.execute(_MOVE_HEAD, {"of": chain, "to_seq": seq, "to_hash": link})
    if (watch := session.info.get(SEAL_WATCH)) is not None:
        watch(time.perf_counter() - begun)


def link_hash(key: bytes, chain: str, seq: int, batch: int, rows: int, summed: str, previous: str) -> str:
    """HMAC-SHA256 over the previous hash, the place in the chain and the batch's digest; hexadecimal."""
    content = f"{chain}|{seq}|{batch}|{rows}|{summed}|{previous}"
    return hmac.new(key, content.encode(), hashlib.sha256).hexdigest()


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"audit-key-id|" + key).hexdigest()[:12]


def _locked_head(session: Session, chain: str, batch: int) -> Any:
    """The chain's last link, locked until the commit, and the digest of the batch. The first batch makes the chain."""
    head, asked = _head_and_digest(is_sqlite(session)), {"chain": chain, "batch": batch}
    found = session.execute(head, asked).one_or_none()
    if found is None:
        start = insert_new(session, AuditHead).values(chain=chain, seq=0, hash=GENESIS)
        session.execute(start.on_conflict_do_nothing())
        found = session.execute(head, asked).one()
    return found


@cache
def _head_and_digest(on_sqlite: bool) -> Rows:
    """The head of `chain` and the digest of `batch`. Building it takes longer than asking."""
    head = select(AuditHead.seq, AuditHead.hash, digest_of(on_sqlite, bindparam("batch")).label("digest"))
    return head.where(AuditHead.chain == bindparam("chain")).with_for_update(of=AuditHead)


def _common(
    session: Session, actor: Actor, action: str, at: datetime, reason: str | None, run_id: int | None
) -> dict[str, Any]:
    return {
        "batch": session.info.setdefault("audit_batch", _new_batch()),
        "at": at,
        "actor": actor.key,
        "actor_name": actor.name,
        "role": actor.role,
        "action": action,
        "run_id": run_id,
        "request_id": actor.request_id,
        "origin": actor.origin,
        "reason": reason,
    }


def _new_batch() -> int:
    """A number of its own for a batch, rising with time; 61 bits."""
    return (time.time_ns() // 1000 << 10) | secrets.randbits(10)


def _take_places(session: Session, count: int) -> int:
    first: int = session.info.get("audit_places", 0) + 1
    session.info["audit_places"] = first + count - 1
    return first
