"""Backups: what was saved when, how long it took, and whether it was proven."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, Key, Name, Word


class Backup(Base):
    """One backup: `making` until its file has its name, then `kept` until it is `removed`; or `failed`.

    The row outlives the file: where the audit chains ended then is known for good.
    """

    __tablename__ = "backup"
    __table_args__ = (Index("ix_backup_status", "status", "id"),)

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(unique=True)
    status: Mapped[Word]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    """When its file had its name, or it failed."""
    folder: Mapped[str]
    file: Mapped[Name]
    host: Mapped[Name]
    """The machine that wrote it."""
    encrypted: Mapped[bool]
    size: Mapped[int | None]
    sha256: Mapped[Name | None]
    """Of the whole file."""
    revision: Mapped[Word]
    rows: Mapped[int]
    """Of all tables together."""
    evidence_files: Mapped[int] = mapped_column(default=0, server_default="0")
    heads: Mapped[dict[str, Any]] = mapped_column(Json)
    """Where each audit chain ended: its `seq` and `hash`."""
    proof: Mapped[Word | None]
    """How the last proof of it ended: `proven`, `failed`, or `impossible`; None before the first."""
    proof_at: Mapped[datetime | None]
    proof_reason: Mapped[str | None]
    """Why it is not proven."""
    error: Mapped[str | None]
    """Why it failed."""
    removed_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
