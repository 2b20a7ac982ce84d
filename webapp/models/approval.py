"""Approvals: money actions that wait for a second person."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Json, Key, Minor, Name, Word

_PROPOSED = text("status = 'proposed'")


class Approval(Base):
    """One proposal with its payload and the version it saw; maker and checker are never the same."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="four_eyes"),
        Index(
            "uq_approval_proposed",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=_PROPOSED,
            sqlite_where=_PROPOSED,
        ),
        Index("ix_approval_status", "status", "id"),
        Index("ix_approval_amount", "currency", "amount", "id"),
        Index("ix_approval_expires", "expires_at", "id"),
        Index("ix_approval_proposed_by", "proposed_by", "id"),
        Index("ix_approval_subject", "subject_kind", "subject_id", "id"),
    )

    id: Mapped[Key]
    subject_kind: Mapped[Word]
    subject_id: Mapped[int]
    escrow_id: Mapped[int | None] = mapped_column(ForeignKey("escrow.id"))
    action: Mapped[Word]
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    subject_version: Mapped[int]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    status: Mapped[Word]
    sentence: Mapped[str | None]
    """What it would do, with the sums, as it was when it was proposed; None for proposals of old."""
    reason: Mapped[str]
    proposed_by: Mapped[Word]
    proposed_by_name: Mapped[Name]
    proposed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[Word | None]
    decided_by_name: Mapped[Name | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    posted: Mapped[list[int] | None] = mapped_column(Json)
    """The transfers that carrying it out posted; None before, and for what was decided when this was not kept."""


class Spending(Base):
    """What one actor moved by hand without a second person on one UTC day, in one currency: the cumulative limit."""

    __tablename__ = "spending"

    actor: Mapped[Word] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    amount: Mapped[Minor]
