"""Redaction: personal data go out of records that are sealed, and the chain says so and stays verifiable.

A seal covers the digest of its batch. A redaction is recorded in two records of a later batch, sealed in their turn:
`audit.redact` with the digest that was found, before anything changes, and `audit.redacted` with the digest that is
there afterwards. A batch that is not as its seal says is as it should be when such records lead from the one digest to
the other. Who changes a record without the sealing key can make none, and what is broken already is not redacted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Audit, AuditSeal
from webapp.services.audit import trail
from webapp.services.audit.digest import digest
from webapp.services.audit.trail import key_id, link_hash
from webapp.sql import is_sqlite, one_of

SUBJECT = "audit_batch"
BEGUN, DONE = "audit.redact", "audit.redacted"
_TURN = 7201442
"""The advisory lock of redactions; migrations have the number before it."""


@dataclass(frozen=True, slots=True)
class NewText:
    """What stands in a record from now on."""

    reason: str | None
    before: str | None
    after: str | None


def begin(session: Session) -> None:
    """Wait for the redaction that another transaction is at. Records may be read for their new texts after this only.

    Two at once would both begin at the same digest of a batch, so that neither explains what is there afterwards, and
    the later one would write back what the other has just replaced. SQLite has one writer anyway.
    """
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_TURN)))


def redact(
    session: Session, texts: Mapping[int, NewText], *, keys: Sequence[bytes], at: datetime, actor: Actor, reason: str
) -> int:
    """Put these texts into these records, by id; returns how many batches it touched. They are read after `begin`.

    Raises Conflict when a batch is not as it was sealed: a redaction would cover up what was done to it.
    """
    batches: dict[int, list[int]] = {}
    for audit_id, batch in session.execute(select(Audit.id, Audit.batch).where(Audit.id.in_(texts)).order_by(Audit.id)):
        batches.setdefault(batch, []).append(audit_id)
    for batch, ids in batches.items():
        found = digest(session, batch)
        if not is_as_sealed(session, batch, found, keys):
            raise Conflict(
                phrase(
                    "Batch %(batch)s of the audit trail is not as it was sealed, see `desk audit "
                    "verify`: nothing in it is replaced before that is cleared up. Nothing was changed.",
                    batch=batch,
                )
            )
        _record(session, actor, BEGUN, batch, at, reason, {"records": ids, "digest": found})
        for audit_id in ids:
            new = texts[audit_id]
            _replace(session, audit_id, new)
        _record(session, actor, DONE, batch, at, reason, {"records": len(ids), "digest": digest(session, batch)})
    session.expire_all()
    return len(batches)


def _replace(session: Session, audit_id: int, new: NewText) -> None:
    if is_sqlite(session):
        values = {"reason": new.reason, "before": new.before, "after": new.after}
        session.execute(update(Audit).where(Audit.id == audit_id).values(**values))
    else:
        # The desk's role may not change the table; this function of its owner does, and the trigger judges it.
        session.execute(select(func.redact_audit(audit_id, new.reason, new.before, new.after)))


def is_as_sealed(
    session: Session, batch: int, found: str, keys: Sequence[bytes], above: frozenset[int] = frozenset()
) -> bool:
    """Whether this digest of the batch is the one of its seal, or the one that its redactions lead to from there.

    What was redacted and stands there again is not. `above` are the batches whose redactions led to this question.
    """
    seal = session.scalars(select(AuditSeal).where(AuditSeal.batch == batch)).one_or_none()
    if seal is None or not _is_genuine(seal, keys):
        return False
    return found == _after_redactions(session, seal, keys, above | {batch})


def redacted_batches(session: Session, batches: Sequence[int]) -> frozenset[int]:
    """Those of the batches of which some record says that they were redacted, whoever wrote it."""
    mine = (Audit.subject_kind == SUBJECT, one_of(session, Audit.subject_id, batches))
    named = select(Audit.subject_id).where(*mine, Audit.action.in_((BEGUN, DONE)))
    return frozenset(session.scalars(named.distinct()))


def _after_redactions(session: Session, seal: AuditSeal, keys: Sequence[bytes], above: frozenset[int]) -> str | None:
    """The digest to which the batch's redactions lead; None when one is not what it should be."""
    mine = (Audit.subject_kind == SUBJECT, Audit.subject_id == seal.batch, Audit.action.in_((BEGUN, DONE)))
    expected, pending = seal.digest, None
    for record in session.scalars(select(Audit).where(*mine).order_by(Audit.id)).all():
        if not _is_whole(session, record.batch, keys, above):
            return None
        shown = json.loads(record.after or "{}").get("digest")
        if record.action == BEGUN:
            if shown != expected:
                return None
            pending = record.batch
        elif pending == record.batch:
            expected, pending = shown, None
        else:
            return None
    return None if pending is not None else expected


def _is_whole(session: Session, batch: int, keys: Sequence[bytes], above: frozenset[int]) -> bool:
    if batch in above:
        return False
    return session.info.get("audit_batch") == batch or is_as_sealed(session, batch, digest(session, batch), keys, above)


def _is_genuine(seal: AuditSeal, keys: Sequence[bytes]) -> bool:
    known = {key_id(key): key for key in keys}
    if seal.key_id not in known:
        return False
    made = link_hash(known[seal.key_id], seal.chain, seal.seq, seal.batch, seal.rows, seal.digest, seal.previous)
    return made == seal.hash


def _record(
    session: Session, actor: Actor, action: str, batch: int, at: datetime, reason: str, after: dict[str, object]
) -> None:
    trail.record(session, actor, action, (SUBJECT, batch), at=at, reason=reason, after=after)
    session.flush()
