"""Disputes, with their messages and evidence."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Key, Minor, Name, Ref, Word

_OPEN = text("status NOT IN ('resolved', 'withdrawn')")
_OWN, _SHARED = text("owner_id IS NOT NULL"), text("owner_id IS NULL")


class Dispute(Base):
    """A claim on an escrow. Its clock pauses (`paused_at`) while a party must answer."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("uq_dispute_open", "escrow_id", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_dispute_assignee", "assignee_id", "due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_dispute_due", "due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_dispute_deadline", "due_at", "id"),
        Index("ix_dispute_status", "status", "due_at", "id"),
        Index("ix_dispute_escrow_id", "escrow_id", "id"),
        Index("ix_dispute_opened_at", "opened_at"),
        Index("ix_dispute_resolved_at", "resolved_at"),
        CheckConstraint("waiting_on IN ('buyer', 'seller')", name="waiting_on"),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    escrow_id: Mapped[int] = mapped_column(ForeignKey("escrow.id"))
    kind: Mapped[Word]
    claimant: Mapped[Word]
    reason_code: Mapped[Word]
    claim: Mapped[str]
    status: Mapped[Word]
    waiting_on: Mapped[Word | None]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("desk_user.id"))
    resolution: Mapped[Word | None]
    resolution_code: Mapped[Word | None]
    resolution_reason: Mapped[str | None]
    buyer_amount: Mapped[Minor | None]
    seller_amount: Mapped[Minor | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[Name | None]
    version: Mapped[int] = mapped_column(default=1)


class Message(Base):
    """A message to or from a party, or an internal note (`audience` is `internal`)."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("audience IN ('buyer', 'seller', 'internal')", name="audience"),
        Index("ix_message_dispute_id", "dispute_id", "id"),
    )

    id: Mapped[Key]
    dispute_id: Mapped[int] = mapped_column(ForeignKey("dispute.id"))
    audience: Mapped[Word]
    inbound: Mapped[bool] = mapped_column(default=False)
    by: Mapped[Word]
    by_name: Mapped[Name]
    body: Mapped[str]
    at: Mapped[datetime]


class CannedReply(Base):
    """A text for messages to parties, with placeholders in braces: of everybody, or of one person (`owner_id`)."""

    __tablename__ = "canned_reply"
    __table_args__ = (
        Index("uq_canned_reply_own", "owner_id", "title", unique=True, postgresql_where=_OWN, sqlite_where=_OWN),
        Index("uq_canned_reply_shared", "title", unique=True, postgresql_where=_SHARED, sqlite_where=_SHARED),
        Index("ix_canned_reply_title", "title", "id"),
    )

    id: Mapped[Key]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    title: Mapped[Name]
    body: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[Name]
    version: Mapped[int] = mapped_column(default=1)


class Evidence(Base):
    """A file or text attached to a dispute: `staged` until `submitted`. Files lie outside the web root."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_dispute_id", "dispute_id", "id"),)

    id: Mapped[Key]
    dispute_id: Mapped[int] = mapped_column(ForeignKey("dispute.id"))
    status: Mapped[Word]
    side: Mapped[Word]
    name: Mapped[Name]
    media_type: Mapped[Name]
    size: Mapped[int]
    sha256: Mapped[str]
    stored_as: Mapped[Name | None]
    body: Mapped[str | None]
    by: Mapped[Word]
    by_name: Mapped[Name]
    at: Mapped[datetime]
