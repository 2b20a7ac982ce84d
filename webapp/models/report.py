"""Reports: made once for a kind and a period, kept with their files, and mailed to who subscribes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, Key, Name, Word


class Report(Base):
    """The figures of a period of whole UTC days: from `first_day` until before `end_day`."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("kind", "first_day", "end_day"),
        CheckConstraint("end_day > first_day", name="period"),
        Index("ix_report_kind", "kind", "id"),
    )

    id: Mapped[Key]
    kind: Mapped[Word]
    """`weekly`, `monthly`, or `custom`: one that somebody asked for."""
    first_day: Mapped[date]
    end_day: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[Word]
    made_by_name: Mapped[Name]
    run_id: Mapped[int | None]
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    """What its files say, as the API answers it."""
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class ReportFile(Base):
    """One form of a report. It never changes: `sha256` is that of its content."""

    __tablename__ = "report_file"

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    format: Mapped[Word] = mapped_column(primary_key=True)
    """`pdf` or `csv`."""
    size: Mapped[int]
    sha256: Mapped[Name]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class ReportSubscription(Base):
    """Somebody wants the reports of a kind by email."""

    __tablename__ = "report_subscription"
    __table_args__ = (UniqueConstraint("user_id", "kind"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    kind: Mapped[Word]
    created_at: Mapped[datetime]


class ReportRecipient(Base):
    """Whom a report was written to: once, whatever becomes of the letter and of the address."""

    __tablename__ = "report_recipient"

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]
