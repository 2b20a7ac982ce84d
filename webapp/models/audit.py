"""The audit trail, sealed in batches into a hash chain."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Key, Name, Word

_PERSONS = text("role <> 'job'")
"""Jobs write most records by far, and are found by their name."""


class Audit(Base):
    """Who did what to which thing. `before` and `after` are JSON text."""

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("batch", "pos"),
        Index("ix_audit_subject", "subject_kind", "subject_id", "id"),
        Index("ix_audit_actor", "actor", "id"),
        Index("ix_audit_action", "action", "id"),
        Index("ix_audit_role", "role", "id", postgresql_where=_PERSONS, sqlite_where=_PERSONS),
        Index("ix_audit_at", "at", postgresql_using="brin"),
    )

    id: Mapped[Key]
    batch: Mapped[int]
    pos: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[Word]
    actor_name: Mapped[Name]
    role: Mapped[Name | None]
    """What the actor acted as then: `agent,approver`, `admin,token`, `job`, `cli`. None for records from before."""
    action: Mapped[Word]
    subject_kind: Mapped[Word]
    subject_id: Mapped[int]
    run_id: Mapped[int | None]
    request_id: Mapped[Word | None]
    origin: Mapped[Name | None]
    reason: Mapped[str | None]
    before: Mapped[str | None]
    after: Mapped[str | None]


class AuditSeal(Base):
    """One sealed batch: `hash` is HMAC-SHA256 of the previous hash, the place, the number of rows and their digest."""

    __tablename__ = "audit_seal"

    chain: Mapped[Word] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    batch: Mapped[int] = mapped_column(unique=True)
    rows: Mapped[int]
    digest: Mapped[Name]
    previous: Mapped[Name]
    hash: Mapped[Name]
    key_id: Mapped[Word]


class AuditHead(Base):
    """The end of a chain; its row is the chain's lock."""

    __tablename__ = "audit_head"

    chain: Mapped[Word] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[Name]
