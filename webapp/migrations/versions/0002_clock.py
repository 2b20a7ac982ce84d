"""Schedules, runs, the processes that carry them out, and alerts."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _schedule()
    _run()
    _run_item()
    _run_line()
    _process()
    _alert()


def _schedule() -> None:
    op.create_table(
        "schedule",
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        sa.Column("cron", sa.String(200), nullable=False),
        sa.Column("zone", sa.String(200), nullable=False),
        sa.Column("grace_seconds", BIG, nullable=False),
        sa.Column("max_duration_seconds", BIG, nullable=False),
        sa.Column("long_run_seconds", BIG, nullable=False),
        sa.Column("failed_items_percent", BIG, nullable=False),
        sa.Column("catch_up", sa.String(40), nullable=False),
        sa.Column("next_slot", INSTANT, nullable=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("changed_by", sa.String(200), nullable=True),
        sa.Column("paused_at", INSTANT, nullable=True),
        sa.Column("paused_by", sa.String(200), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_schedule"),
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", BIG, nullable=False),
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("slot", INSTANT, nullable=True),
        sa.Column("missed_to", INSTANT, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("trigger", sa.String(40), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempt", BIG, nullable=False),
        sa.Column("enqueued_at", INSTANT, nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("processed", BIG, nullable=False),
        sa.Column("succeeded", BIG, nullable=False),
        sa.Column("failed", BIG, nullable=False),
        sa.Column("skipped", BIG, nullable=False),
        sa.Column("total", BIG, nullable=True),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.ForeignKeyConstraint(["parent_id"], ["run.id"], name="fk_run_parent_id"),
        sa.UniqueConstraint("job", "slot", name="uq_run_job_slot"),
    )
    index("ix_run_job", "run", ["job", "id"])
    index("ix_run_job_status", "run", ["job", "status", "id"])
    index("ix_run_unfinished", "run", ["status", "id"], where="status IN ('queued', 'running')")
    index("uq_run_running", "run", ["job"], unique=True, where="status = 'running' AND NOT dry_run")


def _run_item() -> None:
    op.create_table(
        "run_item",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_item"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_item_run_id"),
        sa.UniqueConstraint("run_id", "subject_kind", "subject_id", name="uq_run_item_run_id_subject_kind_subject_id"),
    )
    index("ix_run_item_subject", "run_item", ["subject_kind", "subject_id", "id"])


def _run_line() -> None:
    op.create_table(
        "run_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_line"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_line_run_id"),
    )
    index("ix_run_line_run_id", "run_line", ["run_id", "id"])


def _process() -> None:
    op.create_table(
        "process",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", BIG, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("heartbeat_at", INSTANT, nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_process"),
    )
    index("ix_process_heartbeat_at", "process", ["heartbeat_at"])


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", BIG, nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("severity", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fired_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.String(200), nullable=True),
        sa.Column("silenced_until", INSTANT, nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    index("ix_alert_status", "alert", ["status", "id"])
    index("uq_alert_unresolved", "alert", ["rule", "subject"], unique=True, where="status <> 'resolved'")
