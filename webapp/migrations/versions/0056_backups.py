"""Backups: what was saved when, how long it took, and whether it was proven."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.create_table(
        "backup",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("size", BIG, nullable=True),
        sa.Column("sha256", sa.String(200), nullable=True),
        sa.Column("revision", sa.String(40), nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("evidence_files", BIG, nullable=False, server_default="0"),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("proof", sa.String(40), nullable=True),
        sa.Column("proof_at", INSTANT, nullable=True),
        sa.Column("proof_reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_backup"),
        sa.UniqueConstraint("run_id", name="uq_backup_run_id"),
    )
    index("ix_backup_status", "backup", ["status", "id"])
