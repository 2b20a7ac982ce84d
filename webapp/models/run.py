"""Schedules, runs and the processes that carry them out."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, Key, Name, Word

_FAILED = text("status IN ('failed', 'lost') AND dismissed_at IS NULL")
_UNFINISHED = text("status IN ('queued', 'running')")
_RUNNING = text("status = 'running' AND NOT dry_run")


class Schedule(Base):
    """A periodic job and when it is planned. `next_slot` is the next planned instant that has no run yet.

    `since` is when its present plan began. `changed_at` is set once an admin changed it: the code's defaults stay out.
    """

    __tablename__ = "schedule"

    job: Mapped[Word] = mapped_column(primary_key=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    cron: Mapped[Name]
    zone: Mapped[Name]
    grace_seconds: Mapped[int]
    max_duration_seconds: Mapped[int]
    long_run_seconds: Mapped[int]
    failed_items_percent: Mapped[int]
    catch_up: Mapped[Word]
    moves_money: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    next_slot: Mapped[datetime | None]
    since: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[Name | None]
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[Name | None]
    pause_reason: Mapped[str | None]
    paused_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Run(Base):
    """One execution of a job. `missed_to` is the last slot of a stretch that is recorded as missed."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        Index("ix_run_job", "job", "id"),
        Index("ix_run_job_status", "job", "status", "id"),
        Index("uq_run_running", "job", unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING),
        Index("ix_run_at", "at", postgresql_using="brin"),
        Index("ix_run_failed", "id", postgresql_where=_FAILED, sqlite_where=_FAILED),
        Index("ix_run_unfinished", "status", "id", postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED),
    )

    id: Mapped[Key]
    job: Mapped[Word]
    slot: Mapped[datetime | None]
    missed_to: Mapped[datetime | None]
    at: Mapped[datetime]
    trigger: Mapped[Word]
    by: Mapped[Word]
    by_name: Mapped[Name]
    dry_run: Mapped[bool] = mapped_column(default=False)
    status: Mapped[Word]
    attempt: Mapped[int] = mapped_column(default=1)
    enqueued_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    cursor: Mapped[dict[str, Any] | None] = mapped_column(Json)
    parameters: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What somebody wants of this very run, for a job that can be asked for something."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    processed: Mapped[int] = mapped_column(default=0)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    amounts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    other_amounts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What came back while it ran, and what of its amounts met debts, by name and currency."""
    parties: Mapped[int | None]
    """How many different parties a dry run would pay, or take from; `batch_result.MOST_PARTIES` + 1 stands for more."""
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    dismissed_at: Mapped[datetime | None]
    """When somebody took it off the list of failed runs."""


class JobTotal(Base):
    """What all runs of a job that have ended did together: one row per thing counted. It outlives the runs."""

    __tablename__ = "job_total"

    job: Mapped[Word] = mapped_column(primary_key=True)
    what: Mapped[Word] = mapped_column(primary_key=True)
    label: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[int]


class RunItem(Base):
    """An exception of a run: an item that failed or was skipped, and why."""

    __tablename__ = "run_item"
    __table_args__ = (
        UniqueConstraint("run_id", "subject_kind", "subject_id"),
        Index("ix_run_item_subject", "subject_kind", "subject_id", "id"),
    )

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    subject_kind: Mapped[Word]
    subject_id: Mapped[int]
    outcome: Mapped[Word]
    message: Mapped[str]


class RunLine(Base):
    """A structured log line of a run, shown on its page."""

    __tablename__ = "run_line"
    __table_args__ = (Index("ix_run_line_run_id", "run_id", "id"),)

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    at: Mapped[datetime]
    level: Mapped[Word]
    event: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Process(Base):
    """A worker, scheduler or web process that is alive, by its own word."""

    __tablename__ = "process"

    name: Mapped[Name] = mapped_column(primary_key=True)
    kind: Mapped[Word]
    host: Mapped[Name]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime] = mapped_column(index=True)
    skew_ms: Mapped[int] = mapped_column(default=0, server_default="0")
    """How far its machine's clock is ahead of the database's."""
    run_id: Mapped[int | None]


class Alert(Base):
    """A rule that fired about one subject."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_unresolved",
            "rule",
            "subject",
            unique=True,
            postgresql_where=text("status <> 'resolved'"),
            sqlite_where=text("status <> 'resolved'"),
        ),
        Index("ix_alert_status", "status", "id"),
        Index("ix_alert_subject", "subject", "id"),
        Index("ix_alert_fired_at", "fired_at"),
    )

    id: Mapped[Key]
    rule: Mapped[Word]
    subject: Mapped[Name]
    severity: Mapped[Word]
    status: Mapped[Word]
    sentence: Mapped[str]
    fired_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[Name | None]
    silenced_until: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[Name | None]
    """Who said that it is over; nobody when it ended by itself."""
    resolution_reason: Mapped[str | None]
    causes: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    """What it has fired for, the newest first: another cause fires it again."""
    times: Mapped[int] = mapped_column(default=1, server_default="1")
    """How often it has fired without being over in between."""
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
